import type { Clock } from "@kintsugi/policy/base";
import { describe, expect, it } from "vitest";

import { simulate } from "./fixtures/simulation.ts";

const day = { seed: "a day", hours: 24, faults: 200 };

describe("a runtime in a simulated world, for 24 hours with 200 faults", () => {
  it("has the same history twice, to the byte, and is well in the end", {
    timeout: 120_000,
  }, async () => {
    const first = await simulate(day);
    const second = await simulate(day);
    expect(second.log === first.log).toBe(true);
    expect(Object.values(first.faults).reduce((sum, count) => sum + count, 0)).toBe(200);
    expect(first.runs.dead).toBe(0);
    expect(first.runs.completed).toBeGreaterThanOrEqual(first.runs.started);
    expect(first.down).toEqual([]);
    expect(first.openIncidents).toBe(0);
    for (const type of ["incident.resolved", "trust.moved", "run.resumed", "component.exited"]) {
      expect(first.facts[type] ?? 0, type).toBeGreaterThan(0);
    }
  });

  it("has another history with another seed", async () => {
    const hour = { hours: 1, faults: 20 };
    const [one, other] = [
      await simulate({ ...hour, seed: "1" }),
      await simulate({ ...hour, seed: "2" }),
    ];
    expect(other.log).not.toBe(one.log);
  });

  it("betrays a single look at the real clock", async () => {
    const hour = { seed: "an hour", hours: 1, faults: 5 };
    const clockOf = (clock: Clock): Clock => ({
      epochMs: () => Date.now(),
      monotonicMs: () => clock.monotonicMs(),
      after: (ms, fn) => clock.after(ms, fn),
      immediate: (fn) => clock.immediate(fn),
    });
    const [one, other] = [
      await simulate({ ...hour, clockOf }),
      await simulate({ ...hour, clockOf }),
    ];
    expect(other.log === one.log).toBe(false);
  });
});
