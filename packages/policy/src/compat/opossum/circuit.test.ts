import { describe, expect, it } from "vitest";

import { codeOf, fired } from "./fixtures/fired.ts";

const kindOf = (breaker: {
  readonly closed: boolean;
  readonly opened: boolean;
  readonly halfOpen: boolean;
  readonly pendingClose: boolean;
}) => {
  const { closed, opened, halfOpen, pendingClose } = breaker;
  const names = { closed, opened, halfOpen, pendingClose };
  return Object.entries(names).flatMap(([name, is]) => (is ? [name] : []));
};

describe("a closed circuit", () => {
  it("opens when more than the threshold of the window's calls have failed", async () => {
    const { breaker, fire } = fired({ errorThresholdPercentage: 50 });
    await fire(1);
    await fire(-1);
    expect(kindOf(breaker)).toEqual(["closed"]); // Half of them is not more than half.
    await fire(-1);
    expect(kindOf(breaker)).toEqual(["opened"]);
    expect(codeOf(await fire(1))).toBe("EOPENBREAKER");
  });

  it("opens at the first failure, where nothing else is said", async () => {
    const { breaker, fire } = fired();
    await fire(-1);
    expect(kindOf(breaker)).toEqual(["opened"]);
  });

  it("opens at any failure with a threshold of 0, and at none with one of 100", async () => {
    const strict = fired({ errorThresholdPercentage: 0 });
    for (let count = 0; count < 99; count += 1) await strict.fire(1);
    await strict.fire(-1);
    expect(strict.breaker.opened).toBe(true);
    const mild = fired({ errorThresholdPercentage: 100 });
    for (let count = 0; count < 9; count += 1) await mild.fire(-1);
    expect(mild.breaker.closed).toBe(true);
  });

  it("weighs failures against the calls that came, also those that are out", async () => {
    const { breaker, fire } = fired();
    for (let count = 0; count < 3; count += 1) void breaker.fire(1, 1_000);
    await fire(-1);
    await fire(-1);
    expect(breaker.closed).toBe(true); // 2 of 5.
    await fire(-1);
    expect(breaker.closed).toBe(true); // 3 of 6.
    await fire(-1);
    expect(breaker.opened).toBe(true);
  });

  it("forgets what is older than the window", async () => {
    const { breaker, fire, clock } = fired({ rollingCountTimeout: 1_000, volumeThreshold: 2 });
    await fire(-1);
    await clock.advance(1_000);
    await fire(-1);
    expect(breaker.closed).toBe(true);
    await fire(-1);
    expect(breaker.opened).toBe(true);
  });

  it("stays so before as many calls have come as the volume threshold says", async () => {
    const { breaker, fire } = fired({ volumeThreshold: 3 });
    expect(breaker.volumeThreshold).toBe(3);
    await fire(-1);
    await fire(-1);
    expect(kindOf(breaker)).toEqual(["closed"]);
    await fire(-1);
    expect(kindOf(breaker)).toEqual(["opened"]);
  });

  it("stays so while it warms up, which takes as long as the window", async () => {
    const { breaker, fire, clock } = fired({ allowWarmUp: true, rollingCountTimeout: 500 });
    expect(breaker.warmUp).toBe(true);
    await fire(-1);
    expect(kindOf(breaker)).toEqual(["closed"]);
    await clock.advance(500);
    expect(breaker.warmUp).toBe(false);
    await fire(-1);
    expect(kindOf(breaker)).toEqual(["opened"]);
  });

  it("needs no warming up where nothing is said", () => {
    expect(fired().breaker.warmUp).toBe(false);
  });

  it("admits all calls that come before a failure has ended", async () => {
    const { breaker, clock, running } = fired();
    const ends = [1, 2, 3].map(() => breaker.fire(-1, 10).catch(() => "failed"));
    expect(running()).toBe(3);
    await clock.advance(10);
    expect(await Promise.all(ends)).toEqual(["failed", "failed", "failed"]);
    expect(breaker.opened).toBe(true);
  });

  it("takes changes of its threshold from the next failure on", async () => {
    const { breaker, fire } = fired({ errorThresholdPercentage: 100 });
    await fire(-1);
    breaker.options.errorThresholdPercentage = 10;
    await fire(-1);
    expect(breaker.opened).toBe(true);
  });
});

describe("an open circuit", () => {
  it("refuses calls, and counts them, until its time is over", async () => {
    const { breaker, fire, clock, begun, brought } = fired({ resetTimeout: 100 });
    await fire(-1);
    expect(codeOf(await fire(1))).toBe("EOPENBREAKER");
    expect(begun).toEqual([-1]);
    expect(breaker.stats).toMatchObject({ rejects: 1, failures: 1, fires: 2 });
    await clock.advance(99);
    expect(kindOf(breaker)).toEqual(["opened"]);
    await clock.advance(1);
    expect(kindOf(breaker)).toEqual(["halfOpen", "pendingClose"]);
    expect(brought("halfOpen")).toEqual([[100]]);
  });

  it("is not closed by a call from before that succeeds", async () => {
    const { breaker, fire, clock } = fired({ resetTimeout: 60_000, errorThresholdPercentage: 1 });
    const early = breaker.fire(1, 100);
    await fire(-1);
    await clock.advance(100);
    expect(await early).toBe(1);
    expect(kindOf(breaker)).toEqual(["opened"]);
  });

  it("has its time from the opening on, whatever fails later", async () => {
    const { breaker, fire, clock, told } = fired({
      resetTimeout: 100,
      errorThresholdPercentage: 1,
    });
    const late = breaker.fire(-1, 80).catch(() => {});
    await fire(-1);
    await clock.advance(80);
    await late;
    await clock.advance(20);
    expect(breaker.halfOpen).toBe(true);
    expect(told.filter((event) => event === "open")).toHaveLength(1);
  });

  it("tries at once where its time is 0", async () => {
    const { breaker, fire, clock } = fired({ resetTimeout: 0 });
    await fire(-1);
    expect(breaker.opened).toBe(true);
    await clock.advance(1);
    expect(breaker.halfOpen).toBe(true);
  });

  it("takes another time from the next opening on", async () => {
    const { breaker, fire, clock } = fired({ resetTimeout: 100 });
    breaker.options.resetTimeout = 10;
    await fire(-1);
    await clock.advance(10);
    expect(breaker.halfOpen).toBe(true);
  });

  it("takes no notice of a wall clock that jumps", async () => {
    const { breaker, fire, clock } = fired({ resetTimeout: 100 });
    await fire(-1);
    clock.jump(3_600_000);
    expect(codeOf(await fire(1))).toBe("EOPENBREAKER");
    clock.jump(-7_200_000);
    await clock.advance(100);
    expect(await fire(1)).toBe(1);
    expect(breaker.closed).toBe(true);
  });
});

describe("a half-open circuit", () => {
  const halfOpen = async (options: Parameters<typeof fired>[0] = {}) => {
    const all = fired({ resetTimeout: 100, ...options });
    await all.fire(-1);
    await all.clock.advance(100);
    return all;
  };

  it("admits one call, and refuses all others meanwhile", async () => {
    const { breaker, fire, clock, begun } = await halfOpen();
    const trial = breaker.fire(1, 50);
    expect(kindOf(breaker)).toEqual(["halfOpen"]);
    expect(codeOf(await fire(2))).toBe("EOPENBREAKER");
    await clock.advance(50);
    expect(await trial).toBe(1);
    expect(begun).toEqual([-1, 1]);
    expect(kindOf(breaker)).toEqual(["closed"]);
  });

  it("closes when the call succeeds, and is closed where the success is told", async () => {
    const { breaker, told, fire } = await halfOpen();
    const seen: unknown[] = [];
    breaker.on("close", () => seen.push(breaker.stats.successes));
    breaker.on("success", () => seen.push(breaker.closed));
    await fire(1);
    expect(told.slice(-3)).toEqual(["fire", "close", "success"]);
    expect(seen).toEqual([1, true]);
  });

  it("opens again when it fails, for as long as before", async () => {
    const { breaker, fire, clock, told } = await halfOpen();
    await fire(-1);
    expect(kindOf(breaker)).toEqual(["opened"]);
    await clock.advance(99);
    expect(breaker.opened).toBe(true);
    await clock.advance(1);
    expect(breaker.halfOpen).toBe(true);
    expect(await fire(1)).toBe(1);
    expect(breaker.closed).toBe(true);
    expect(told.filter((event) => /open|close|halfOpen/.test(event))).toEqual([
      "open",
      "halfOpen",
      "open",
      "halfOpen",
      "close",
    ]);
  });

  it("opens at that failure whatever the volume threshold says", async () => {
    const { breaker, fire, clock } = fired({
      resetTimeout: 300,
      rollingCountTimeout: 300,
      volumeThreshold: 2,
    });
    await fire(-1);
    await fire(-1);
    await clock.advance(300);
    expect(breaker.stats.fires).toBe(0);
    await fire(-1);
    expect(breaker.opened).toBe(true);
  });

  it("closes on an error that the filter lets pass: the other side is there", async () => {
    const { breaker, fire } = await halfOpen({ errorFilter: (error) => error.message === "no -4" });
    expect(await fire(-4)).toEqual(new Error("no -4"));
    expect(kindOf(breaker)).toEqual(["closed"]);
  });

  it("is not closed by a call from before the opening that succeeds (trap 14)", async () => {
    const { breaker, fire, clock } = fired({ resetTimeout: 100, errorThresholdPercentage: 1 });
    const early = breaker.fire(1, 150);
    await fire(-1);
    await clock.advance(150);
    expect(await early).toBe(1);
    expect(kindOf(breaker)).toEqual(["halfOpen", "pendingClose"]);
  });

  it("is not opened by a call from before the opening that fails", async () => {
    const { breaker, fire, clock } = fired({ resetTimeout: 100, errorThresholdPercentage: 1 });
    const early = breaker.fire(-1, 150).catch(() => {});
    await fire(-1);
    await clock.advance(100);
    const trial = breaker.fire(1, 100);
    await clock.advance(50);
    await early;
    expect(kindOf(breaker)).toEqual(["halfOpen"]);
    await clock.advance(50);
    expect(await trial).toBe(1);
    expect(breaker.closed).toBe(true);
  });

  it("admits another call where the one hangs and nothing limits its time (trap 13)", async () => {
    const { breaker, fire, clock } = await halfOpen({ timeout: false });
    void breaker.fire(1, 1e9);
    await clock.advance(199);
    expect(codeOf(await fire(2))).toBe("EOPENBREAKER");
    await clock.advance(1);
    expect(kindOf(breaker)).toEqual(["halfOpen", "pendingClose"]);
    expect(await fire(3)).toBe(3);
    expect(breaker.closed).toBe(true);
  });

  it("waits for the call as long as its own time limit says", async () => {
    const { breaker, fire, clock } = await halfOpen({ timeout: 10_000 });
    const trial = breaker.fire(1, 9_000);
    await clock.advance(8_000);
    expect(codeOf(await fire(2))).toBe("EOPENBREAKER");
    await clock.advance(1_000);
    expect(await trial).toBe(1);
    expect(breaker.closed).toBe(true);
  });

  it("admits another call where the one fails while it still warms up", async () => {
    const { breaker, fire } = fired({
      allowWarmUp: true,
      state: { closed: false, halfOpen: true },
    });
    await fire(-1);
    expect(kindOf(breaker)).toEqual(["halfOpen", "pendingClose"]);
    await fire(1);
    expect(breaker.closed).toBe(true);
  });
});

describe("a circuit that is moved by hand", () => {
  it("opens from everywhere, tells so once, and tries again after its time", async () => {
    const { breaker, clock, told } = fired({ resetTimeout: 100 });
    breaker.open();
    breaker.open();
    expect(kindOf(breaker)).toEqual(["opened"]);
    await clock.advance(100);
    breaker.open(); // From half-open.
    expect(kindOf(breaker)).toEqual(["opened"]);
    await clock.advance(100);
    const trial = breaker.fire(1, 10);
    breaker.open(); // With a trial that is out, and counts no longer.
    await clock.advance(10);
    expect(await trial).toBe(1);
    expect(kindOf(breaker)).toEqual(["opened"]);
    expect(told.filter((event) => event === "open")).toHaveLength(3);
    expect(told).not.toContain("close");
  });

  it("closes from everywhere, and tells so where it was not closed", async () => {
    const { breaker, fire, clock, told } = fired({ resetTimeout: 100 });
    breaker.close();
    breaker.open();
    breaker.close();
    expect(await fire(1)).toBe(1);
    breaker.open();
    await clock.advance(100);
    breaker.close();
    expect(kindOf(breaker)).toEqual(["closed"]);
    expect(told.filter((event) => event === "close")).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });

  it("has its whole time again when it opens again", async () => {
    const { breaker, clock } = fired({ resetTimeout: 100 });
    breaker.open();
    await clock.advance(60);
    breaker.close();
    expect(clock.pending).toBe(0);
    breaker.open();
    await clock.advance(60);
    expect(kindOf(breaker)).toEqual(["opened"]);
    await clock.advance(40);
    expect(kindOf(breaker)).toEqual(["halfOpen", "pendingClose"]);
  });

  it("may be closed by who hears that it has opened", async () => {
    const { breaker, fire, clock } = fired();
    breaker.on("open", () => breaker.close());
    await fire(-1);
    expect(kindOf(breaker)).toEqual(["closed"]);
    await clock.advance(1);
    expect(clock.pending).toBe(0);
  });
});

describe("an error filter", () => {
  const errorFilter = (error: Error): boolean => error.message === "no -4";

  it("lets an error pass as a success; the caller gets it all the same", async () => {
    const { breaker, fire, brought } = fired({ errorFilter });
    const wrong = await fire(-4, 20);
    expect(wrong).toEqual(new Error("no -4"));
    expect(breaker.stats).toMatchObject({ failures: 0, successes: 1 });
    expect(brought("success")).toEqual([[wrong, 20]]);
    expect(kindOf(breaker)).toEqual(["closed"]);
  });

  it("asks for no fallback then", async () => {
    const { breaker, fire, told } = fired({ errorFilter });
    breaker.fallback(() => "instead");
    expect(await fire(-4)).toEqual(new Error("no -4"));
    expect(told).not.toContain("fallback");
  });

  it("leaves the others to be failures", async () => {
    const { breaker, fire } = fired({ errorFilter });
    await fire(-5);
    expect(breaker.stats).toMatchObject({ failures: 1, successes: 0 });
    expect(kindOf(breaker)).toEqual(["opened"]);
  });

  it("is given the arguments of the call", async () => {
    const seen: unknown[] = [];
    const { fire } = fired({ errorFilter: (...all) => void seen.push(...all) });
    const wrong = await fire(-5, 7);
    expect(seen).toEqual([wrong, -5, 7]);
  });

  it("that throws is reported, and the error counts", async () => {
    const reported: unknown[] = [];
    const { breaker, fire } = fired({
      errorFilter: () => {
        throw new Error("in the filter");
      },
      onListenerError: (error) => reported.push(error),
    });
    expect(await fire(-1)).toEqual(new Error("no -1"));
    expect(reported).toEqual([new Error("in the filter")]);
    expect(breaker.stats.failures).toBe(1);
  });
});
