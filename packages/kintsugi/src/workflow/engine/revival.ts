/** The ways back to life of runs that have ended. */

import type { Clock } from "@kintsugi/policy/base";

import { ConflictError, type Store } from "../../store/index.ts";
import { RunStatusError } from "../errors.ts";
import { runs, steps } from "../tables.ts";
import { replayChanges } from "./dormant.ts";
import type { RunPool } from "./run-pool.ts";
import type { RunRows } from "./run-rows.ts";

export interface RevivalOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly pool: RunPool;
  readonly rows: RunRows;
}

export class Revival {
  readonly #options: RevivalOptions;

  constructor(options: RevivalOptions) {
    this.#options = options;
  }

  /** A dead run again: recorded steps stay, those that it died of, and children that died, are done again. */
  async replay(id: string): Promise<void> {
    const { store, clock, pool, rows } = this.#options;
    pool.mustBeOpen();
    const row = await rows.get(id);
    if (row.status !== "dead") throw new RunStatusError(id, row.status, "be replayed");
    for (const seq of row.culprits ?? []) {
      const childId = (await store.get(steps, id, seq))?.childId;
      const child = childId && (await store.get(runs, childId));
      if (child && child.status === "dead") await this.replay(child.id);
    }
    try {
      await rows.commit(replayChanges(row, clock.epochMs()));
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      throw new RunStatusError(id, "running", "be replayed");
    }
    pool.queued(row.workflow);
  }
}
