/**
 * The judgement, from outside: the ledger that the model server wrote, the report, and the journal's rows.
 * Rule: once an effect of a later step of a run is seen, the steps before it were recorded, and any
 * later effect of theirs is a violation. Only the step in flight at a kill may be seen twice.
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { summarise } from "../examples/digest/model-server/summarise.ts";
import { findPackages } from "../examples/digest/src/documents.ts";
import type { Report } from "../examples/digest/src/report.ts";

export interface Verdict {
  readonly effects: number;
  /** Effects that were seen again, each of a step in flight. */
  readonly repeated: number;
  readonly violations: readonly string[];
}

export function checkLedger(file: string): Verdict {
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  const latest = new Map<string, number>();
  const seen = new Set<string>();
  const violations: string[] = [];
  let effects = 0;
  let repeated = 0;
  for (const line of lines) {
    const key = keyOf(line);
    if (key === undefined) continue; // The line that the server was writing when it was killed.
    const [, run = "", seq = ""] = /^(.*):(\d+)$/.exec(key) ?? [];
    const last = latest.get(run) ?? -1;
    if (Number(seq) < last)
      violations.push(`${key} took effect again after step ${last} of its run`);
    if (seen.has(key)) repeated += 1;
    latest.set(run, Math.max(last, Number(seq)));
    seen.add(key);
    effects += 1;
  }
  return { effects, repeated, violations };
}

/** Holds a report against the folder that was read, and each summary against what it must be. */
export function checkReport(folder: string, reportFile: string): readonly string[] {
  if (!existsSync(reportFile)) return [`There is no report ${reportFile}`];
  const { documents } = JSON.parse(readFileSync(reportFile, "utf8")) as Report;
  const paths = documents.map(({ path }) => path);
  const wanted = findPackages(folder).flatMap((found) => found.documents.map(({ path }) => path));
  const found = new Set(paths);
  return [
    ...wanted.filter((path) => !found.has(path)).map((path) => `lost: ${path}`),
    ...paths.filter((path, index) => paths.indexOf(path) !== index).map((path) => `twice: ${path}`),
    ...documents
      .filter(({ path, summary }) => {
        const text = readFileSync(join(folder, path), "utf8");
        return summary !== summarise(text.slice(0, 24_000));
      })
      .map(({ path }) => `changed: the summary of ${path}`),
  ];
}

/** The journal after the program has ended: every run complete, every step of a run recorded once. */
export function checkJournal(storeFile: string): readonly string[] {
  const db = new DatabaseSync(storeFile, { readOnly: true });
  try {
    const open = db.prepare("SELECT id, status FROM runs WHERE status <> 'completed'").all();
    const doubled = db
      .prepare(
        // The runs of the packages: in the others, children share the name of their workflow.
        `SELECT runId, name, count(*) AS n FROM steps WHERE runId LIKE '%/%'
         GROUP BY runId, name HAVING n > 1`,
      )
      .all();
    return [
      ...open.map(({ id, status }) => `run ${id} is ${status}`),
      ...doubled.map(({ runId, name }) => `step "${name}" of ${runId} is recorded twice`),
    ];
  } finally {
    db.close();
  }
}

function keyOf(line: string): string | undefined {
  try {
    return (JSON.parse(line) as { key: string }).key;
  } catch {
    return undefined;
  }
}
