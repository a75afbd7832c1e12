/**
 * One queue: its rows that are read ahead, the places of those that run, and its limits. Which rows may go is
 * its answer; that they go, and that the disk knows of it, is the admission's business.
 */

import type { Clock } from "@kintsugi/policy/base";

import { type Change, insert, remove } from "../../../store/index.ts";
import { type QueueStartRow, queueStarts, type RunRow } from "../../tables.ts";
import type { QueueLimits } from "./queue-options.ts";
import { StartWindow } from "./start-window.ts";

export interface LaneOptions {
  readonly name: string;
  readonly limits: QueueLimits;
  readonly clock: Clock;
  /** Its last starts, the oldest first. */
  readonly starts: readonly QueueStartRow[];
}

/** Rows of a queue, as many as are read in one go. */
export const LANE_PAGE = 256;

export class Lane {
  readonly name: string;
  readonly #clock: Clock;
  readonly #concurrency: number;
  readonly #window: StartWindow | undefined;
  readonly #limit: number;
  #nextStart: number;
  #ahead: RunRow[] = [];
  #isStale = false;
  #hasMore = false;
  /** Runs whose code may run. Kept only where their number is limited. */
  readonly #places = new Set<string>();
  /** Runs in memory that have waked and need a place again. */
  readonly #woken = new Map<string, PromiseWithResolvers<void>>();

  constructor({ name, limits, clock, starts }: LaneOptions) {
    this.name = name;
    this.#clock = clock;
    this.#concurrency = limits.concurrency;
    this.#limit = limits.starts?.limit ?? 0;
    this.#window =
      limits.starts &&
      new StartWindow(
        limits.starts.limit,
        limits.starts.periodMs,
        starts.map(({ atMs }) => atMs),
      );
    this.#nextStart = (starts.at(-1)?.seq ?? 0) + 1;
  }

  /** Whether somebody may stand in the queue. */
  get hasQueue(): boolean {
    return this.#isStale || this.#hasMore || this.#ahead.length > 0;
  }

  /** The table has to be read before anybody is taken. */
  get isUnread(): boolean {
    return this.#isStale || (this.#ahead.length === 0 && this.#hasMore);
  }

  /** The table may hold rows that were not there when it was last read. */
  grown(): void {
    this.#isStale = true;
  }

  /** To be called before the table is read: what comes while it is read makes it stale again. */
  reading(): void {
    this.#isStale = false;
  }

  /** Takes in a page that was read. */
  read(rows: readonly RunRow[], isLive: (runId: string) => boolean): void {
    this.#ahead = rows.filter(({ id }) => !isLive(id));
    this.#hasMore = rows.length === LANE_PAGE;
  }

  /** Takes those at the front that may run now; each has its place with that. */
  take(most: number): readonly RunRow[] {
    let count = 0;
    for (const row of this.#ahead) {
      if (count >= most || !this.tryEnter(row)) break;
      count += 1;
    }
    return this.#ahead.splice(0, count);
  }

  /** True when the run may begin, or go on, at once; then it has its place. */
  tryEnter({ id, boot }: Pick<RunRow, "id" | "boot">): boolean {
    const nowMs = this.#clock.epochMs();
    if (this.#isFull || (boot === 0 && this.#nextStartMs(nowMs) > nowMs)) return false;
    if (boot === 0) this.#window?.add(nowMs);
    this.#occupy(id);
    return true;
  }

  /** What tells the next process of a first start. Empty where starts are not limited. */
  startChanges(atMs: number): readonly Change[] {
    if (!this.#window) return [];
    const seq = this.#nextStart;
    this.#nextStart += 1;
    const start = insert(queueStarts, { queue: this.name, seq, atMs });
    return [start, remove(queueStarts, this.name, seq - this.#limit)];
  }

  /** When its first row may begin, where nothing but the limit of starts holds it back. */
  opensAtMs(): number | undefined {
    if (!this.#window || this.#ahead.length === 0 || this.#isFull) return undefined;
    const nowMs = this.#clock.epochMs();
    const opensAtMs = this.#nextStartMs(nowMs);
    return opensAtMs > nowMs ? opensAtMs : undefined;
  }

  /** For a run in memory whose code goes on: undefined when it has its place, else to be awaited. */
  turnOf(runId: string): Promise<void> | undefined {
    if (this.#concurrency === Infinity || this.#places.has(runId)) return undefined;
    if (!this.#isFull) {
      this.#occupy(runId);
      return undefined;
    }
    const turn = this.#woken.get(runId) ?? Promise.withResolvers<void>();
    this.#woken.set(runId, turn);
    return turn.promise;
  }

  /** The run only waits, has ended, or is in memory no more. Who has waked goes before who is queued. */
  release(runId: string): void {
    this.#woken.get(runId)?.resolve(); // It finds that its run is over.
    this.#woken.delete(runId);
    if (!this.#places.delete(runId)) return;
    for (const [next, { resolve }] of this.#woken) {
      this.#woken.delete(next);
      this.#occupy(next);
      resolve();
      return;
    }
  }

  /** Lets go of all that wait: they find that their runs are over. */
  close(): void {
    for (const { resolve } of this.#woken.values()) resolve();
    this.#woken.clear();
  }

  get #isFull(): boolean {
    return this.#places.size >= this.#concurrency;
  }

  #nextStartMs(nowMs: number): number {
    return this.#window?.nextAtMs(nowMs) ?? nowMs;
  }

  #occupy(runId: string): void {
    if (this.#concurrency !== Infinity) this.#places.add(runId);
  }
}
