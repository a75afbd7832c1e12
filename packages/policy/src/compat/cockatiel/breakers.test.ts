import { describe, expect, it, vi } from "vitest";

import { ConsecutiveBreaker, CountBreaker, SamplingBreaker } from "./breakers.ts";
import { CircuitState } from "./circuit-state.ts";
import { fakedTime } from "./fixtures/faked-time.ts";

const { Closed, HalfOpen } = CircuitState;

/** As a store of JSON gives it back. */
const stored = (state: unknown): unknown => JSON.parse(JSON.stringify(state));

describe("a breaker of failures in a row", () => {
  it("opens at the last of them, and counts anew after a success", () => {
    const breaker = new ConsecutiveBreaker(2);
    expect([breaker.failure(), breaker.failure(), breaker.failure()]).toEqual([false, true, true]);
    breaker.success();
    expect([breaker.failure(), breaker.failure()]).toEqual([false, true]);
  });

  it("goes on where another left off", () => {
    const earlier = new ConsecutiveBreaker(2);
    earlier.failure();
    const breaker = new ConsecutiveBreaker(2);
    breaker.state = stored(earlier.state) as number;
    expect(breaker.failure()).toBe(true);
  });
});

describe("a breaker over the last calls", () => {
  const open = (size: number, minimumNumberOfCalls?: number, threshold = 0.5) =>
    new CountBreaker({ threshold, size, ...(minimumNumberOfCalls && { minimumNumberOfCalls }) });

  it.each([-1, 0, 1, 12, Number.NaN])("refuses a threshold of %d", (threshold) => {
    expect(() => new CountBreaker({ threshold, size: 10 })).toThrow(RangeError);
  });

  it.each([-3, 0, 2.5, Infinity])("refuses a size of %d", (size) => {
    expect(() => new CountBreaker({ threshold: 0.5, size })).toThrow(
      `CountBreaker size must be a whole number from 1 to ${Number.MAX_SAFE_INTEGER}, got ${size}`,
    );
  });

  it.each([-1, 0, 0.5, 11])("refuses a minimum of %d calls in a window of 10", (minimum) => {
    const options = { threshold: 0.5, size: 10, minimumNumberOfCalls: minimum };
    expect(() => new CountBreaker(options)).toThrow(RangeError);
  });

  it("begins with room for its calls, and asks for as many as fit where no minimum is named", () => {
    const breaker = open(4);
    expect(breaker.state).toEqual({
      samples: [null, null, null, null],
      currentSample: 0,
      failures: 0,
      successes: 0,
    });
    expect([1, 2, 3, 4].map(() => breaker.failure(Closed))).toEqual([false, false, false, true]);
  });

  it("forgets the eldest call for the newest", () => {
    const breaker = open(3);
    breaker.failure(Closed);
    breaker.failure(Closed);
    for (let call = 0; call < 3; call += 1) breaker.success(Closed);
    expect(breaker.state).toMatchObject({ samples: [true, true, true], failures: 0, successes: 3 });
    expect(breaker.failure(Closed)).toBe(false);
  });

  it("goes on where another left off, at every place of its ring", () => {
    const ends = [false, true, true, false, true, true, true];
    let moved = open(4);
    const stayed = open(4);
    for (const isSuccess of ends) {
      for (const breaker of [moved, stayed]) {
        if (isSuccess) breaker.success(Closed);
        else breaker.failure(Closed);
      }
      const next = open(4);
      next.state = stored(moved.state);
      moved = next;
    }
    expect(moved.state).toEqual(stayed.state);
  });

  it("hands out a copy of its state, and takes one in", () => {
    const breaker = open(2);
    const state = breaker.state as { samples: (boolean | null)[] };
    breaker.failure(Closed);
    expect(state.samples).toEqual([null, null]);
    const other = open(2);
    other.state = state;
    other.failure(Closed);
    expect(state.samples).toEqual([null, null]);
  });

  it("does not open before its minimum of calls", () => {
    const breaker = open(100, 50);
    const said = Array.from({ length: 49 }, () => breaker.failure(Closed));
    expect(said).not.toContain(true);
    expect(breaker.failure(Closed)).toBe(true);
  });

  it("does not open at the threshold, only above it", () => {
    const breaker = open(100, 50);
    for (let call = 0; call < 25; call += 1) breaker.success(Closed);
    const said = Array.from({ length: 25 }, () => breaker.failure(Closed));
    expect(said).not.toContain(true);
    expect(breaker.failure(Closed)).toBe(true);
  });

  it("begins anew when a circuit has closed by its trials", () => {
    const breaker = open(10, 1);
    for (let call = 0; call < 10; call += 1) breaker.failure(Closed);
    breaker.success(HalfOpen);
    expect(breaker.state).toMatchObject({ failures: 0, successes: 1 });
    expect(breaker.failure(Closed)).toBe(false);
  });

  it("opens at every failure of a circuit that is not closed", () => {
    expect(open(10).failure(HalfOpen)).toBe(true);
  });
});

describe("a breaker over a span of time", () => {
  const open = (minimumRps = 3) =>
    new SamplingBreaker({ threshold: 0.5, duration: 5_000, minimumRps });

  it.each([-1, 0, 1, 12, Number.NaN])("refuses a threshold of %d", (threshold) => {
    expect(() => new SamplingBreaker({ threshold, duration: 10 })).toThrow(RangeError);
  });

  it("has a window for each second", () => {
    const breaker = new SamplingBreaker({ threshold: 0.2, duration: 8_000, minimumRps: 4 });
    expect(breaker).toMatchObject({ duration: 8_000, windowSize: 1_000, minimumRpms: 0.004 });
    expect(breaker.windows).toHaveLength(8);
  });

  it("has five windows at least, of whole milliseconds", () => {
    const breaker = new SamplingBreaker({ threshold: 0.2, duration: 103, minimumRps: 4 });
    expect(breaker).toMatchObject({ duration: 105, windowSize: 21 });
    expect(breaker.windows).toHaveLength(5);
  });

  it.each([
    [0.5, 10],
    [0.2, 25],
    [0.25, 20],
  ])(
    "with a threshold of %d asks for %d calls a second, five of them failures",
    (threshold, rps) => {
      const breaker = new SamplingBreaker({ threshold, duration: 1_000 });
      expect(breaker.minimumRpms).toBe(rps / 1_000);
    },
  );

  it("forgets the eldest second for the newest", async () => {
    const advance = fakedTime();
    const breaker = open();
    for (const failures of [4, 1, 0, 2, 3, 5]) {
      for (let call = 0; call < failures; call += 1) breaker.failure(Closed);
      breaker.success(Closed);
      await advance(1_000);
    }
    expect(breaker).toMatchObject({ currentFailures: 11, currentSuccesses: 5 });
  });

  it("goes on where another left off", async () => {
    const advance = fakedTime();
    let moved = open();
    const stayed = open();
    for (let second = 0; second < 8; second += 1) {
      for (const breaker of [moved, stayed]) {
        breaker.failure(Closed);
        breaker.success(Closed);
      }
      await advance(1_000);
      const next = open();
      next.state = stored(moved.state);
      moved = next;
    }
    expect(moved.state).toEqual(stayed.state);
    expect(moved).toMatchObject({ currentFailures: 5, currentSuccesses: 5 });
  });

  it("hands out a copy of its state", () => {
    const breaker = open();
    const state = breaker.state as { windows: { failures: number }[] };
    breaker.failure(Closed);
    expect(state.windows.every(({ failures }) => failures === 0)).toBe(true);
  });

  it("does not open while there are too few calls a second", async () => {
    const advance = fakedTime();
    const breaker = open();
    for (let half = 0; half < 20; half += 1) {
      expect(breaker.failure(Closed)).toBe(false);
      await advance(500);
    }
  });

  it("opens as soon as there are enough calls and too many have failed", async () => {
    const advance = fakedTime();
    const breaker = open();
    for (let call = 0; call < 14; call += 1) {
      expect(breaker.failure(Closed)).toBe(false);
      await advance(50);
    }
    expect(breaker.failure(Closed)).toBe(true);
  });

  it("stays closed at the threshold however long it lasts, and opens at the next failure", async () => {
    const advance = fakedTime();
    for (const calls of [10, 14, 19]) {
      const breaker = open();
      for (let call = 0; call < calls; call += 1) {
        breaker.success(Closed);
        expect(breaker.failure(Closed)).toBe(false);
        await advance(250);
      }
      expect(breaker.failure(Closed)).toBe(true);
    }
  });

  it("begins anew when a circuit has closed by its trials", () => {
    fakedTime();
    const breaker = open();
    for (let call = 0; call < 10; call += 1) breaker.failure(Closed);
    breaker.success(HalfOpen);
    expect(breaker).toMatchObject({ currentFailures: 0, currentSuccesses: 1 });
    expect(breaker.failure(Closed)).toBe(false);
  });

  it("remembers nothing after a pause that is longer than its span", async () => {
    const advance = fakedTime();
    const breaker = open();
    for (let call = 0; call < 14; call += 1) breaker.failure(Closed);
    await advance(3_600_000);
    expect(breaker.failure(Closed)).toBe(false);
    expect(breaker.currentFailures).toBe(1);
  });

  it("begins a new second where the wall clock was set back", async () => {
    const advance = fakedTime();
    const breaker = open();
    await advance(10_000);
    breaker.failure(Closed);
    const before = breaker.currentWindow;
    vi.setSystemTime(Date.now() - 3_600_000);
    breaker.failure(Closed);
    expect(breaker.currentWindow).not.toBe(before);
  });
});
