import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  type ComponentInput,
  type ComponentRules,
  type ComponentState,
  describeExit,
  isUp,
  nextComponent,
  unborn,
} from "./component-state.ts";
import { healthOf } from "./health-state.ts";
import { startDueInMs } from "./restart/restart-state.ts";

const anyReason = fc.constantFrom(
  { kind: "exited", code: 0 } as const,
  { kind: "exited", code: 1 } as const,
  { kind: "signalled", signal: "SIGKILL" } as const,
  { kind: "unknown" } as const,
);

const anyInput: fc.Arbitrary<ComponentInput> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("launch"), again: fc.boolean() }) },
  fc.record({ kind: fc.constant("adopt"), incarnation: fc.nat({ max: 100 }) }),
  { weight: 2, arbitrary: fc.constant({ kind: "ready" } as const) },
  fc.constant({ kind: "halt" } as const),
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("exit"),
      reason: anyReason,
      chance: fc.constant(0.5),
    }),
  },
  fc.constant({ kind: "calm" } as const),
  fc.constant({ kind: "pardon" } as const),
);

const anyRules: fc.Arbitrary<ComponentRules> = fc.record({
  mode: fc.constantFrom("permanent", "permanent", "transient", "temporary"),
  limits: fc.record({
    initialDelayMs: fc.integer({ min: 0, max: 100 }),
    maxDelayMs: fc.integer({ min: 0, max: 200 }),
    intensity: fc.integer({ min: 0, max: 2 }),
    periodMs: fc.integer({ min: 1, max: 500 }),
    whenExhausted: fc.constantFrom("retry", "give-up"),
  }),
});

const ARROWS = [
  "backing-off > starting",
  "backing-off > stopped",
  "crash-looping > starting",
  "crash-looping > stopped",
  "gave-up > starting",
  "gave-up > stopped",
  "running > backing-off",
  "running > crash-looping",
  "running > gave-up",
  "running > stopped",
  "running > stopping",
  "starting > backing-off",
  "starting > crash-looping",
  "starting > gave-up",
  "starting > running",
  "starting > stopped",
  "starting > stopping",
  "stopped > running",
  "stopped > starting",
  "stopping > stopped",
];

describe("a component, in any history", () => {
  it("takes the arrows of the drawing and no others, and always has a way on", () => {
    const arrows = new Set<string>();
    const step = fc.tuple(anyInput, fc.integer({ min: 0, max: 300 }));

    fc.assert(
      fc.property(anyRules, fc.array(step, { maxLength: 100, size: "max" }), (rules, steps) => {
        let nowMs = 0;
        let state: ComponentState = unborn;
        for (const [input, waitMs] of steps) {
          nowMs += waitMs;
          const before = state;
          state = nextComponent(before, input, rules, nowMs);
          if (state.phase !== before.phase) arrows.add(`${before.phase} > ${state.phase}`);

          expect(state.incarnation).toBeGreaterThanOrEqual(before.incarnation);
          const isNewLife = state.phase === "starting" && before.phase !== "starting";
          if (isNewLife) expect(state.incarnation).toBe(before.incarnation + 1);
          if (state.phase === "backing-off" || state.phase === "crash-looping") {
            if (input.kind !== "pardon") expect(startDueInMs(state.restart, nowMs)).toBeDefined();
            expect(state.failure !== null || input.kind === "pardon").toBe(true);
          }
          if (state.phase === "running") expect(state.failure).toBeNull();
          if (input.kind === "pardon") break; // Asked for at the end only.
        }
        const wanted = nextComponent(state, { kind: "launch", again: true }, rules, nowMs);
        expect(isUp(wanted.phase) || wanted.phase === "stopping").toBe(true);
      }),
      { numRuns: 2_000 }, // The rarest arrows take luck.
    );

    expect([...arrows].sort()).toEqual(ARROWS);
  });
});

describe("health", () => {
  const condition = {
    phase: "running",
    silentMs: null,
    heartbeatMs: 1_000,
    ownWord: { kind: "healthy" },
    failure: null,
    waitsFor: undefined,
  } as const;

  it.each([
    [{}, "healthy"],
    [{ silentMs: 3_000 }, "healthy"],
    [{ silentMs: 3_001 }, "degraded"],
    [{ silentMs: 5_000 }, "degraded"],
    [{ silentMs: 5_001 }, "critical"],
    [{ silentMs: 1_500, heartbeatMs: 100 }, "healthy"],
    [{ silentMs: 1_501, heartbeatMs: 100 }, "degraded"],
    [{ silentMs: 2_501, heartbeatMs: 100 }, "critical"],
    [{ ownWord: { kind: "failed", reason: "no disk" }, silentMs: 9_000 }, "failed"],
    [{ ownWord: { kind: "degraded", reason: "slow" }, silentMs: 9_000 }, "critical"],
    [{ phase: "starting" }, "degraded"],
    [{ phase: "starting", silentMs: 9_000 }, "critical"],
    [{ phase: "starting", failure: "exited with code 1" }, "critical"],
    [{ phase: "stopping" }, "degraded"],
    [{ phase: "stopped" }, "healthy"],
    [{ phase: "stopped", failure: "exited with code 1" }, "failed"],
    [{ phase: "backing-off", failure: "exited with code 1" }, "critical"],
    [{ phase: "crash-looping", failure: "exited with code 1" }, "failed"],
    [{ phase: "gave-up", failure: "exited with code 1" }, "failed"],
  ] as const)("under %o is %s", (some, kind) => {
    expect(healthOf({ ...condition, ...some }).kind).toBe(kind);
  });
});

it.each([
  [{ kind: "exited", code: 3 }, "exited with code 3"],
  [{ kind: "signalled", signal: "SIGSEGV" }, "was ended by SIGSEGV"],
  [{ kind: "spawn-failed", message: "Nothing there" }, "could not be started: Nothing there"],
  [{ kind: "unknown" }, "ended for an unknown reason"],
] as const)("says of %o: it %s", (reason, words) => {
  expect(describeExit(reason)).toBe(words);
});
