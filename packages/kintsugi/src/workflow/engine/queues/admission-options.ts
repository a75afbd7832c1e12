/** What all ways in are told: those of the queues, that of suspects, and that of urgent runs. */

import type { Clock } from "@kintsugi/policy/base";

import type { Store } from "../../../store/index.ts";
import type { RunRow } from "../../tables.ts";
import type { QueueLimits } from "./queue-options.ts";

export interface AdmissionOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Runs whose code may run at the same time; those that wait are not counted. */
  readonly maxLive: number;
  readonly queues: ReadonlyMap<string, QueueLimits>;
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
