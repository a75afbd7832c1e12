/** Verdicts on survivors of the circuit breaker, the executor and the retry. */

import type { Verdict } from "./result.ts";

export const callVerdicts: readonly Verdict[] = [
  // circuit-breaker: what spares work, and changes no answer.
  {
    file: "circuit-breaker/circuit.ts",
    line: "this.#window.forget(this.#nowMs())",
    reason: "The windows that are none of time forget nothing by it.",
  },
  {
    file: "circuit-breaker/circuit.ts",
    line: "if (this.#limits.slowCallMs !== Infinity) this.#stamp(attempt);",
    reason: "It spares a look at the clock where nobody asks how long a call takes.",
  },
  {
    file: "circuit-breaker/circuit.ts",
    line: "if (permit !== this.#plainEpoch || slowCallMs !== Infinity) {",
    reason: "The short way of a success: the long one comes to the same.",
  },
  {
    file: "circuit-breaker/circuit.ts",
    line: "if (this.#window.failures > 0 && isTooMuch(this.#window, this.#limits)) {",
    reason: "Without a failure nothing is too much; #move asks again anyway.",
  },
  {
    file: "circuit-breaker/circuit.ts",
    line: 'this.#move(permit, attempt, "success", false, undefined);',
    reason: "A closed circuit does not look there whether a call was slow.",
  },
  {
    file: "circuit-breaker/circuit.ts",
    line: "if (this.#share) this.#open();",
    reason: "It brings back the short way, and spares that where nobody else can hold the circuit.",
  },
  {
    file: "circuit-breaker/circuit.ts",
    line: "else if (nowMs - attempt.startedMs >= 1) attempt.begunMs = nowMs;",
    reason: "Less than a millisecond of waiting is not worth a note, and makes no call slow.",
  },
  {
    file: "circuit-breaker/circuit.ts",
    line: "if (permit.leaseEndMs === Infinity) return;",
    reason: "A permit that is not kept is made again alike.",
  },
  {
    file: "circuit-breaker/circuit.ts",
    line: 'if (this.#state.kind === "closed" && outcome !== "ignore") {',
    reason:
      "What a half-open circuit notes in its window is forgotten with its end, and asked by nobody.",
  },
  {
    file: "circuit-breaker/circuit.ts",
    line: 'if (isPlain && (outcome === "ignore"',
    reason: "The short way of a call that moves nothing: the long one comes to the same.",
  },
  {
    file: "circuit-breaker/circuit.ts",
    line: "if (!line || line.size === 0) return;",
    reason: "Where nobody waits, nobody is called in.",
  },
  {
    file: "circuit-breaker/circuit.ts",
    line: 'const retryAfterMs = state.kind === "open"',
    reason:
      "Whoever is turned away here is so by an isolation, which names no time, or by an open circuit.",
  },
  {
    file: "circuit-breaker/circuit.ts",
    line: "const permit = { epoch: UNCOUNTED, leaseEndMs: Infinity };",
    reason: "Any permit counts for nothing that is none of the epoch.",
  },
  {
    file: "circuit-breaker/circuit.ts",
    line: "const UNCOUNTED = 2 ** 30 - 1;",
    reason: "No circuit changes its state a thousand million times.",
  },
  {
    file: "circuit-breaker/circuit.ts",
    line: "if (this.#isShut(nowMs)) return NOBODY;",
    reason: "Whoever still waits under an isolation has no place anyway.",
  },
  {
    file: "circuit-breaker/circuit.ts",
    line: 'return this.isIsolated || (state.kind === "open" && nowMs < state.untilMs);',
    reason: "A state that is not open has no such time, and no number is less than none.",
  },
  {
    file: "circuit-breaker/circuit.ts",
    line: "return state.ramp?.leases ?? [];",
    mutator: "ArrayDeclaration",
    reason: "A closed circuit without a ramp lets nobody wait; a text is no later time than any.",
  },
  {
    file: "circuit-breaker/circuit.ts",
    line: 'return state.kind === "half-open" ? state.leases : [];',
    reason: "An open circuit has no leases, and a text is no later time than any.",
  },
  {
    file: "circuit-breaker/circuit.ts",
    line: 'const isPlain = state.kind === "closed"',
    reason: "A disabled circuit is asked before, and gives permits that are none of the epoch.",
  },
  {
    file: "circuit-breaker/circuit-state.ts",
    line: 'case "open":',
    reason: "No permit is of the epoch of an open state: it is here for the compiler.",
  },
  {
    file: "circuit-breaker/circuit-state.ts",
    line: 'if (state.kind === "open" || !state.ramp',
    reason: "An open state has no ramp: it is here for the compiler.",
  },
  {
    file: "circuit-breaker/thresholds.ts",
    line: "warmUntilMs: warmUpMs > 0 ?",
    reason: "A circuit that needs no warming up is born at 0, and no call is earlier.",
  },
  {
    file: "circuit-breaker/window-state.ts",
    line: 'return { kind: "time", tenths: [] };',
    reason: "The model of the tests; what has no number of a tenth is forgotten at once.",
  },
  {
    file: "circuit-breaker/window-state.ts",
    line: "failures / calls >= failureRate",
    reason: "Nothing is as much as a rate that is not there.",
  },
  {
    file: "circuit-breaker/window-state.ts",
    line: "return slowCallMs !== Infinity",
    reason: "Where no call is slow, their share is below every rate.",
  },
  {
    file: "circuit-breaker/call-window.ts",
    line: "if (!this.#ring && mark === FINE) {",
    reason: "It spares the ring while all marks are alike.",
  },
  {
    file: "circuit-breaker/call-window.ts",
    line: "if (nowMs >= this.#endMs) this.forget(nowMs);",
    mutator: "ConditionalExpression",
    reason: "It spares the question while the tenth is the same.",
  },
  {
    file: "circuit-breaker/call-window.ts",
    line: "this.#endMs = ((tenth + 1) * this.#windowMs) / TENTHS;",
    reason: "An earlier end is asked for more often, and forgets no more.",
  },
  {
    file: "circuit-breaker/call-window.ts",
    line: "if (mark !== FINE) this.#add(",
    reason: "It spares adding nothing.",
  },
  {
    file: "circuit-breaker/trial-line.ts",
    line: "this.#given.delete(ticket);",
    reason: "Tickets are never given twice: what stays is a leak that only a heap shows.",
  },
  {
    file: "circuit-breaker/trial-line.ts",
    line: "this.#tickets += 1;",
    reason: "Numbers that go down are all different as well.",
  },
  {
    file: "circuit-breaker/circuit-breaker.ts",
    line: "if (initialState || sharing) this.#make(limits);",
    reason: "It spares the circuit of a breaker that nobody calls.",
  },
  {
    file: "circuit-breaker/circuit-sharing.ts",
    line: "this.#sides.clear();",
    reason: "To leave twice is to leave once.",
  },
  {
    file: "circuit-breaker/circuit-sharing.ts",
    line: "[random.next(), random.next()].map(",
    reason: "Any name will do that no other node has.",
  },
  {
    file: "circuit-breaker/circuit-store.ts",
    line: "this.#writes += 1;",
    reason: "A version needs only be another one after each write.",
  },
  {
    file: "circuit-breaker/circuit-store.ts",
    line: "if (isFull && first !== undefined) this.#cells.delete(first);",
    reason: "A memory that is full has a first cell: it is here for the compiler.",
  },
  {
    file: "circuit-breaker/circuit-store.ts",
    line: "if (isLast) this.#watchers.delete(circuit);",
    reason: "What stays is an empty row of watchers, which nobody sees.",
  },
  {
    file: "circuit-breaker/circuit-store.ts",
    line: "const isLast = !watchers.isHeard",
    reason: "What stays is an empty row of watchers, which nobody sees.",
  },
  {
    file: "circuit-breaker/small-circuit.ts",
    line: 'const isCounted = state.kind === "closed"',
    reason: "Only a closed circuit looks at its failures, and each new state begins with none.",
  },

  // executor
  {
    file: "executor/resilience-update.ts",
    line: ": true,",
    mutator: "BooleanLiteral",
    reason: "The keys count, and no value: the compiler holds them complete.",
  },
  {
    file: "executor/named-call.ts",
    line: ": true,",
    mutator: "BooleanLiteral",
    reason: "The keys count, and no value: the compiler holds them complete.",
  },
  {
    file: "executor/resilience-update.ts",
    line: "const { enabled = true,",
    reason: "It is only asked whether it is true or false.",
  },
  {
    file: "executor/named-call.ts",
    line: "this.#revision += 1;",
    reason: "A revision needs only be another one.",
  },
  {
    file: "executor/named-call.ts",
    line: 'const layers = chosen === "none" ? []',
    reason: "A text laid over policies names none.",
  },
  {
    file: "executor/named-call.ts",
    line: "get revision(): number {",
    reason: "Without it the policies are put together at each call, to the same end.",
  },
  {
    file: "executor/ending.ts",
    line: "if (!this.#onCall && !shared.isHeard) return;",
    reason: "It spares a measure that nobody hears.",
  },
  {
    file: "executor/shared-call.ts",
    line: "readonly isHeard = false;",
    reason: "It spares a measure that nobody hears.",
  },
  {
    file: "executor/guards.ts",
    line: "if (!isOn) this.#modeBefore ??=",
    reason: "While policies are on it is forgotten in the same breath.",
  },
  {
    file: "executor/guards.ts",
    line: "if (mode) this.#circuit?.configure({ mode });",
    reason: "A threshold that is not given leaves the one that holds.",
  },
  {
    file: "executor/guards.ts",
    line: "if (this.#modeBefore === undefined) this.#circuit?.configure(thresholds);",
    mutator: "ConditionalExpression",
    reason: "Settings name no mode, so that the circuit stays disabled either way.",
  },
  {
    file: "executor/plan.ts",
    line: "const isPlain = !(",
    reason: "It spares a nested run where one frame is enough; both come to the same.",
  },
  {
    file: "executor/plan.ts",
    line: "return Object.keys(rest).length > 0 ? rest : undefined;",
    reason: "A claim without anything in it claims nothing.",
  },
  {
    file: "executor/switch.ts",
    line: "if (own.isOn === isOn) return;",
    reason: "One turn more puts the policies together once more, to the same end.",
  },
  {
    file: "executor/names.ts",
    line: "if (oldest !== undefined) this.#recent.delete(oldest);",
    mutator: "ConditionalExpression",
    reason: "More than a thousand have a first: it is here for the compiler.",
  },
  {
    file: "executor/names.ts",
    line: "#gone",
    reason:
      "What stays is a name without a thing, which nobody sees; many-names.ts shows the heap.",
  },
  {
    file: "executor/names.ts",
    line: "this.#known.delete(name);",
    reason:
      "What stays is a name without a thing, which nobody sees; many-names.ts shows the heap.",
  },

  // retry
  {
    file: "retry/retry-budget.ts",
    line: "refusal: () => new BudgetExhaustedError(budget.name),",
    reason: "A budget that only listens turns nobody away.",
  },
  {
    file: "retry/series.ts",
    line: "const retryAfterMs = askedMs > 0 ? askedMs : 0;",
    reason: "Nothing is nothing.",
  },
  {
    file: "retry/series.ts",
    line: "if (most > 1 && !(reason instanceof RejectedError)) {",
    reason:
      "It spares the marks of one that never tries again, which counts as one call either way.",
  },
  {
    file: "retry/series.ts",
    line: "if (maxAttempts > 1) tellAround(first, this);",
    reason:
      "It spares the news of one that never tries again, which counts as one call either way.",
  },
  {
    file: "retry/series.ts",
    line: "this.clock = (options.maxTotalMs ?? Infinity) === Infinity",
    reason: "It spares a look at the clock where the time in all is not limited.",
  },
  {
    file: "retry/series.ts",
    line: "this.judge = clock === systemClock",
    reason: "Tables on the system's clock are those that hold anyway.",
  },
  {
    file: "retry/recent-attempts.ts",
    line: "const oldest = Math.max(this.#newest + 1, newest - SLICES + 1);",
    reason: "To forget a slice twice is to forget it once.",
  },
];
