/** What the cases of a suite stand on: no test runner, no library of assertions. */

import type { CircuitStore } from "../circuit-breaker/index.ts";
import type { SteppedClock } from "./stepped-clock.ts";

export interface Bench {
  readonly stores: readonly CircuitStore[];
  settled(): Promise<void>;
}

export interface Case {
  readonly nodes: number;
  readonly check: (bench: Bench, clock: SteppedClock) => Promise<void>;
}

/** By the sentence that names each. */
export type Cases = Readonly<Record<string, Case>>;

/** @throws when the two are not the same as JSON, where fields that are undefined are left out. */
export function expectSame(actual: unknown, expected: unknown, what: string): void {
  const [is, should] = [actual, expected].map((each) => JSON.stringify(sorted(each)));
  if (is !== should) throw new Error(`${what}: expected ${should}, got ${is}`);
}

/** The n-th of a list. @throws where there is none. */
export function nth<T>(list: readonly T[], place: number): T {
  const each = list[place];
  if (each === undefined) throw new Error(`There is no number ${place} among ${list.length}`);
  return each;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(fields.map(([name, each]) => [name, sorted(each)]));
}
