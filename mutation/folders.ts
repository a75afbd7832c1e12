/** The folders of packages/policy/src that are broken on purpose, and whose tests must notice. */

import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const sources = fileURLToPath(new URL("../packages/policy/src", import.meta.url));

/** All of them: what is new is asked for its result. */
export const folders: readonly string[] = readdirSync(sources, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .toSorted();

/**
 * Rooms that others are made of: the tests of those others hold them as well. So do test files beside the
 * rooms, `nested-retries.test.ts` under the name "nested-retries".
 */
const heldBy: Readonly<Record<string, readonly string[]>> = {
  base: ["timeout", "retry", "fallback", "bulkhead", "executor", "nested-retries"],
  executor: ["framework-examples"],
  pipeline: ["executor"],
  retry: ["nested-retries"],
  waiting: ["bulkhead", "rate-limit"],
};

/** Whose tests are run when the folder is broken; a pipeline asks all policies what they are. */
export function roomsOfTests(folder: string): readonly string[] {
  return [...new Set([folder, "pipeline", ...(heldBy[folder] ?? [])])];
}
