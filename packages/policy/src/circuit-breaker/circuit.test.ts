import fc from "fast-check";
import { expect, it } from "vitest";

import { type Attempt, type Clock, firstAttempt, type Outcome, REFUSED } from "../base/index.ts";
import { isSameWindow } from "./call-window.ts";
import { Circuit, type CircuitTransition } from "./circuit.ts";
import {
  admit,
  type CircuitState,
  closed,
  fit,
  type Permit,
  reset,
  settle,
} from "./circuit-state.ts";
import { anyThresholds } from "./fixtures/limits.ts";
import { type BreakerLimits, type CircuitThresholds, limitsOf } from "./thresholds.ts";
import { emptyWindow, FAILED, FINE, note, SLOW, tally } from "./window-state.ts";

type Action = "start" | "reset" | "limit" | "hold" | "release" | Outcome;

interface Running {
  readonly attempt: Attempt;
  readonly permit: number;
  readonly startedMs: number;
  readonly model: Permit;
}

/** The circuit as data alone, window and all. */
class Model {
  state: CircuitState = closed(0);
  #limits: BreakerLimits;
  #window;

  constructor(limits: BreakerLimits) {
    this.#limits = limits;
    this.#window = emptyWindow(limits);
  }

  start(nowMs: number): Permit | undefined {
    const admission = admit(this.state, this.#limits, nowMs);
    if (!admission.admitted) return undefined;
    this.#become(admission.state);
    return admission.permit;
  }

  settle(nowMs: number, permit: Permit, outcome: Outcome, lastedMs: number, retryAfterMs?: number) {
    const isSlow = lastedMs >= this.#limits.slowCallMs;
    const counts = this.state.kind === "closed" && permit.epoch === this.state.epoch;
    if (counts && outcome !== "ignore") {
      const mark = (outcome === "failure" ? FAILED : FINE) | (isSlow ? SLOW : FINE);
      this.#window = note(this.#window, this.#limits, nowMs, mark);
    }
    const window = tally(this.#window, this.#limits, nowMs);
    const end = { outcome, isSlow, retryAfterMs };
    this.#become(settle(this.state, this.#limits, nowMs, permit, end, window));
  }

  reset(): void {
    this.#become(reset(this.state));
  }

  limit(limits: BreakerLimits): void {
    if (!isSameWindow(limits, this.#limits)) this.#window = emptyWindow(limits);
    this.#limits = limits;
    this.#become(fit(this.state, limits));
  }

  /** As it is shown: with the failures that stand in the window by now. */
  shown(nowMs: number): CircuitState {
    if (this.state.kind !== "closed") return this.state;
    return { ...this.state, failures: tally(this.#window, this.#limits, nowMs).failures };
  }

  #become(next: CircuitState): void {
    if (next.epoch !== this.state.epoch) this.#window = emptyWindow(this.#limits);
    this.state = next;
  }
}

interface Step {
  readonly waitMs: number;
  readonly action: Action;
  readonly which: number;
  readonly retryAfterMs: number | undefined;
  readonly next: CircuitThresholds;
}

/** The circuit and its model, through the same calls. */
class Pair {
  readonly told: string[] = [];
  readonly model: Model;
  readonly circuit: Circuit;
  readonly #running: Running[] = [];
  #nowMs = 0;
  #holds = 0;

  constructor(thresholds: CircuitThresholds) {
    const limits = limitsOf(thresholds, 0);
    const clock: Clock = {
      epochMs: () => this.#nowMs,
      monotonicMs: () => this.#nowMs,
      after: () => () => {},
      immediate: () => {},
    };
    const onTransition = ({ from, to }: CircuitTransition): void =>
      void this.told.push(`${from} > ${to}`);
    this.circuit = new Circuit({ name: "db", clock, onTransition }, limits, closed(0));
    this.model = new Model(limits);
  }

  live(step: Step): void {
    this.#nowMs += step.waitMs;
    if (step.action === "start") this.#start();
    else if (step.action === "reset") {
      this.circuit.reset();
      this.model.reset();
    } else if (step.action === "limit") {
      const limits = limitsOf(step.next, 0);
      this.circuit.limit(limits);
      this.model.limit(limits);
    } else if (step.action === "hold") this.#hold();
    else if (step.action === "release") this.#release();
    else this.#settle(step.action, step);
    expect(this.circuit.state).toEqual(this.model.shown(this.#nowMs));
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

  #start(): void {
    const attempt = firstAttempt(undefined);
    const permit = this.circuit.tryAdmit(attempt);
    if (this.#holds > 0) {
      expect(permit).toBe(REFUSED);
      return;
    }
    const model = this.model.start(this.#nowMs);
    expect(permit).toBe(model?.epoch ?? REFUSED);
    if (model) this.#running.push({ attempt, permit, startedMs: this.#nowMs, model });
  }

  #settle(outcome: Outcome, { which, retryAfterMs }: Step): void {
    const [call] = this.#running.splice(which % Math.max(this.#running.length, 1), 1);
    if (!call) return;
    const { attempt, permit, startedMs, model } = call;
    const hint = outcome === "failure" ? retryAfterMs : undefined;
    const verdict = { outcome, retryable: false, ...(hint && { retryAfterMs: hint }) };
    this.circuit.settle(permit, attempt, outcome === "success" ? undefined : verdict, undefined);
    // One that began when nobody asked how long calls take is not slow.
    const lastedMs = attempt.startedMs < 0 ? 0 : this.#nowMs - startedMs;
    this.model.settle(this.#nowMs, model, outcome, lastedMs, hint);
  }
}

const step: fc.Arbitrary<Step> = fc.record({
  waitMs: fc.integer({ min: 0, max: 50 }),
  action: fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom<Action>("start", "start", "success", "failure") },
    { weight: 5, arbitrary: fc.constantFrom<Action>("ignore", "success") },
    { weight: 1, arbitrary: fc.constantFrom<Action>("reset", "limit") },
    { weight: 1, arbitrary: fc.constantFrom<Action>("hold", "release", "release") },
  ),
  which: fc.nat(),
  retryAfterMs: fc.option(fc.integer({ min: 0, max: 2_000 }), { nil: undefined }),
  next: anyThresholds,
});

it("does in any history what its model does, and takes every arrow of it", () => {
  const arrows = new Set<string>();
  fc.assert(
    fc.property(anyThresholds, fc.array(step, { maxLength: 200, size: "max" }), (given, steps) => {
      const pair = new Pair(given);
      for (const each of steps) {
        const before = pair.model.state;
        pair.live(each);
        const { kind } = pair.model.state;
        if (before.kind === "closed" && before.ramp) arrows.add(`ramp > ${kind}`);
        if (kind === before.kind) continue;
        arrows.add(`${before.kind} > ${kind}`);
        expect(pair.told.at(-1)).toBe(`${before.kind} > ${kind}`);
      }
    }),
    { numRuns: 150 },
  );
  expect([...arrows].sort()).toEqual([
    "closed > open",
    "half-open > closed",
    "half-open > open",
    "open > closed",
    "open > half-open",
    "ramp > closed",
    "ramp > open",
  ]);
}, 30_000);
