/**
 * What every store of checkpoints must do, wherever it keeps them: one suite for all adapters, for any test
 * runner.
 */

import { idCases } from "./checkpoint-conformance/id-cases.ts";
import { listCases } from "./checkpoint-conformance/list-cases.ts";
import type { CheckpointCases, OpenCheckpointMedium } from "./checkpoint-conformance/medium.ts";
import { secondCases } from "./checkpoint-conformance/second-cases.ts";
import { writeCases } from "./checkpoint-conformance/write-cases.ts";

export interface CheckpointStoreConformanceOptions {
  /** Names the adapter in the tests' names. */
  readonly name: string;
  /** Opens a store on a place of its own, which no other test has. */
  readonly open: OpenCheckpointMedium;
  /** The runner's own: vitest's, or those of `node:test`. */
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: () => Promise<void>) => unknown;
}

const SITUATIONS: Readonly<Record<string, CheckpointCases>> = {
  "a version": writeCases,
  "the versions of an id": listCases,
  ids: idCases,
  "a second store on the same place": secondCases,
};

/**
 * Declares the tests.
 *
 * @example
 * checkpointStoreConformance({ name: "checkpoints in memory", open: openInMemory, describe, it });
 */
export function checkpointStoreConformance(options: CheckpointStoreConformanceOptions): void {
  const { name, open, describe, it } = options;
  for (const [situation, cases] of Object.entries(SITUATIONS)) {
    describe(`${situation}, of ${name}`, () => {
      for (const [sentence, check] of Object.entries(cases)) {
        it(sentence, () => check(open));
      }
    });
  }
}
