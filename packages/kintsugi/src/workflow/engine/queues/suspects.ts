/**
 * Runs whose code was running when earlier lives crashed. They are let in one after another, fewest crashes
 * first: each is on trial until it has recorded a step, waits, or has ended; until then no other starts.
 */

import { isOnTrial, type RunState } from "../../run-state.ts";
import { type RunRow, runs } from "../../tables.ts";
import type { AdmissionOptions } from "./admission-options.ts";
import { LANE_PAGE } from "./lane.ts";

export class Suspects {
  readonly #options: AdmissionOptions;
  #ahead: RunRow[] = [];
  #isStale = false;
  #hasMore = false;
  #onTrial: string | undefined;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** The table may hold suspects that were not there when it was last read. */
  grown(): void {
    this.#isStale = true;
  }

  /** Whether one may be waiting whose turn it is. */
  get mayHaveOne(): boolean {
    return this.#onTrial === undefined && (this.isUnread || this.#ahead.length > 0);
  }

  /** The table has to be read before one is taken. */
  get isUnread(): boolean {
    return this.#isStale || (this.#ahead.length === 0 && this.#hasMore);
  }

  /** The one whose turn it is, if `enter` lets it in. */
  take(enter: (row: RunRow) => boolean): RunRow | undefined {
    const [first] = this.#ahead;
    if (this.#onTrial !== undefined || !first || !enter(first)) return undefined;
    this.#ahead.shift();
    this.#onTrial = first.id;
    return first;
  }

  async read(): Promise<void> {
    this.#isStale = false;
    const { store, workflows, isUrgent, isLive } = this.#options;
    const rows = await store.list(runs, {
      where: { phase: "suspect", workflow: workflows().filter((name) => !isUrgent(name)) },
      orderBy: "position",
      limit: LANE_PAGE,
    });
    this.#ahead = rows.filter(({ id }) => !isLive(id));
    this.#hasMore = rows.length === LANE_PAGE;
  }

  moved(runId: string, state: RunState): void {
    if (this.#onTrial === runId && !isOnTrial(state)) this.#onTrial = undefined;
  }
}
