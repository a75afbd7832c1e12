import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { manualClock } from "../base/fixtures/clocks.ts";
import { type Attempt, firstAttempt, type Outcome } from "../base/index.ts";
import { Circuit, type CircuitTransition } from "./circuit.ts";
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

type Action = "start" | "reset" | "limit" | "hold" | "release" | Outcome;

/** The circuit that calls pass, beside the machine that it claims to be. */
class Pair {
  state: CircuitState = closed(0);
  readonly circuit: Circuit;
  readonly changes: string[] = [];
  readonly #clock = manualClock();
  readonly #inFlight: { attempt: Attempt; permit: number; model: Permit }[] = [];
  #limits: CircuitLimits;
  #holds = 0;

  constructor(limits: CircuitLimits) {
    this.#limits = limits;
    const onTransition = ({ from, to }: CircuitTransition): void => {
      this.changes.push(`${from} > ${to}`);
    };
    this.circuit = new Circuit(
      { name: "db", clock: this.#clock, onTransition },
      limits,
      this.state,
    );
  }

  async live(waitMs: number, action: Action, which: number, next: CircuitLimits): Promise<void> {
    await this.#clock.advance(waitMs);
    if (action === "start") this.#start();
    else if (action === "reset") this.#reset();
    else if (action === "limit") this.#limit(next);
    else if (action === "hold") this.#hold();
    else if (action === "release") this.#release();
    else this.#end(action, which);
    expect(this.circuit.state).toEqual(this.state);
  }

  #start(): void {
    const attempt = firstAttempt(undefined);
    const permit = this.circuit.tryAdmit(attempt);
    if (this.#holds > 0) {
      expect(permit).toBe(-1);
      return;
    }
    const admission = admit(this.state, this.#limits, this.#clock.monotonicMs());
    expect(permit >= 0).toBe(admission.admitted);
    if (!admission.admitted) {
      expect(this.circuit.refusal().retryAfterMs).toBe(admission.retryAfterMs);
      return;
    }
    this.state = admission.state;
    this.#inFlight.push({ attempt, permit, model: admission.permit });
  }

  #end(outcome: Outcome, which: number): void {
    const [ended] = this.#inFlight.splice(which % Math.max(this.#inFlight.length, 1), 1);
    if (!ended) return;
    const verdict = outcome === "success" ? undefined : { outcome, retryable: false };
    this.circuit.settle(ended.permit, ended.attempt, verdict, new Error("down"));
    const nowMs = this.#clock.monotonicMs();
    const before = this.state;
    this.state = settle(before, this.#limits, nowMs, ended.model, outcome);
    if (ended.model.epoch < before.epoch) expect(this.circuit.state).toEqual(before);
  }

  #reset(): void {
    this.circuit.reset();
    this.state = reset(this.state);
  }

  #limit(next: CircuitLimits): void {
    this.#limits = next;
    this.circuit.limit(next);
    this.state = fit(this.state, next);
  }

  #hold(): void {
    this.#holds += 1;
    this.circuit.hold();
  }

  #release(): void {
    if (this.#holds === 0) return;
    this.#holds -= 1;
    this.circuit.release();
  }
}

describe("a circuit, in any history", () => {
  const anyLimits: fc.Arbitrary<CircuitLimits> = fc.record({
    failureThreshold: fc.integer({ min: 1, max: 3 }),
    successThreshold: fc.integer({ min: 1, max: 3 }),
    timeoutMs: fc.integer({ min: 1, max: 100 }),
    leaseMs: fc.integer({ min: 1, max: 200 }),
  });
  const calls = fc.constantFrom<Action>("start", "start", "success", "failure", "ignore");
  const rare = fc.constantFrom<Action>("reset", "limit", "hold", "release", "release");
  const step = fc.record({
    waitMs: fc.integer({ min: 0, max: 50 }),
    action: fc.oneof({ weight: 12, arbitrary: calls }, { weight: 1, arbitrary: rare }),
    which: fc.nat(),
    limits: anyLimits,
  });

  it("is what its machine says, and no late result moves a newer state", async () => {
    const seen = new Set<string>();
    const histories = fc.array(step, { maxLength: 120, size: "max" });
    await fc.assert(
      fc.asyncProperty(anyLimits, histories, async (limits, steps) => {
        const pair = new Pair(limits);
        for (const each of steps) {
          await pair.live(each.waitMs, each.action, each.which, each.limits);
        }
        for (const change of pair.changes) seen.add(change);
      }),
      { numRuns: 60 },
    );
    expect([...seen].sort()).toEqual([
      "closed > open",
      "half-open > closed",
      "half-open > open",
      "open > closed",
      "open > half-open",
    ]);
  });
});
