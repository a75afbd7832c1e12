/** The events of runs, for those who follow them: from the store, as it grows. */

import { orAborted } from "@kintsugi/policy/base";

import type { Store } from "../../store/index.ts";
import { RunUnknownError } from "../errors.ts";
import type { EventsOptions, RunEvent } from "../run-types.ts";
import { type RunEventRow, runEvents, runs } from "../tables.ts";
import { decode } from "../value/codec.ts";

/** Events that are read in one go. */
const PAGE = 256;

export class EventFeed {
  readonly #store: Store;
  /** For each run that somebody follows, what resolves when there may be more. */
  readonly #news = new Map<string, PromiseWithResolvers<void>>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** There may be more of this run: an event is durable, or its end. */
  tell(runId: string): void {
    this.#news.get(runId)?.resolve();
    this.#news.delete(runId);
  }

  /** Tells all that nothing more will come in this life. */
  fail(error: unknown): void {
    for (const { reject } of this.#news.values()) reject(error);
    this.#news.clear();
  }

  /** @throws {@link RunUnknownError} when there is no such run. */
  async *of(runId: string, { after = 0, signal }: EventsOptions): AsyncGenerator<RunEvent> {
    let last = after;
    for (;;) {
      signal?.throwIfAborted();
      // Asked for before anything is read: what is durable later is told.
      const news = this.#newsOf(runId);
      const run = await this.#store.get(runs, runId);
      if (!run) throw new RunUnknownError(runId);
      const page = await this.#page(runId, last);
      for (const { id, type, payload, atMs } of page) {
        last = id;
        yield { id, type, payload: decode(payload), atMs };
        signal?.throwIfAborted();
      }
      if (page.length === PAGE) continue;
      if (run.status !== "running") return;
      await (signal ? orAborted(news, signal) : news);
    }
  }

  #newsOf(runId: string): Promise<void> {
    let news = this.#news.get(runId);
    if (!news) {
      news = Promise.withResolvers();
      news.promise.catch(() => {}); // Whoever followed the run may have gone.
      this.#news.set(runId, news);
    }
    return news.promise;
  }

  #page(runId: string, last: number): Promise<readonly RunEventRow[]> {
    const after = { runId, id: last, type: "", payload: "", atMs: 0 };
    return this.#store.list(runEvents, { where: { runId }, limit: PAGE, after });
  }
}
