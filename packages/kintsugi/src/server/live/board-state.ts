/**
 * The board that all clients of the live feed look at, as data: what is shown, each row with the version
 * at which it last changed. A client is a version: what is newer than it has not been told.
 */

import type { Series } from "../../observe/index.ts";
import type { Fact } from "../../store/index.ts";
import {
  type LiveDelta,
  type LiveProgram,
  type LiveRows,
  type LiveSection,
  type LiveSnapshot,
  type RowChanges,
  rowKeys,
} from "./views.ts";

export interface BoardState {
  /** Grows by one with each change. */
  readonly version: number;
  readonly program: StampedRow<LiveProgram> | undefined;
  readonly series: StampedSeries | undefined;
  readonly lists: Readonly<Record<LiveSection, StampedList>>;
}

/** What was seen; what could not be read is undefined, and stays as it was. */
export type BoardViews = {
  readonly [View in keyof LiveRows]?: LiveRows[View] | undefined;
} & { readonly program?: LiveProgram | undefined; readonly series?: Series | undefined };

interface StampedRow<Row> {
  readonly row: Row;
  /** Its JSON: rows are compared by what is told of them. */
  readonly text: string;
  /** Version of the board at which it came, or last changed. */
  readonly version: number;
}

interface StampedList {
  /** By key, in order. */
  readonly rows: ReadonlyMap<string, StampedRow<object>>;
  /** When rows last came or changed places: a client older than that needs the order. */
  readonly orderVersion: number;
  /** Rows that went, oldest first. */
  readonly gone: readonly { readonly key: string; readonly version: number }[];
  /** Rows that went up to this version are no longer remembered. */
  readonly forgottenVersion: number;
}

interface StampedSeries {
  readonly series: Series;
  /** For each value the version at which it last changed. */
  readonly versions: readonly number[];
}

/** Rows of a section that went, so many are remembered. */
const MOST_GONE = 200;

const sections = Object.keys(rowKeys) as readonly LiveSection[];

const emptyList: StampedList = {
  rows: new Map(),
  orderVersion: 0,
  gone: [],
  forgottenVersion: 0,
};

export const emptyBoard: BoardState = {
  version: 0,
  program: undefined,
  series: undefined,
  lists: {
    components: emptyList,
    incidents: emptyList,
    runs: emptyList,
    calls: emptyList,
    trust: emptyList,
  },
};

/** The board after a look at everything; the same one where nothing has changed. */
export function update(state: BoardState, views: BoardViews): BoardState {
  const version = state.version + 1;
  const program = views.program ? stamp(state.program, views.program, version) : state.program;
  const series = views.series ? stampSeries(state.series, views.series, version) : state.series;
  const lists = Object.fromEntries(
    sections.map((section) => {
      const keyOf = rowKeys[section] as (row: object) => string;
      return [section, updateList(state.lists[section], views[section], keyOf, version)];
    }),
  ) as BoardState["lists"];
  const isSame =
    program === state.program &&
    series === state.series &&
    sections.every((section) => lists[section] === state.lists[section]);
  return isSame ? state : { version, program, series, lists };
}

/** Undefined while nobody knows what the program is. */
export function snapshotOf(
  state: BoardState,
  told: { readonly atMs: number; readonly facts: readonly Fact[]; readonly isGap: boolean },
): LiveSnapshot | undefined {
  if (!state.program) return undefined;
  const rows = Object.fromEntries(
    sections.map((section) => [
      section,
      [...state.lists[section].rows.values()].map(({ row }) => row),
    ]),
  ) as unknown as LiveRows;
  return {
    v: 1,
    ...told,
    program: state.program.row,
    series: state.series?.series ?? noSeries,
    ...rows,
  };
}

/** What a client that knows the board of `version` has not been told; undefined where that is nothing. */
export function deltaSince(
  state: BoardState,
  version: number,
): Omit<LiveDelta, "atMs" | "facts"> | undefined {
  if (version >= state.version) return undefined;
  const { program } = state;
  const series = seriesSince(state.series, version);
  const changes = sections.flatMap((section) => {
    const changed = changesSince(state.lists[section], version);
    return changed ? [[section, changed] as const] : [];
  });
  const delta: Omit<LiveDelta, "atMs" | "facts"> = {
    ...(program && program.version > version && { program: program.row }),
    ...(series && { series }),
    ...(changes.length > 0 && { rows: Object.fromEntries(changes) }),
  };
  return Object.keys(delta).length > 0 ? delta : undefined;
}

const noSeries: Series = {
  startMs: 0,
  everyMs: 1_000,
  calls: [],
  failed: [],
  retries: [],
  p95Ms: [],
  steps: [],
};

function stamp<Row>(
  before: StampedRow<Row> | undefined,
  row: Row,
  version: number,
): StampedRow<Row> {
  if (before?.row === row) return before;
  const text = JSON.stringify(row);
  return before?.text === text ? before : { row, text, version };
}

function updateList(
  before: StampedList,
  view: readonly object[] | undefined,
  keyOf: (row: object) => string,
  version: number,
): StampedList {
  if (!view) return before;
  const rows = new Map(
    view.map((row) => [keyOf(row), stamp(before.rows.get(keyOf(row)), row, version)]),
  );
  const gone = [...before.rows.keys()].filter((key) => !rows.has(key));
  const stayed = [...before.rows.keys()].filter((key) => rows.has(key));
  const isOrdered = [...rows.keys()].every((key, index) => key === stayed[index]);
  const isSame =
    gone.length === 0 && isOrdered && [...rows].every(([key, row]) => before.rows.get(key) === row);
  if (isSame) return before;
  const all = [...before.gone, ...gone.map((key) => ({ key, version }))];
  const kept = all.slice(-MOST_GONE);
  return {
    rows,
    orderVersion: isOrdered ? before.orderVersion : version,
    gone: kept,
    forgottenVersion: all.at(-kept.length - 1)?.version ?? before.forgottenVersion,
  };
}

function changesSince(list: StampedList, version: number): RowChanges<object> | undefined {
  const put = [...list.rows.values()].flatMap((each) => (each.version > version ? [each.row] : []));
  // An order names all that stay, so it says what is gone as well.
  const needsOrder = list.orderVersion > version || list.forgottenVersion > version;
  const gone = needsOrder
    ? []
    : list.gone.flatMap((each) => (each.version > version ? [each.key] : []));
  if (put.length === 0 && gone.length === 0 && !needsOrder) return undefined;
  return {
    ...(put.length > 0 && { put }),
    ...(gone.length > 0 && { gone }),
    ...(needsOrder && { order: [...list.rows.keys()] }),
  };
}

function stampSeries(
  before: StampedSeries | undefined,
  series: Series,
  version: number,
): StampedSeries {
  const old = before?.series;
  const shift =
    old?.everyMs === series.everyMs ? (series.startMs - old.startMs) / series.everyMs : -1;
  const versions = series.calls.map((_, index) => {
    const place = index + shift;
    const stamped = Number.isInteger(shift) && shift >= 0 ? before?.versions[place] : undefined;
    return stamped !== undefined && old && isSameValue(old, place, series, index)
      ? stamped
      : version;
  });
  const isSame =
    before !== undefined &&
    shift === 0 &&
    versions.length === before.versions.length &&
    versions.every((each) => each < version);
  return isSame ? before : { series, versions };
}

const isSameValue = (a: Series, atA: number, b: Series, atB: number): boolean =>
  a.calls[atA] === b.calls[atB] &&
  a.failed[atA] === b.failed[atB] &&
  a.retries[atA] === b.retries[atB] &&
  a.p95Ms[atA] === b.p95Ms[atB] &&
  a.steps[atA] === b.steps[atB];

/** From the oldest value that has changed. */
function seriesSince(stamped: StampedSeries | undefined, version: number): Series | undefined {
  const from = stamped?.versions.findIndex((each) => each > version) ?? -1;
  if (!stamped || from < 0) return undefined;
  const { series } = stamped;
  return {
    startMs: series.startMs + from * series.everyMs,
    everyMs: series.everyMs,
    calls: series.calls.slice(from),
    failed: series.failed.slice(from),
    retries: series.retries.slice(from),
    p95Ms: series.p95Ms.slice(from),
    steps: series.steps.slice(from),
  };
}
