/** The figures of the calls, as the chart and its legend take them. */

import type { Series } from "./page-state.ts";
import { count, counted, shortSpan } from "./words.ts";

export interface CallLine {
  readonly key: "calls" | "failed" | "retries" | "p95Ms";
  readonly name: string;
  /** Dashes, so that lines are told apart without colour; in CSS pixels. */
  readonly dash: readonly number[];
  readonly scale: "count" | "ms";
}

export const callLines: readonly CallLine[] = [
  { key: "calls", name: "calls/s", dash: [], scale: "count" },
  { key: "failed", name: "failed/s", dash: [6, 3], scale: "count" },
  { key: "retries", name: "retries/s", dash: [2, 3], scale: "count" },
  { key: "p95Ms", name: "p95", dash: [9, 3, 2, 3], scale: "ms" },
];

/** Seconds that the chart shows. */
const CHART_SECONDS = 300;

/** Columns for uPlot: seconds, then a list for each line. */
export function columnsOf(series: Series): (number | null)[][] {
  const from = Math.max(0, series.calls.length - CHART_SECONDS);
  const lists = callLines.map(({ key }) => series[key].slice(from));
  const seconds = (lists[0] ?? []).map(
    (_, place) => (series.startMs + (from + place) * series.everyMs) / 1_000,
  );
  return [seconds, ...lists];
}

/** What one line says at one second; the last that is whole where none is pointed at. */
export function figureOf(series: Series, line: CallLine, atSecond: number | null): string {
  const list = series[line.key];
  const place =
    atSecond === null
      ? Math.max(0, list.length - 2)
      : Math.round((atSecond * 1_000 - series.startMs) / series.everyMs);
  const value = list[place];
  if (value === null || value === undefined) return "–";
  return line.scale === "ms" ? shortSpan(value) : count(value);
}

/** The chart in a sentence. */
export function summaryOf(series: Series): string {
  const sum = (key: "calls" | "failed" | "retries"): number =>
    series[key].slice(-CHART_SECONDS).reduce((all, each) => all + each, 0);
  const slowest = Math.max(0, ...series.p95Ms.slice(-CHART_SECONDS).map((each) => each ?? 0));
  const failed = `${count(sum("failed"))} failed`;
  const retries = counted(sum("retries"), "retry", "retries");
  return `In the last five minutes ${counted(sum("calls"), "call")}, ${failed}, ${retries}; the slowest 95th percentile of a second was ${shortSpan(slowest)}.`;
}
