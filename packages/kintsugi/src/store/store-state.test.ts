import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { StoreState } from "./port.ts";
import { opened, type StoreInput, step } from "./store-state.ts";

describe("the life of a store, in any history", () => {
  const input: fc.Arbitrary<StoreInput> = fc.constantFrom<StoreInput>(
    { kind: "no room" },
    { kind: "no room" },
    { kind: "room" },
    { kind: "room" },
    { kind: "broke", message: "disk I/O error" },
    { kind: "closed" },
  );

  it("remembers since when it is full, and never leaves an end", () => {
    const arrows = new Set<string>();

    fc.assert(
      fc.property(fc.array(input, { maxLength: 30, size: "max" }), (inputs) => {
        let state: StoreState = opened;
        let fullSinceMs = Number.NaN;
        for (const [nowMs, given] of inputs.entries()) {
          const before: StoreState = state;
          state = step(before, given, nowMs);
          if (before.kind === "failed" || before.kind === "closed") expect(state).toBe(before);
          if (before.kind !== "full") fullSinceMs = nowMs;
          if (state.kind === "full") expect(state.sinceMs).toBe(fullSinceMs);
          if (state.kind === "failed" && given.kind === "broke") {
            expect(state.message).toBe("disk I/O error");
          }
          if (state.kind !== before.kind) arrows.add(`${before.kind} > ${state.kind}`);
        }
      }),
    );

    expect([...arrows].sort()).toEqual([
      "full > closed",
      "full > failed",
      "full > open",
      "open > closed",
      "open > failed",
      "open > full",
    ]);
  });
});
