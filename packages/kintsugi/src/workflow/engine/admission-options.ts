/** What both ways in are told: the one for all runs, and the one for urgent runs. */

import type { Store } from "../../store/index.ts";
import type { RunRow } from "../tables.ts";

export interface AdmissionOptions {
  readonly store: Store;
  /** Runs whose code may run at the same time; those that wait are not counted. */
  readonly maxLive: number;
  /** Names of the workflows whose code is known. */
  readonly workflows: () => readonly string[];
  readonly isUrgent: (workflow: string) => boolean;
  /** True while no run may be let in but urgent ones. */
  readonly isHeld: () => boolean;
  readonly isLive: (runId: string) => boolean;
  /** Lets these run. Resolves when the disk knows of it. */
  readonly begin: (rows: readonly RunRow[]) => Promise<void>;
  readonly failed: (error: unknown) => void;
}
