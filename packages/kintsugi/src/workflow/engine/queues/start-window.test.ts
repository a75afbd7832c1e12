import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { StartWindow } from "./start-window.ts";

const PERIOD_MS = 100;

describe("a limit of starts", () => {
  it("holds in every stretch of a period, wherever it begins, and lets in as soon as it may", () => {
    const waits = fc.array(fc.integer({ min: 0, max: 70 }), { size: "max", maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), waits, (limit, waitsMs) => {
        const window = new StartWindow(limit, PERIOD_MS, []);
        const starts: number[] = [];
        let nowMs = 1_000;
        for (const waitMs of waitsMs) {
          nowMs += waitMs;
          const inPeriod = starts.filter((atMs) => atMs > nowMs - PERIOD_MS).length;
          const mayStart = window.nextAtMs(nowMs) <= nowMs;
          expect(mayStart).toBe(inPeriod < limit);
          if (!mayStart) continue;
          window.add(nowMs);
          starts.push(nowMs);
        }
      }),
    );
  });

  it("goes on where an earlier process stopped counting", () => {
    const window = new StartWindow(2, PERIOD_MS, [900, 950, 990]);
    expect(window.nextAtMs(1_000)).toBe(1_050);
    expect(window.nextAtMs(1_060)).toBe(1_060);
  });

  it("holds nobody for longer than a period when the clock is set back", () => {
    const window = new StartWindow(1, PERIOD_MS, [1_000_000]);
    expect(window.nextAtMs(1_000)).toBe(1_000 + PERIOD_MS);
    expect(window.nextAtMs(1_100)).toBe(1_100);
  });
});
