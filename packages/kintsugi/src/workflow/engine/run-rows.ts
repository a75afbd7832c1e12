/** The rows of runs as the engine has them: those in memory are ahead of the store. */

import type { Change, Store } from "../../store/index.ts";
import { RunUnknownError } from "../errors.ts";
import type { RunView } from "../run-types.ts";
import { type RunRow, runs, steps } from "../tables.ts";
import type { RunPool } from "./run-pool.ts";
import { viewOf } from "./views.ts";

export class RunRows {
  readonly #store: Store;
  readonly #pool: RunPool;

  constructor(store: Store, pool: RunPool) {
    this.#store = store;
    this.#pool = pool;
  }

  /** Undefined when there is no such run. */
  async find(runId: string): Promise<RunRow | undefined> {
    const live = this.#pool.find(runId);
    return live ? (live.endRow ?? live.row) : this.#store.get(runs, runId);
  }

  /** @throws {@link RunUnknownError} when there is no such run. */
  async get(runId: string): Promise<RunRow> {
    const row = await this.find(runId);
    if (row) return row;
    throw new RunUnknownError(runId);
  }

  async view(row: RunRow): Promise<RunView> {
    const live = this.#pool.find(row.id);
    if (live) return live.view();
    if (row.phase === "ended" || row.phase === "waiting") return viewOf(row);
    return viewOf({ ...row, stepsRecorded: await this.#store.count(steps, { runId: row.id }) });
  }

  /** As the store's, but the runs hear as well of a store that is lost. */
  async commit(changes: readonly Change[]): Promise<void> {
    try {
      await this.#store.commit(changes);
    } catch (error) {
      this.#pool.isLost(error); // Whoever called hears of it; the runs must hear of it as well.
      throw error;
    }
  }
}
