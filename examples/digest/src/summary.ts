/** What came of it: the report held against the folder that was read. */

import { existsSync, readFileSync } from "node:fs";
import type { IncidentView } from "kintsugi/heal";

import { findPackages } from "./documents.ts";
import { checkLedger, countCalls } from "./ledger.ts";
import type { Report } from "./report.ts";

export interface Outcome {
  readonly documents: number;
  readonly done: number;
  readonly lost: readonly string[];
  /** Documents that stand twice in the report, or were asked for again after they were recorded. */
  readonly twice: readonly string[];
  readonly callsRetried: number;
  /** The report is there, and nothing was lost or recorded twice. */
  readonly complete: boolean;
}

/** @param runStatus - how the run ended: a report of an earlier run proves nothing for this one. */
export function judge(
  folder: string,
  reportFile: string,
  ledgerFile: string,
  runStatus: string,
): Outcome {
  const wanted = findPackages(folder).flatMap(({ documents }) => documents.map(({ path }) => path));
  const report = runStatus === "completed" ? readReport(reportFile) : undefined;
  if (report?.folder !== folder) {
    const nothing = { done: 0, twice: [], callsRetried: 0, complete: false };
    return { documents: wanted.length, lost: wanted, ...nothing };
  }
  const paths = report.documents.map(({ path }) => path);
  const found = new Set(paths);
  const lost = wanted.filter((path) => !found.has(path));
  const twice = [
    ...paths.filter((path, index) => paths.indexOf(path) !== index),
    ...checkLedger(ledgerFile).violations,
  ];
  // A real provider keeps no ledger for us; then each step's own count has to do.
  const calls =
    countCalls(ledgerFile).asked ||
    report.documents.reduce((sum, document) => sum + document.calls, 0);
  return {
    documents: wanted.length,
    done: found.size,
    lost,
    twice,
    callsRetried: calls - paths.length,
    complete: found.size > 0 && lost.length === 0 && twice.length === 0,
  };
}

const readReport = (file: string): Report | undefined =>
  existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Report) : undefined;

/** Lines for a person. */
export function summaryLines(
  outcome: Outcome,
  incidents: readonly IncidentView[],
  reportFile: string,
): readonly string[] {
  const ended = incidents.filter(({ endedAtMs }) => endedAtMs !== null);
  const healed = incidents.filter(({ status }) => status === "resolved");
  const rows = ended
    .toSorted((a, b) => a.openedAtMs - b.openedAtMs)
    .map(({ component, class: kind, status, openedAtMs, endedAtMs, actions }) => {
      const seconds = (((endedAtMs ?? openedAtMs) - openedAtMs) / 1_000).toFixed(1);
      const what = actions.map(({ name, by }) => `${name} by the ${by}`).join(", ") || "nothing";
      return `    ${component.padEnd(9)}${kind.padEnd(19)}${status} after ${seconds} s (${what})`;
    });
  return [
    `  documents done     ${outcome.done} of ${outcome.documents}`,
    `  lost               ${outcome.lost.length}`,
    `  recorded twice     ${outcome.twice.length}`,
    `  calls retried      ${outcome.callsRetried}`,
    `  incidents healed   ${healed.length} of ${incidents.length}`,
    ...rows,
    `  report             ${reportFile}`,
  ];
}
