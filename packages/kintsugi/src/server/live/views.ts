/**
 * What the page shows, and how it hears of changes: one snapshot, then deltas.
 *
 * A stream of `/api/v1/live` begins with the event `snapshot`, whose data is a {@link LiveSnapshot}, and
 * goes on with events `delta`, whose data is a {@link LiveDelta}. The id of each is that of the newest
 * fact that was told: sent back as `Last-Event-ID`, it makes the next snapshot begin where the last
 * stream broke off, so that no fact is missing and none comes twice.
 */

import type { IncidentView, TrustView } from "../../heal/index.ts";
import type { Series } from "../../observe/index.ts";
import type { Fact, StoreState } from "../../store/index.ts";
import type { ComponentView, Health } from "../../supervise/index.ts";
import type { RunStatus, RunView, StepView } from "../../workflow/index.ts";
import type { CallView, ReadinessView } from "../runtime-port.ts";

/** The program as a whole. */
export interface LiveProgram {
  readonly name: string;
  readonly version: string;
  /** Names the data folder: 12 hexadecimal digits. */
  readonly instance: string;
  readonly pid: number;
  readonly startedAtMs: number;
  readonly health: Health;
  readonly readiness: ReadinessView;
  readonly store: StoreState;
  /** Null while none watches. */
  readonly watchdog: { readonly pid: number } | null;
  readonly runs: Readonly<Record<RunStatus, number>>;
  readonly healing: HealingTotals;
}

/** Incidents of the last 24 hours, as the numbers on top of the page say them. */
export interface HealingTotals {
  readonly opened: number;
  /** Resolved without a person. */
  readonly healed: number;
  readonly escalated: number;
  /** Median time from opened to resolved; null where nothing was resolved. */
  readonly medianMs: number | null;
}

export interface LiveIncident extends IncidentView {
  /** What the journal holds of the newest playbook's run, in order. */
  readonly steps: readonly StepView[];
}

export interface LiveRun extends RunView {
  /** The newest recorded steps, oldest first; at most {@link MOST_MARKS}. `stepsRecorded` counts all. */
  readonly marks: readonly StepView[];
}

/** Steps that a run shows as marks. */
export const MOST_MARKS = 40;

/** The sections of the page that are lists, each with rows that have a key. */
export interface LiveRows {
  /** By name. */
  readonly components: readonly ComponentView[];
  /** By id: those that are open, and the newest of the others; newest first. */
  readonly incidents: readonly LiveIncident[];
  /** By id: dead ones and running ones before the newest of the others. */
  readonly runs: readonly LiveRun[];
  /** By name. */
  readonly calls: readonly CallView[];
  /** By component. */
  readonly trust: readonly TrustView[];
}

export type LiveSection = keyof LiveRows;

export interface LiveSnapshot extends LiveRows {
  /** Form of these messages; a page that knows another one reloads itself. */
  readonly v: 1;
  /** The server's clock: ages are counted from it, not from the page's. Epoch milliseconds. */
  readonly atMs: number;
  readonly program: LiveProgram;
  readonly series: Series;
  /** With `Last-Event-ID`, all facts after it, oldest first; else the newest. */
  readonly facts: readonly Fact[];
  /** True when facts after `Last-Event-ID` are not among these: too many, dropped, or another log. */
  readonly isGap: boolean;
}

/** What has changed since the message before; what is absent has not. */
export interface LiveDelta {
  readonly atMs: number;
  readonly program?: LiveProgram;
  /** Values from `startMs` on take the place of those that the page has for these seconds. */
  readonly series?: Series;
  /** Facts since the message before, oldest first. */
  readonly facts?: readonly Fact[];
  readonly rows?: { readonly [Section in LiveSection]?: RowChanges<LiveRows[Section][number]> };
  /** The program ends on purpose, and nothing comes after this; who crashes says nothing. */
  readonly isStopping?: true;
}

export interface RowChanges<Row> {
  /** New and changed rows. */
  readonly put?: readonly Row[];
  /** Keys of rows that are no longer shown. */
  readonly gone?: readonly string[];
  /** All keys in their order, where the order is another one than before. */
  readonly order?: readonly string[];
}

/** The key of a row in its section. */
export const rowKeys: {
  readonly [Section in LiveSection]: (row: LiveRows[Section][number]) => string;
} = {
  components: ({ name }) => name,
  incidents: ({ id }) => id,
  runs: ({ id }) => id,
  calls: ({ name }) => name,
  trust: ({ component }) => component,
};
