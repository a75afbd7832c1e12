/** Verdicts on survivors of what is shared and stored: circuits of several nodes, executors of one process. */

import type { Verdict } from "./result.ts";

export const sharingVerdicts: readonly Verdict[] = [
  {
    file: "circuit-breaker/circuit-state.ts",
    line: "if (!ramp) return { kind, epoch, failures };",
    reason: "A ramp that has no number of successes is taken away by the next line.",
  },
  {
    file: "circuit-breaker/circuit-state.ts",
    line: "ramp: { ...ramp, leases: [] } }, limits);",
    mutator: "ArrayDeclaration",
    reason: "A text is no later time than any.",
  },
  {
    file: "circuit-breaker/circuit-state.ts",
    line: "successes: limits.successThreshold, leases: [], openings",
    mutator: "ArrayDeclaration",
    reason: "A text is no later time than any.",
  },
  {
    file: "circuit-breaker/circuit.ts",
    line: 'this.#window = callWindow(limits, state.kind === "closed"',
    mutator: "ConditionalExpression",
    reason: "A state that is not closed has no failures: it is here for the compiler.",
  },
  {
    file: "circuit-breaker/circuit.ts",
    line: "const isTimed = slowCallMs !== Infinity",
    mutator: "ConditionalExpression",
    reason: "Where no call is slow, none lasts that long.",
  },
  {
    file: "circuit-breaker/shared-side.ts",
    line: "#isOwed = false;",
    reason: "Set anew with the first opening that it hears of, before it is read.",
  },
  {
    file: "circuit-breaker/shared-side.ts",
    line: "#askAtMs = -Infinity;",
    reason: "Set anew with the first record that it hears of, before it is read.",
  },
  {
    file: "circuit-breaker/shared-side.ts",
    line: "return stored.revision < this.#seen.revision",
    reason: "Of one number there is one record.",
  },
  {
    file: "circuit-breaker/shared-state.ts",
    line: 'const isSaid = record.kind === "open"',
    mutator: "ConditionalExpression",
    reason: "A record that is closed has no such time: it is here for the compiler.",
  },

  // executor
  {
    file: "executor/names.ts",
    line: "return thing ? [[name, thing] as const] : [];",
    mutator: "ArrayDeclaration",
    reason: "Only between the end of a thing and the news of it, which no test can come between.",
  },
  {
    file: "executor/executor-needs.ts",
    line: ": true,",
    mutator: "BooleanLiteral",
    reason: "The keys count, and no value: the compiler holds them complete.",
  },
  {
    file: "executor/executor.ts",
    line: "if (this.#shared.isOn) this.#plan.mustBeUsable(this.#claim);",
    reason:
      "A circuit alone refuses what is usable by itself, and is asked first in the row as well.",
  },
  {
    file: "executor/factories.ts",
    line: "...(fallback !== undefined && { fallback }),",
    mutator: "ConditionalExpression",
    reason: "An option that is undefined is none: it is here for the compiler.",
  },
  {
    file: "executor/plan.ts",
    line: "row: new Pipeline(row, { ...(classifier && { classifier }) }),",
    mutator: "ConditionalExpression",
    reason: "An option that is undefined is none: it is here for the compiler.",
  },
];
