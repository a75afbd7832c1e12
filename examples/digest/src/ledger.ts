/**
 * What the model server wrote down, read by somebody who trusts nobody. Once an effect of a later step of a
 * run is seen, the steps before it were recorded, and any later effect of theirs is a violation. Only a step
 * in flight, at a kill or at a time-out, may be seen again.
 */

import { readLedger } from "../model-server/ledger.ts";

export interface Verdict {
  readonly effects: number;
  /** Effects that were seen again, each of a step in flight. */
  readonly repeated: number;
  readonly violations: readonly string[];
}

export function checkLedger(file: string): Verdict {
  const latest = new Map<string, number>();
  const seen = new Set<string>();
  const violations: string[] = [];
  let effects = 0;
  let repeated = 0;
  for (const { what, key } of readLedger(file)) {
    if (what !== "answered") continue;
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

export interface CallCount {
  /** Calls that the provider took. */
  readonly asked: number;
  /** Of these, calls that it refused or never answered. */
  readonly failed: number;
  /** Paths of the documents that met such a call. */
  readonly hit: readonly string[];
}

export function countCalls(file: string): CallCount {
  const lines = readLedger(file);
  const failed = lines.filter(({ what }) => what === "failed");
  return {
    asked: lines.filter(({ what }) => what === "asked").length,
    failed: failed.length,
    hit: [...new Set(failed.map(({ document }) => document))],
  };
}
