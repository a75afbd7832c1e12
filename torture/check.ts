/** The judgement, from outside: the reports, and the journal's rows when the program has ended. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { summarise } from "../examples/digest/model-server/summarise.ts";
import { findPackages } from "../examples/digest/src/documents.ts";
import type { Report } from "../examples/digest/src/report.ts";

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
