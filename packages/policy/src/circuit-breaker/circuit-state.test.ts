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
        let nowMs = 0;
        let state = closed(0);
        const inFlight: Permit[] = [];
        const trialsOf = (epoch: number): number[] =>
          inFlight.flatMap(({ epoch: own, leaseEndMs }) =>
            own === epoch && nowMs < leaseEndMs ? [leaseEndMs] : [],
          );
        const mayStart = (): boolean => {
          if (state.kind === "open") return nowMs >= state.untilMs;
          if (state.kind === "closed") return true;
          return trialsOf(state.epoch).length + state.successes < limits.successThreshold;
        };

        for (const { waitMs, action, which } of steps) {
          nowMs += waitMs;
          const before: CircuitState = state;
          if (action === "reset") {
            state = reset(state);
            expect(state).toEqual(closed(before.epoch + 1));
          } else if (action === "start") {
            const admission = admit(state, limits, nowMs);
            expect(admission.admitted).toBe(mayStart());
            if (!admission.admitted) continue;
            state = admission.state;
            expect(admission.permit.epoch).toBe(state.epoch);
            inFlight.push(admission.permit);
          } else {
            const [permit] = inFlight.splice(which % Math.max(inFlight.length, 1), 1);
            if (!permit) continue;
            state = settle(state, limits, nowMs, permit, action);
            if (action === "ignore") expect(state.kind).toBe(before.kind);
          }

          if (state.kind !== before.kind) transitions.add(`${before.kind} > ${state.kind}`);
          const isNew = state.kind !== before.kind || action === "reset";
          expect(state.epoch - before.epoch).toBe(isNew ? 1 : 0);
          if (state.kind === "closed") expect(state.failures).toBeLessThan(limits.failureThreshold);
          if (state.kind === "half-open") {
            const held = state.leases.filter((endMs) => nowMs < endMs);
            expect(held).toEqual(trialsOf(state.epoch));
            expect(state.leases.length).toBeLessThanOrEqual(limits.successThreshold);
            expect(state.successes).toBeLessThan(limits.successThreshold);
          }
        }

        const muchLaterMs = nowMs + Math.max(limits.timeoutMs, limits.leaseMs);
        expect(admit(state, limits, muchLaterMs).admitted).toBe(true);
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
