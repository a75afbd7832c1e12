/** Reads what was stored of a restart state: the file or row may be of another version, or damaged. */

import type { StoredRestart } from "./restart-state.ts";

/** Undefined when this is no stored state: the caller then begins afresh. */
export function parseStoredRestart(value: unknown): StoredRestart | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { kind, restartsAtMs, startAtMs, startedAtMs, failedTrials } = value as Fields;
  switch (kind) {
    case "running":
      return areTimes(restartsAtMs) ? { kind, restartsAtMs } : undefined;
    case "waiting":
      return areTimes(restartsAtMs) && isNumber(startAtMs)
        ? { kind, restartsAtMs, startAtMs }
        : undefined;
    case "crash-looping":
      return isNumber(failedTrials) && isNumber(startAtMs)
        ? { kind, failedTrials, startAtMs }
        : undefined;
    case "trial":
      return isNumber(failedTrials) && isNumber(startedAtMs)
        ? { kind, failedTrials, startedAtMs }
        : undefined;
    case "gave-up":
      return { kind };
    default:
      return undefined;
  }
}

type Fields = { readonly [Field in AnyField]?: unknown };
type AnyField = "kind" | "restartsAtMs" | "startAtMs" | "startedAtMs" | "failedTrials";

const isNumber = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value);

const areTimes = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every(isNumber);
