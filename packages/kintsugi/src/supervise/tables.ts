/** What the supervisor stores, so that a later one knows whom to adopt and how patient to be. */

import type { ProcessIdentity } from "../host/index.ts";
import type { AnyTable, Table } from "../store/index.ts";
import type { StoredRestart } from "./restart/restart-state.ts";
import type { ComponentKind, ComponentPhase, ExitView, Health } from "./types.ts";

/** One component, over all its lives and all runtimes. */
export interface ComponentRow {
  readonly name: string;
  readonly kind: ComponentKind;
  readonly phase: ComponentPhase;
  /** Written before the life begins: whoever finds a process with this number knows it for the newest. */
  readonly incarnation: number;
  /** Written after it began; null while there is none, and for kernels. */
  readonly identity: ProcessIdentity | null;
  /** Hash of the spec that the life was started by: another spec means another life. */
  readonly fingerprint: string;
  readonly restart: StoredRestart;
  readonly restarts: number;
  readonly health: Health;
  readonly lastExit: ExitView | null;
  readonly startedAtMs: number | null;
}

export const componentTable: Table<ComponentRow> = {
  name: "components",
  version: 1,
  key: ["name"],
  columns: {
    name: { type: "text" },
    kind: { type: "text" },
    phase: { type: "text" },
    incarnation: { type: "integer" },
    identity: { type: "json" },
    fingerprint: { type: "text" },
    restart: { type: "json" },
    restarts: { type: "integer" },
    health: { type: "json" },
    lastExit: { type: "json" },
    startedAtMs: { type: "integer" },
  },
};

/** All tables of this room, for whoever opens the store. */
export const tables: readonly AnyTable[] = [componentTable as unknown as AnyTable];
