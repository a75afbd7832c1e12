/** What healing stores: incidents, open and past, and trust. */

import type { AnyTable, Table } from "../store/index.ts";
import type { Incident } from "./incident-state.ts";

export interface IncidentRow extends Incident {
  /** Grows with each change: who writes says which one it read. */
  readonly revision: number;
  /** A person is to be told, was told, or need not be. */
  readonly alert: "none" | "due" | "given";
  /** The newest fact that it took in; 0 when it came from measures. After a crash one goes on there. */
  readonly factId: number;
  /** Events of other processes that it took in, by their ids: none counts twice. */
  readonly sources: readonly string[];
}

interface TrustRow {
  /** A component, a playbook as `playbook:<name>`, or `self_healing` for the healer as a whole. */
  readonly subject: string;
  readonly successes: number;
  readonly failures: number;
  readonly observations: number;
}

export const incidentTable: Table<IncidentRow> = {
  name: "incidents",
  version: 1,
  key: ["id"],
  columns: {
    id: { type: "text" },
    key: { type: "text" },
    component: { type: "text" },
    class: { type: "text" },
    severity: { type: "text" },
    status: { type: "text" },
    statusAtMs: { type: "integer" },
    summary: { type: "text" },
    trigger: { type: "text" },
    playbook: { type: "text" },
    occurrences: { type: "integer" },
    lastAtMs: { type: "integer" },
    openedAtMs: { type: "integer" },
    endedAtMs: { type: "integer" },
    why: { type: "text" },
    attempts: { type: "integer" },
    actions: { type: "json" },
    revision: { type: "integer" },
    alert: { type: "text" },
    factId: { type: "integer" },
    sources: { type: "json" },
  },
  indexes: [
    ["openedAtMs", "id"],
    ["status", "openedAtMs"],
    ["key", "openedAtMs"],
    ["factId", "id"],
  ],
};

export const trustTable: Table<TrustRow> = {
  name: "trust",
  version: 1,
  key: ["subject"],
  columns: {
    subject: { type: "text" },
    successes: { type: "real" },
    failures: { type: "real" },
    observations: { type: "integer" },
  },
};

/** All tables of this room, for whoever opens the store. */
export const tables: readonly AnyTable[] = [
  incidentTable as unknown as AnyTable,
  trustTable as unknown as AnyTable,
];
