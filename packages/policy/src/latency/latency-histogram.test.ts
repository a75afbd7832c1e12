import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { LatencyHistogram } from "./latency-histogram.ts";

const filled = (latencies: readonly number[], share: number): LatencyHistogram => {
  const histogram = new LatencyHistogram(1_000, share);
  for (const ms of latencies) histogram.add(ms);
  return histogram;
};

describe("the percentile of recent latencies", () => {
  it("is at most a ninth above what sorting them would give, and never below", () => {
    const latency = fc.double({ min: 0.2, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(latency, { minLength: 1, maxLength: 400, size: "max" }),
        fc.double({ min: 0.5, max: 0.999, noNaN: true }),
        (latencies, share) => {
          const sorted = latencies.toSorted((a, b) => a - b);
          const exact = sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
          const read = filled(latencies, share).percentileMs();
          expect(read).toBeGreaterThanOrEqual(exact * 0.999_999);
          expect(read).toBeLessThanOrEqual(exact * 1.091);
        },
      ),
    );
  });

  it("forgets what is long ago", () => {
    const histogram = filled(Array<number>(1_000).fill(800), 0.95);
    expect(histogram.percentileMs()).toBeGreaterThanOrEqual(800);
    for (let call = 0; call < 1_000; call += 1) histogram.add(2);
    expect(histogram.count).toBe(1_000);
    expect(histogram.percentileMs()).toBe(2);
  });

  it("holds at both ends of what it can tell apart", () => {
    expect(new LatencyHistogram(20, 0.95).percentileMs()).toBe(0);
    expect(filled([0], 0.95).percentileMs()).toBe(1 / 8);
    expect(filled([1e12], 0.95).percentileMs()).toBe(2 ** 21);
  });
});
