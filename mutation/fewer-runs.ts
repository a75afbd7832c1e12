/**
 * Stands in for fast-check in the copy that is broken: from the fixed seed, and with no more runs than
 * most mutants need to be noticed. What survives would take all of them, once for each mutant.
 */

import fc from "../tidy/seeded-fast-check.ts";

const MOST_RUNS = 300;

const assert = ((property: fc.IRawProperty<unknown>, parameters?: fc.Parameters<unknown>) => {
  const numRuns = Math.min(parameters?.numRuns ?? 100, MOST_RUNS);
  return fc.assert(property, { ...parameters, numRuns });
}) as typeof fc.assert;

export * from "../tidy/seeded-fast-check.ts";
export default { ...fc, assert } as typeof fc;
