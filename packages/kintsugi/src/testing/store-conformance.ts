/**
 * What every store must do, whatever it writes to: one suite for all adapters, for any test runner.
 */

import { commitCases } from "./store-conformance/commit-cases.ts";
import { factCases } from "./store-conformance/fact-cases.ts";
import { lifeCases } from "./store-conformance/life-cases.ts";
import type { Cases, OpenMedium } from "./store-conformance/medium.ts";
import { queryCases } from "./store-conformance/query-cases.ts";
import { rowCases } from "./store-conformance/row-cases.ts";

export interface StoreConformanceOptions {
  /** Names the adapter in the tests' names. */
  readonly name: string;
  /** Opens a store on a medium of its own, which no other test has. */
  readonly open: OpenMedium;
  /** The runner's own: vitest's, or those of `node:test`. */
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: () => Promise<void>) => unknown;
}

const SITUATIONS: Readonly<Record<string, Cases>> = {
  "a commit": commitCases,
  "a row": rowCases,
  "a question": queryCases,
  "the log of facts": factCases,
  "the life of a store": lifeCases,
};

/**
 * Declares the tests.
 *
 * @example
 * storeConformance({ name: "the store in memory", open: openInMemory, describe, it });
 */
export function storeConformance(options: StoreConformanceOptions): void {
  const { name, open, describe, it } = options;
  for (const [situation, cases] of Object.entries(SITUATIONS)) {
    describe(`${situation} of ${name}`, () => {
      for (const [sentence, check] of Object.entries(cases)) {
        it(sentence, () => check(open));
      }
    });
  }
}
