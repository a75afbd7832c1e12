/** What handles ask of the engine about one run: its result, its status, signals and its end. */

import { type Clock, orAborted } from "@kintsugi/policy/base";

import { ConflictError, insert, remove, type Store } from "../../store/index.ts";
import { RunStatusError, SignalsFullError } from "../errors.ts";
import type { EventsOptions, RunEvent, RunStatus } from "../run-types.ts";
import { type RunRow, runs, type SignalRow, signals, steps } from "../tables.ts";
import { encode } from "../value/codec.ts";
import { markChanges, stopChanges, stopped } from "./dormant.ts";
import { cancelledEnding, type Ending } from "./ending.ts";
import type { EventFeed } from "./event-feed.ts";
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
  readonly events: EventFeed;
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

  eventsOf(runId: string, options: EventsOptions): AsyncIterable<RunEvent> {
    return this.#options.events.of(runId, options);
  }

  async statusOf(runId: string): Promise<RunStatus> {
    const { rows } = this.#options;
    return (await rows.view(await rows.get(runId))).status;
  }

  async send(runId: string, name: string, payload: unknown): Promise<void> {
    const { pool, rows } = this.#options;
    const life = pool.mustBeOpen();
    const text = encode(payload, "payload", `signal "${name}" to run "${runId}"`);
    await this.#mustTakeSignals(runId);
    this.#signalsSent += 1;
    const seq = life * SIGNALS_PER_LIFE + this.#signalsSent;
    // As the store gives it back, and as the wait is called.
    const letter = { runId, seq, name: name.toWellFormed(), payload: text };
    await rows.commit([insert(signals, letter)]);
    const run = pool.find(runId);
    if (run && !run.isOver) run.waits.deliver(letter);
    else await this.#wakeFor(letter);
  }

  async cancel(runId: string): Promise<void> {
    this.#options.pool.mustBeOpen();
    if (await this.stop(runId, () => cancelledEnding)) await this.#cancelChildrenOf(runId);
  }

  /** Ends a run that is not over, wherever it is. False when it has come to another end. */
  async stop(runId: string, endingFor: (row: RunRow) => Ending): Promise<boolean> {
    const { pool, rows } = this.#options;
    const live = pool.find(runId);
    if (live) {
      const ending = endingFor(live.row);
      await live.stop(ending);
      return live.endRow === undefined || live.endRow.status !== "completed";
    }
    const row = await rows.get(runId);
    if (row.status !== "running") return row.status === "cancelled"; // Its children may be left.
    if (row.ending !== null) return true;
    return (await this.#stopRow(row, endingFor(row))) || this.stop(runId, endingFor);
  }

  /** False when the run has moved on since its row was read. */
  async #stopRow(row: RunRow, ending: Ending): Promise<boolean> {
    const { clock, pool, rows, results, store } = this.#options;
    const atMs = clock.epochMs();
    const hasUndo = (await store.count(steps, { runId: row.id, undoable: 1 })) > 0;
    try {
      await rows.commit(hasUndo ? markChanges(row, ending) : stopChanges(row, ending, atMs));
    } catch (error) {
      if (error instanceof ConflictError) return false;
      throw error;
    }
    if (hasUndo) pool.queued(row.workflow);
    else results.tell(stopped(row, ending, atMs));
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
