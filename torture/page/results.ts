/** Figures that the suite measured, kept for whoever reads them. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const file = fileURLToPath(new URL("../../.results/page.json", import.meta.url));

/** Adds to what stands in `.results/page.json`, and prints it. */
export function keepFigures(figures: Readonly<Record<string, number>>): void {
  const before = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ ...before, ...figures }, null, 2)}\n`);
  for (const [name, value] of Object.entries(figures)) console.log(`  ${name}: ${value}`);
}

/** The value below which this share of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
