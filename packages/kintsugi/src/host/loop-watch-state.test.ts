import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { type LoopLimits, look, turning } from "./loop-watch-state.ts";

const limits: LoopLimits = { beatMs: 100, reportMs: 1_000 };

describe("a loop that is watched", () => {
  const anyLook = fc.record({
    afterMs: fc.integer({ min: 1, max: 400 }),
    beats: fc.boolean(),
  });

  it("is stalled after enough looks in silence, and turns again with the first beat", () => {
    const arrows = new Set<string>();
    fc.assert(
      fc.property(fc.array(anyLook, { maxLength: 100, size: "max" }), (looks) => {
        let nowMs = 0;
        let beats = 0;
        let state = turning(beats, nowMs);
        let countedMs = 0;
        for (const { afterMs, beats: hasBeaten } of looks) {
          nowMs += afterMs;
          if (hasBeaten) beats += 1;
          const next = look(state, limits, nowMs, beats);
          countedMs = hasBeaten ? 0 : countedMs + Math.min(afterMs, 200);
          expect(next.silentMs).toBe(countedMs);
          expect(next.kind).toBe(countedMs >= 1_000 ? "stalled" : "turning");
          if (next.kind !== state.kind) arrows.add(`${state.kind} > ${next.kind}`);
          state = next;
        }
      }),
    );
    expect([...arrows].sort()).toEqual(["stalled > turning", "turning > stalled"]);
  });

  it("is not blamed for a time in which nobody could look either", () => {
    const stopped = look(turning(7, 0), limits, 3_600_000, 7);
    expect(stopped).toMatchObject({ kind: "turning", silentMs: 200 });
  });
});
