/** Reads which runs a request means. */

import type { RunFilter, RunStatus } from "../workflow/index.ts";
import { limitOf, momentOf, parameters, statusesOf } from "./query.ts";

const STATUSES: readonly RunStatus[] = ["running", "completed", "dead", "cancelled"];

const BESIDE_STATUS = [
  "workflow",
  "queue",
  "parentId",
  "sinceMs",
  "untilMs",
  "after",
  "limit",
] as const;

/** @throws {@link Refusal} for what is not understood. */
export function runFilterOf(query: unknown): RunFilter {
  const { status, ...rest } = parameters(query, "status", ...BESIDE_STATUS);
  return { ...filterOf(rest), ...statusesOf(status, STATUSES) };
}

/** The same of runs whose status is known. */
export const letterFilterOf = (query: unknown): Omit<RunFilter, "status"> =>
  filterOf(parameters(query, ...BESIDE_STATUS));

function filterOf({
  sinceMs,
  untilMs,
  limit,
  ...rest
}: { readonly [Name in (typeof BESIDE_STATUS)[number]]?: string }): Omit<RunFilter, "status"> {
  return {
    ...rest,
    ...momentOf("sinceMs", sinceMs),
    ...momentOf("untilMs", untilMs),
    ...limitOf(limit),
  };
}
