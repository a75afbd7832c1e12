/** The report: a page for people, and the same as JSON for programs. */

import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { DocumentKind } from "./documents.ts";

export interface DocumentDigest {
  readonly path: string;
  readonly package: string;
  readonly kind: DocumentKind;
  readonly sha256: string;
  readonly words: number;
  readonly summary: string;
  /** How often the model was asked until it answered. */
  readonly calls: number;
  /** SPDX name; null for what is no licence. */
  readonly licence: string | null;
}

export interface Report {
  readonly folder: string;
  readonly packages: number;
  readonly documents: readonly DocumentDigest[];
  readonly licences: Readonly<Record<string, number>>;
  readonly nearDuplicates: readonly (readonly string[])[];
}

/** Each file is whole or the one before: written beside, then renamed. */
export function writeReport(folder: string, report: Report): void {
  mkdirSync(folder, { recursive: true });
  const files = {
    "report.json": `${JSON.stringify(report, null, 2)}\n`,
    "report.html": page(report),
  };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, `${name}.new`), text);
    renameSync(join(folder, `${name}.new`), join(folder, name));
  }
}

export function countBy(values: readonly string[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return Object.fromEntries([...counts].toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)));
}

function page({ folder, packages, documents, licences, nearDuplicates }: Report): string {
  const rows = documents.map(
    ({ path, licence, words, summary }) =>
      `<tr><td>${escaped(path)}</td><td>${escaped(licence ?? "")}</td><td>${words}</td><td>${escaped(summary)}</td></tr>`,
  );
  const names = Object.entries(licences).map(
    ([name, count]) => `<li>${escaped(name)}: ${count}</li>`,
  );
  const groups = nearDuplicates.map(
    (group) => `<li>${group.length} alike: ${group.map(escaped).join(", ")}</li>`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Digest of ${escaped(folder)}</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
  table { border-collapse: collapse; width: 100%; table-layout: fixed; }
  td, th { border-top: 1px solid #8884; overflow-wrap: anywhere; padding: .4rem; text-align: left; vertical-align: top; }
  th:nth-child(1) { width: 24% } th:nth-child(2) { width: 10% } th:nth-child(3) { width: 7% }
  :root { color-scheme: light dark; }
</style>
<h1>Digest</h1>
<p>${documents.length} documents of ${packages} packages in <code>${escaped(folder)}</code>.</p>
<h2>Licences</h2><ul>${names.join("")}</ul>
<h2>Near-duplicates</h2><ul>${groups.join("") || "<li>none</li>"}</ul>
<h2>Documents</h2>
<table><thead><tr><th>document</th><th>licence</th><th>words</th><th>summary</th></tr></thead>
<tbody>
${rows.join("\n")}
</tbody></table>
</html>
`;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (sign) => entities[sign] ?? sign);
