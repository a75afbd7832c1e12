/**
 * What the model server wrote before each answer, read by somebody who trusts nobody. Once an effect of a
 * later step of a run is seen, the steps before it were recorded, and any later effect of theirs is a
 * violation. Only a step in flight, at a kill or at a time-out, may be seen again.
 */

import { existsSync, readFileSync } from "node:fs";

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

function keyOf(line: string): string | undefined {
  try {
    return (JSON.parse(line) as { key: string }).key;
  } catch {
    return undefined;
  }
}
