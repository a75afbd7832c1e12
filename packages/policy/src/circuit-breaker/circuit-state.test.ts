import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { Outcome } from "../base/index.ts";
import {
  admit,
  aStoredCircuit,
  type CircuitState,
  closed,
  closedForAll,
  fit,
  type Permit,
  reset,
  settle,
} from "./circuit-state.ts";
import { anyLimits, plainLimits } from "./fixtures/limits.ts";
import type { BreakerLimits } from "./thresholds.ts";
import { emptyWindow, FAILED, FINE, isTooMuch, note, SLOW, tally } from "./window-state.ts";

type Action = "start" | "reset" | Outcome;

interface Step {
  readonly waitMs: number;
  readonly action: Action;
  readonly which: number;
  readonly isSlow: boolean;
  readonly retryAfterMs: number | undefined;
}

/** A circuit with all that is in flight through it, checked against the rules after every step. */
class CheckedCircuit {
  state: CircuitState = closed(0);
  #window = emptyWindow(plainLimits);
  readonly #limits: BreakerLimits;
  readonly #inFlight: Permit[] = [];
  #nowMs = 0;

  constructor(limits: BreakerLimits) {
    this.#limits = limits;
    this.#window = emptyWindow(limits);
  }

  live(step: Step): void {
    const { waitMs, action } = step;
    this.#nowMs += waitMs;
    const before = this.state;
    if (action === "start") this.#start();
    else if (action === "reset") this.state = reset(before);
    else this.#settle(action, step);
    if (action === "ignore") expect(this.state.kind).toBe(before.kind);
    if (action === "reset") expect(this.state).toEqual(closed(before.epoch + 1));
    const isNew = this.state.kind !== before.kind || action === "reset";
    expect(this.state.epoch - before.epoch).toBe(isNew ? 1 : 0);
    if (isNew) this.#window = emptyWindow(this.#limits);
    this.#check(this.state);
  }

  admitsInTheEnd(): boolean {
    const { maxOpenMs, leaseMs } = this.#limits;
    return admit(this.state, this.#limits, this.#nowMs + Math.max(maxOpenMs, leaseMs)).admitted;
  }

  #start(): void {
    const admission = admit(this.state, this.#limits, this.#nowMs);
    expect(admission.admitted).toBe(this.#mayStart(this.state));
    if (!admission.admitted) return;
    this.state = admission.state;
    expect(admission.permit.epoch).toBe(this.state.epoch);
    this.#inFlight.push(admission.permit);
  }

  #settle(outcome: Outcome, { which, isSlow, retryAfterMs }: Step): void {
    const [permit] = this.#inFlight.splice(which % Math.max(this.#inFlight.length, 1), 1);
    if (!permit) return;
    const { state } = this;
    const counts = state.kind === "closed" && permit.epoch === state.epoch;
    if (counts && outcome !== "ignore") {
      const mark = (outcome === "failure" ? FAILED : FINE) | (isSlow ? SLOW : FINE);
      this.#window = note(this.#window, this.#limits, this.#nowMs, mark);
    }
    const window = tally(this.#window, this.#limits, this.#nowMs);
    const end = { outcome, isSlow, retryAfterMs };
    this.state = settle(state, this.#limits, this.#nowMs, permit, end, window);
    if (permit.epoch !== state.epoch) expect(this.state).toBe(state);
  }

  #mayStart(state: CircuitState): boolean {
    if (state.kind === "open") return this.#nowMs >= state.untilMs;
    if (state.kind === "closed") {
      return !state.ramp || this.#leasesOf(state.epoch).length < state.ramp.successes;
    }
    return this.#leasesOf(state.epoch).length + state.successes < this.#limits.successThreshold;
  }

  #leasesOf(epoch: number): readonly number[] {
    return this.#inFlight.flatMap(({ epoch: own, leaseEndMs }) =>
      own === epoch && this.#nowMs < leaseEndMs && leaseEndMs < Infinity ? [leaseEndMs] : [],
    );
  }

  #check(state: CircuitState): void {
    const { successThreshold, rampCalls, warmUntilMs, timeoutMs, maxOpenMs } = this.#limits;
    if (state.kind === "open") {
      const openMs = state.untilMs - state.openedMs;
      expect(openMs).toBeGreaterThanOrEqual(timeoutMs);
      expect(openMs).toBeLessThanOrEqual(maxOpenMs);
      expect(state.openedMs).toBeGreaterThanOrEqual(warmUntilMs);
      return;
    }
    const leases = state.kind === "closed" ? state.ramp?.leases : state.leases;
    const held = leases?.filter((endMs) => this.#nowMs < endMs) ?? [];
    if (leases) expect(held).toEqual(this.#leasesOf(state.epoch));
    if (state.kind === "half-open") {
      expect(leases?.length).toBeLessThanOrEqual(successThreshold);
      expect(state.successes).toBeLessThan(successThreshold);
      return;
    }
    if (state.ramp) expect(state.ramp.successes).toBeLessThan(rampCalls);
    const window = tally(this.#window, this.#limits, this.#nowMs);
    const isFresh = this.#limits.window !== "time"; // Time can make few calls of many by itself.
    if (isFresh && this.#nowMs >= warmUntilMs && warmUntilMs === -Infinity) {
      expect(isTooMuch(window, this.#limits)).toBe(false);
    }
  }
}

describe("a circuit, in any history", () => {
  const step: fc.Arbitrary<Step> = fc.record({
    waitMs: fc.integer({ min: 0, max: 50 }),
    action: fc.oneof(
      { weight: 20, arbitrary: fc.constantFrom<Action>("start", "start", "success", "failure") },
      { weight: 5, arbitrary: fc.constantFrom<Action>("ignore", "success") },
      { weight: 1, arbitrary: fc.constant<Action>("reset") },
    ),
    which: fc.nat(),
    isSlow: fc.boolean(),
    retryAfterMs: fc.option(fc.integer({ min: 0, max: 2_000 }), { nil: undefined }),
  });

  it("admits neither too early nor too many, never locks up, and never goes back in epoch", () => {
    const transitions = new Set<string>();
    fc.assert(
      fc.property(anyLimits, fc.array(step, { maxLength: 200, size: "max" }), (limits, steps) => {
        const circuit = new CheckedCircuit(limits);
        for (const each of steps) {
          const before = phase(circuit.state);
          circuit.live(each);
          const after = phase(circuit.state);
          if (after !== before) transitions.add(`${before} > ${after}`);
        }
        expect(circuit.admitsInTheEnd()).toBe(true);
      }),
      { numRuns: 150 },
    );

    // A property that never got there proves nothing: these are the arrows of the drawing, with those of
    // the ramp and of the reset that closes from everywhere.
    expect([...transitions].sort()).toEqual([
      "closed > open",
      "half-open > closed",
      "half-open > open",
      "half-open > ramp",
      "open > closed",
      "open > half-open",
      "ramp > closed",
      "ramp > open",
    ]);
  }, 30_000);
});

describe("a circuit under new limits", () => {
  const limits: BreakerLimits = { ...plainLimits, successThreshold: 2 };
  const halfOpen = { kind: "half-open", epoch: 4, leases: [], successes: 2, openings: 1 } as const;

  it("is closed when it has trials enough for them: nobody would be admitted any more", () => {
    expect(fit(halfOpen, limits)).toEqual(closed(5));
    expect(admit(halfOpen, limits, 0).admitted).toBe(false);
  });

  it("stays as it is when more trials are asked for", () => {
    expect(fit(halfOpen, { ...limits, successThreshold: 3 })).toBe(halfOpen);
    expect(fit(closed(1), limits)).toEqual(closed(1));
  });

  it("leaves a ramp that is not as long any more", () => {
    const ramp = { successes: 3, leases: [5], openings: 1 };
    const state: CircuitState = { ...closed(2), ramp };
    expect(fit(state, { ...limits, rampCalls: 4 })).toBe(state);
    expect(fit(state, { ...limits, rampCalls: 3 })).toEqual(closed(2));
  });
});

describe("a circuit that is closed for all", () => {
  const limits: BreakerLimits = { ...plainLimits, successThreshold: 2, rampCalls: 5 };

  it("begins its ramp as one that its own trials have closed", () => {
    const open: CircuitState = { kind: "open", epoch: 4, openedMs: 0, untilMs: 9, openings: 3 };
    const ramp = { successes: 2, leases: [], openings: 3 };
    expect(closedForAll(open, limits)).toEqual({ ...closed(5), ramp });
    expect(closedForAll(open, plainLimits)).toEqual(closed(5));
  });

  it("stays as it is where it was closed before", () => {
    const state: CircuitState = { ...closed(4), failures: 2 };
    expect(closedForAll(state, limits)).toBe(state);
  });
});

it.each([
  [{ kind: "closed", epoch: 1, failures: 0 }, true],
  [{ kind: "open", epoch: 1, trialAtMs: 5 }, true],
  [{ kind: "half-open", epoch: 1, successes: 0 }, true],
  [{ kind: "closed", epoch: 1.5, failures: 0 }, false],
  [{ kind: "closed", epoch: 1 }, false],
  [{ kind: "open", epoch: 1, failures: 0 }, false],
  [{ kind: "ajar", epoch: 1, failures: 0 }, false],
  [null, false],
])("%j is a stored circuit: %j", (value, isOne) => {
  expect(aStoredCircuit.fits(value)).toBe(isOne);
});

/** The state, and whether it has a ramp. */
function phase(state: CircuitState): string {
  return state.kind === "closed" && state.ramp ? "ramp" : state.kind;
}
