/** What handles ask of the engine about one run: its result, its status, signals and its end. */

import { type Clock, orAborted } from "@kintsugi/policy/base";

import { ConflictError, insert, remove, type Store } from "../../store/index.ts";
import { encode } from "../codec.ts";
import { RunStatusError, SignalsFullError } from "../errors.ts";
import type { RunStatus } from "../run-types.ts";
import { type RunRow, runs, type SignalRow, signals } from "../tables.ts";
import { cancelChanges, cancelled } from "./dormant.ts";
import type { RunDesk } from "./handle.ts";
import { SIGNALS_PER_LIFE } from "./lives.ts";
import type { Results } from "./results.ts";
import type { RunPool } from "./run-pool.ts";
import type { RunRows } from "./run-rows.ts";

export interface DeskOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly pool: RunPool;
  readonly rows: RunRows;
  readonly results: Results;
}

/** Signals that one run keeps until it asks for them. */
const MAX_SIGNALS = 1_000;

const CHILDREN_PAGE = 256;

export class Desk implements RunDesk {
  readonly #options: DeskOptions;
  #signalsSent = 0;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  async resultOf(runId: string, signal: AbortSignal | undefined): Promise<unknown> {
    const { pool, rows, results } = this.#options;
    // Asked for before the row is read: the run may end in between.
    const result = results.of(runId);
    if (!pool.find(runId)) {
      const row = await rows.get(runId);
      if (row.status === "running") pool.mustBeOpen();
      results.tell(row);
    }
    return signal ? orAborted(result, signal) : result;
  }

  async statusOf(runId: string): Promise<RunStatus> {
    const { rows } = this.#options;
    return (await rows.view(await rows.get(runId))).status;
  }

  async send(runId: string, name: string, payload: unknown): Promise<void> {
    const { pool, rows } = this.#options;
    const life = pool.mustBeOpen();
    const text = encode(payload, "payload");
    await this.#mustTakeSignals(runId);
    this.#signalsSent += 1;
    const seq = life * SIGNALS_PER_LIFE + this.#signalsSent;
    const letter = { runId, seq, name, payload: text };
    await rows.commit([insert(signals, letter)]);
    const run = pool.find(runId);
    if (run && !run.isOver) run.waits.deliver(letter);
    else await this.#wakeFor(letter);
  }

  async cancel(runId: string): Promise<void> {
    const { pool, rows } = this.#options;
    pool.mustBeOpen();
    const live = pool.find(runId);
    if (live) {
      await live.cancel();
      if (live.endRow?.status !== "cancelled") return;
    } else {
      const row = await rows.get(runId);
      if (row.status !== "running") return;
      if (!(await this.#cancelRow(row))) return this.cancel(runId);
    }
    await this.#cancelChildrenOf(runId);
  }

  /** False when the run has moved on since its row was read. */
  async #cancelRow(row: RunRow): Promise<boolean> {
    const { clock, rows, results } = this.#options;
    const atMs = clock.epochMs();
    try {
      await rows.commit(cancelChanges(row, atMs));
    } catch (error) {
      if (error instanceof ConflictError) return false;
      throw error;
    }
    results.tell(cancelled(row, atMs));
    return true;
  }

  async #cancelChildrenOf(parentId: string): Promise<void> {
    const where = { parentId, status: "running" } as const;
    let after: RunRow | undefined;
    do {
      const page: readonly RunRow[] = await this.#options.store.list(runs, {
        where,
        limit: CHILDREN_PAGE,
        ...(after && { after }),
      });
      await Promise.all(page.map(({ id }) => this.cancel(id)));
      after = page.length === CHILDREN_PAGE ? page.at(-1) : undefined;
    } while (after);
  }

  async #mustTakeSignals(runId: string): Promise<void> {
    const { pool, rows, store } = this.#options;
    const run = pool.find(runId);
    const { status } = run?.view() ?? (await rows.get(runId));
    if (status !== "running") throw new RunStatusError(runId, status, "take signals");
    const kept = run ? run.waits.mail.size : await store.count(signals, { runId });
    if (kept >= MAX_SIGNALS) throw new SignalsFullError(runId, kept);
  }

  /** The run is not in memory: it is taken in again, unless it has ended in the meantime. */
  async #wakeFor(letter: SignalRow): Promise<void> {
    const { pool, rows } = this.#options;
    const { runId, seq } = letter;
    const row = await rows.get(runId);
    const mayWake = row.phase === "waiting" && row.boot > 0; // Else it was put off: its time comes.
    if (mayWake && !(await pool.wake([row]))) return this.#wakeFor(letter);
    if (row.phase !== "ended") return;
    await rows.commit([remove(signals, runId, seq)]);
    throw new RunStatusError(runId, row.status, "take signals");
  }
}
