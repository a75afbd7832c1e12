import type { Table } from "../../store/index.ts";

/** How far a schedule has been seen to. */
export interface ScheduleRow {
  readonly name: string;
  /** The pattern and the time zone that it was seen to by: another pattern begins anew. */
  readonly pattern: string;
  /** Epoch milliseconds. */
  readonly seenToMs: number;
}

export const schedules: Table<ScheduleRow> = {
  name: "schedules",
  version: 1,
  columns: {
    name: { type: "text" },
    pattern: { type: "text" },
    seenToMs: { type: "integer" },
  },
  key: ["name"],
};
