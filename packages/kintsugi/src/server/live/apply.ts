/** What a client of the live feed makes of its messages. Pure, and without anything that a browser lacks. */

import type { Series } from "../../observe/index.ts";
import type { Fact } from "../../store/index.ts";
import {
  type LiveDelta,
  type LiveRows,
  type LiveSection,
  type LiveSnapshot,
  type RowChanges,
  rowKeys,
} from "./views.ts";

/** Facts that a client keeps: the newest. */
export const MOST_FACTS = 1_000;

/** Values of each series that a client keeps: the newest. */
export const MOST_VALUES = 600;

/**
 * What a client has, after a snapshot: the first, or one more after the stream broke off. Facts that it
 * had are kept where the snapshot goes on from them.
 */
export function applySnapshot(
  before: LiveSnapshot | undefined,
  snapshot: LiveSnapshot,
): LiveSnapshot {
  const isSameLog = before?.program.instance === snapshot.program.instance && !snapshot.isGap;
  return isSameLog ? { ...snapshot, facts: joinFacts(before.facts, snapshot.facts) } : snapshot;
}

/** What a client has, after a delta. What has not changed stays the same object. */
export function applyDelta(before: LiveSnapshot, delta: LiveDelta): LiveSnapshot {
  const { atMs, program, series, facts, rows } = delta;
  return {
    ...before,
    ...(rows && changedRows(before, rows)),
    ...(program && { program }),
    ...(series && { series: joinSeries(before.series, series) }),
    ...(facts && { facts: joinFacts(before.facts, facts) }),
    atMs,
  };
}

function changedRows(before: LiveRows, changes: NonNullable<LiveDelta["rows"]>): Partial<LiveRows> {
  const entries = (Object.keys(changes) as LiveSection[])
    .filter((section) => Object.hasOwn(rowKeys, section)) // A newer server may know more.
    .map((section) => {
      const keyOf = rowKeys[section] as (row: object) => string;
      return [section, applyChanges<object>(before[section], changes[section] ?? {}, keyOf)];
    });
  return Object.fromEntries(entries) as Partial<LiveRows>;
}

function applyChanges<Row>(
  before: readonly Row[],
  { put = [], gone = [], order }: RowChanges<Row>,
  keyOf: (row: Row) => string,
): readonly Row[] {
  const rows = new Map(before.map((row) => [keyOf(row), row]));
  for (const key of gone) rows.delete(key);
  for (const row of put) rows.set(keyOf(row), row);
  if (!order) return [...rows.values()];
  return order.flatMap((key) => {
    const row = rows.get(key);
    return row === undefined ? [] : [row];
  });
}

function joinFacts(before: readonly Fact[], after: readonly Fact[]): readonly Fact[] {
  const first = after[0]?.id ?? Number.POSITIVE_INFINITY;
  const last = before.at(-1)?.id ?? 0;
  if (first > last) return [...before, ...after].slice(-MOST_FACTS);
  const byId = new Map([...before, ...after].map((fact) => [fact.id, fact]));
  return [...byId.values()].toSorted((a, b) => a.id - b.id).slice(-MOST_FACTS);
}

/** Where the two do not meet, the later one stands alone: nobody knows what was between. */
function joinSeries(before: Series, after: Series): Series {
  const { startMs, everyMs } = after;
  const kept = (startMs - before.startMs) / everyMs;
  const meets = Number.isInteger(kept) && kept >= 0 && kept <= before.calls.length;
  if (before.everyMs !== everyMs || !meets) return after;
  const surplus = Math.max(0, kept + after.calls.length - MOST_VALUES);
  const join = <Value>(old: readonly Value[], values: readonly Value[]): readonly Value[] =>
    [...old.slice(0, kept), ...values].slice(surplus);
  return {
    startMs: before.startMs + surplus * everyMs,
    everyMs,
    calls: join(before.calls, after.calls),
    failed: join(before.failed, after.failed),
    retries: join(before.retries, after.retries),
    p95Ms: join(before.p95Ms, after.p95Ms),
    steps: join(before.steps, after.steps),
  };
}
