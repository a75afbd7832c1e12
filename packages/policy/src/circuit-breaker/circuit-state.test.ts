import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { Outcome } from "../base/index.ts";
import {
  admit,
  type CircuitLimits,
  type CircuitState,
  closed,
  fit,
  type Permit,
  reset,
  settle,
} from "./circuit-state.ts";

type Action = "start" | "reset" | Outcome;

/** A circuit with all that is in flight through it, checked against the rules after every step. */
class CheckedCircuit {
  state: CircuitState = closed(0);
  readonly #limits: CircuitLimits;
  readonly #inFlight: Permit[] = [];
  #nowMs = 0;

  constructor(limits: CircuitLimits) {
    this.#limits = limits;
  }

  live(waitMs: number, action: Action, which: number): void {
    this.#nowMs += waitMs;
    const before = this.state;
    if (action === "start") this.#start();
    else if (action === "reset") this.state = reset(before);
    else this.#settle(action, which);
    if (action === "ignore") expect(this.state.kind).toBe(before.kind);
    if (action === "reset") expect(this.state).toEqual(closed(before.epoch + 1));
    const isNew = this.state.kind !== before.kind || action === "reset";
    expect(this.state.epoch - before.epoch).toBe(isNew ? 1 : 0);
    this.#check(this.state);
  }

  admitsInTheEnd(): boolean {
    const { timeoutMs, leaseMs } = this.#limits;
    return admit(this.state, this.#limits, this.#nowMs + Math.max(timeoutMs, leaseMs)).admitted;
  }

  #start(): void {
    const admission = admit(this.state, this.#limits, this.#nowMs);
    expect(admission.admitted).toBe(this.#mayStart(this.state));
    if (!admission.admitted) return;
    this.state = admission.state;
    expect(admission.permit.epoch).toBe(this.state.epoch);
    this.#inFlight.push(admission.permit);
  }

  #settle(outcome: Outcome, which: number): void {
    const [permit] = this.#inFlight.splice(which % Math.max(this.#inFlight.length, 1), 1);
    if (permit) this.state = settle(this.state, this.#limits, this.#nowMs, permit, outcome);
  }

  #mayStart(state: CircuitState): boolean {
    if (state.kind === "open") return this.#nowMs >= state.untilMs;
    if (state.kind === "closed") return true;
    return this.#trialsOf(state.epoch).length + state.successes < this.#limits.successThreshold;
  }

  #trialsOf(epoch: number): readonly number[] {
    return this.#inFlight.flatMap(({ epoch: own, leaseEndMs }) =>
      own === epoch && this.#nowMs < leaseEndMs ? [leaseEndMs] : [],
    );
  }

  #check(state: CircuitState): void {
    const { failureThreshold, successThreshold } = this.#limits;
    if (state.kind === "closed") expect(state.failures).toBeLessThan(failureThreshold);
    if (state.kind !== "half-open") return;
    const held = state.leases.filter((endMs) => this.#nowMs < endMs);
    expect(held).toEqual(this.#trialsOf(state.epoch));
    expect(state.leases.length).toBeLessThanOrEqual(successThreshold);
    expect(state.successes).toBeLessThan(successThreshold);
  }
}

describe("a circuit, in any history", () => {
  const step = fc.record({
    waitMs: fc.integer({ min: 0, max: 50 }),
    action: fc.oneof(
      { weight: 20, arbitrary: fc.constantFrom<Action>("start", "start", "success", "failure") },
      { weight: 5, arbitrary: fc.constant<Action>("ignore") },
      { weight: 1, arbitrary: fc.constant<Action>("reset") },
    ),
    which: fc.nat(),
  });
  const anyLimits: fc.Arbitrary<CircuitLimits> = fc.record({
    failureThreshold: fc.integer({ min: 1, max: 3 }),
    successThreshold: fc.integer({ min: 1, max: 4 }),
    timeoutMs: fc.integer({ min: 1, max: 100 }),
    leaseMs: fc.integer({ min: 1, max: 200 }),
  });

  it("admits neither too early nor too many, never locks up, and never goes back in epoch", () => {
    const transitions = new Set<string>();
    fc.assert(
      fc.property(anyLimits, fc.array(step, { maxLength: 200, size: "max" }), (limits, steps) => {
        const circuit = new CheckedCircuit(limits);
        for (const { waitMs, action, which } of steps) {
          const before = circuit.state.kind;
          circuit.live(waitMs, action, which);
          if (circuit.state.kind !== before) transitions.add(`${before} > ${circuit.state.kind}`);
        }
        expect(circuit.admitsInTheEnd()).toBe(true);
      }),
    );

    // A property that never got there proves nothing: these are the arrows of the drawing, with the
    // reset that closes from everywhere.
    expect([...transitions].sort()).toEqual([
      "closed > open",
      "half-open > closed",
      "half-open > open",
      "open > closed",
      "open > half-open",
    ]);
  });
});

describe("a circuit under new limits", () => {
  const limits: CircuitLimits = {
    failureThreshold: 3,
    successThreshold: 2,
    timeoutMs: 100,
    leaseMs: 200,
  };
  const halfOpen: CircuitState = { kind: "half-open", epoch: 4, leases: [], successes: 2 };

  it("is closed when it has trials enough for them: nobody would be admitted any more", () => {
    expect(fit(halfOpen, limits)).toEqual(closed(5));
    expect(admit(halfOpen, limits, 0).admitted).toBe(false);
  });

  it("stays as it is when more trials are asked for", () => {
    expect(fit(halfOpen, { ...limits, successThreshold: 3 })).toBe(halfOpen);
    expect(fit(closed(1), limits)).toEqual(closed(1));
  });
});
