/** What every store of circuits must do, whatever it writes to: one suite for all adapters. */

import type { Clock } from "../base/index.ts";
import type { CircuitStore } from "../circuit-breaker/index.ts";
import { cellCases } from "./cell-cases.ts";
import { nodeCases } from "./node-cases.ts";
import { SteppedClock } from "./stepped-clock.ts";

/** A place of its own for one test, which no other test has. */
export interface CircuitStoreMedium {
  /** One for each node, as if each were in a process of its own; all meet in the same cells. */
  readonly stores: readonly CircuitStore[];
  /** Resolves when what was asked for has been answered, and what was written was told to all who watch. */
  settled(): Promise<void>;
  dispose(): Promise<void>;
}

export interface CircuitStoreConformanceOptions {
  /** Names the adapter in the tests' names. */
  readonly name: string;
  /**
   * Opens stores for so many nodes. Their `nowMs` is the epoch time of this clock, which stands still
   * until a test moves it: an adapter needs an option for that beside its server's own time.
   */
  readonly open: (nodes: number, clock: Clock) => Promise<CircuitStoreMedium>;
  /** The runner's own: vitest's, or those of `node:test`. */
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: () => Promise<void>) => unknown;
}

/**
 * Declares the tests.
 *
 * @example
 * circuitStoreConformance({ name: "the store in memory", open: openInMemory, describe, it });
 */
export function circuitStoreConformance(options: CircuitStoreConformanceOptions): void {
  const { name, open, describe, it } = options;
  const situations = { "a cell": cellCases, "the breakers": nodeCases };
  for (const [situation, cases] of Object.entries(situations)) {
    describe(`${situation} of ${name}`, () => {
      for (const [sentence, { nodes, check }] of Object.entries(cases)) {
        it(sentence, async () => {
          const clock = new SteppedClock();
          const medium = await open(nodes, clock);
          try {
            await check({ ...medium, settled: () => medium.settled() }, clock);
          } finally {
            await medium.dispose();
          }
        });
      }
    });
  }
}
