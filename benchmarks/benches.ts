/** All benchmarks, and what documents may say of their committed results. */

import { durable } from "./durable/bench.ts";
import type { Bench } from "./harness/bench.ts";
import type { BlockText } from "./harness/quoting.ts";
import { committedResult } from "./harness/result.ts";
import { tableOf } from "./harness/table.ts";
import { policies } from "./policies/bench.ts";
import { policyLeaks } from "./policies/leaks.ts";

export const benches: readonly Bench[] = [policies, policyLeaks, durable];

/** What stands in a block of a document: always from the committed file, never typed by hand. */
export const blockText: BlockText = (name, kind) => {
  const result = committedResult(name);
  if (!result) return undefined;
  if (kind === "table") return tableOf(result);
  const lines = benches.find((bench) => bench.name === name)?.quotes(result) ?? [];
  const warning = result.noisy.length > 0 ? "; **of a noisy run**" : "";
  return lines.map((line) => `- ${line}${warning}`).join("\n");
};
