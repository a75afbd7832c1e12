import { describe, expect, it, vi } from "vitest";

import { settled } from "../../base/fixtures/clocks.ts";
import { CircuitBreaker } from "./breaker.ts";
import { codeOf, endOf, fired } from "./fixtures/fired.ts";
import type { State } from "./options.ts";

describe("a breaker that is made", () => {
  it("has the name of its action, or one that is given, or one of its own", () => {
    async function findUser(): Promise<void> {}
    expect(new CircuitBreaker(findUser)).toMatchObject({ name: "findUser", group: "findUser" });
    const named = new CircuitBreaker(findUser, { name: "users", group: "db" });
    expect(named).toMatchObject({ name: "users", group: "db" });
    expect(new CircuitBreaker(findUser, { name: "users" }).group).toBe("users");
    const names = [1, 2].map(() => new CircuitBreaker((() => async () => {})()).name);
    expect(new Set(names).size).toBe(2);
    expect(names[0]).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("has the peer's values where nothing is said", () => {
    const { breaker } = fired();
    expect(breaker.options).toMatchObject({
      timeout: 10_000,
      resetTimeout: 30_000,
      errorThresholdPercentage: 50,
      rollingCountTimeout: 10_000,
      rollingCountBuckets: 10,
      rollingPercentilesEnabled: true,
      capacity: Number.MAX_SAFE_INTEGER,
      cacheTTL: 0,
      coalesce: false,
      coalesceResetOn: [],
      enableSnapshots: true,
    });
    expect(breaker).toMatchObject({ enabled: true, volumeThreshold: 0, isShutdown: false });
  });

  it.each([
    "timeout",
    "resetTimeout",
    "errorThresholdPercentage",
    "rollingCountTimeout",
    "rollingCountBuckets",
    "capacity",
    "cacheTTL",
    "coalesceTTL",
  ] as const)("takes 0 for %s as it is", (option) => {
    expect(fired({ [option]: 0 }).breaker.options[option]).toBe(0);
  });

  it("says that maxFailures does nothing", () => {
    const say = vi.spyOn(console, "error").mockImplementation(() => {});
    fired({ maxFailures: 3 });
    expect(say).toHaveBeenCalledExactlyOnceWith(
      "options.maxFailures is deprecated. Please use options.errorThresholdPercentage",
    );
    say.mockRestore();
  });

  it("costs no timer, also after its calls have ended", async () => {
    const { fire, clock } = fired({ allowWarmUp: true });
    expect(clock.pending).toBe(0);
    await fire(1);
    await fire(1, 500);
    await clock.advance(1);
    expect(clock.pending).toBe(0);
  });
});

describe("a breaker that is disabled", () => {
  it("lets all calls through, and tells and counts no more than that they came", async () => {
    const { breaker, fire, told } = fired({ enabled: false });
    expect(breaker.enabled).toBe(false);
    expect(await fire(-1)).toEqual(new Error("no -1"));
    expect(await fire(1)).toBe(1);
    expect(told).toEqual(["fire", "fire"]);
    expect(breaker.stats).toMatchObject({ fires: 2, failures: 0, successes: 0 });
    expect(breaker.closed).toBe(true);
  });

  it("asks neither fallback nor cache, and has no time limit", async () => {
    const { breaker, fire, begun } = fired({ enabled: false, cache: true, timeout: 10 });
    breaker.fallback(() => "instead");
    expect(await fire(1, 50)).toBe(1);
    expect(await fire(1, 50)).toBe(1);
    expect(await fire(-1)).toEqual(new Error("no -1"));
    expect(begun).toEqual([1, 1, -1]);
  });

  it("protects again when it is enabled", async () => {
    const { breaker, fire } = fired();
    breaker.disable();
    await fire(-1);
    breaker.enable();
    await fire(-1);
    await fire(-1);
    expect(breaker.opened).toBe(true); // 2 of 3, when the first was not counted as a failure.
  });
});

describe("a breaker that is shut down", () => {
  it("tells so, lets everybody go, and refuses all calls", async () => {
    const { breaker, fire, told } = fired();
    breaker.shutdown();
    expect(told).toEqual(["shutdown"]);
    expect(breaker.listenerCount("shutdown")).toBe(0);
    expect(breaker).toMatchObject({
      isShutdown: true,
      enabled: false,
      closed: false,
      opened: false,
      halfOpen: false,
      pendingClose: false,
    });
    expect(codeOf(await fire(1))).toBe("ESHUTDOWN");
    expect(told).toEqual(["shutdown"]);
  });

  it("leaves no timer, from whatever it was", async () => {
    for (const wait of [1, 100]) {
      const { breaker, fire, clock } = fired({ resetTimeout: 100 });
      breaker.healthCheck(() => {}, 1_000);
      await fire(-1);
      await clock.advance(wait);
      breaker.shutdown();
      expect(clock.pending).toBe(0);
      expect(breaker).toMatchObject({ opened: false, halfOpen: false, closed: false });
    }
  });

  it("is not brought back by anything", async () => {
    const { breaker, clock, fire } = fired({ resetTimeout: 100 });
    const out = endOf(breaker.fire(-1, 10));
    breaker.shutdown();
    await clock.advance(10);
    expect(await out).toEqual(new Error("no -1"));
    expect(breaker.opened).toBe(true); // The call was out, and its failure is seen.
    breaker.open();
    breaker.close();
    breaker.enable();
    await clock.advance(1_000);
    expect(breaker).toMatchObject({ isShutdown: true, closed: false, halfOpen: false });
    expect(codeOf(await fire(1))).toBe("ESHUTDOWN");
    expect(clock.pending).toBe(0);
  });
});

describe("a health check", () => {
  it("is made at once and then each interval, with the breaker for `this`", async () => {
    const { breaker, clock } = fired();
    const seen: unknown[] = [];
    breaker.healthCheck(async function (this: unknown) {
      seen.push(this);
    }, 1_000);
    expect(seen).toEqual([breaker]);
    await clock.advance(2_000);
    expect(seen).toHaveLength(3);
  });

  it("is made every five seconds where nothing is said", async () => {
    const { breaker, clock } = fired();
    const check = vi.fn();
    breaker.healthCheck(check);
    await clock.advance(9_999);
    expect(check).toHaveBeenCalledTimes(2);
  });

  it.each([
    ["rejects", async () => Promise.reject(new Error("unwell"))],
    [
      "throws",
      () => {
        throw new Error("unwell");
      },
    ],
  ])("that %s opens the circuit, and says why", async (_, check) => {
    const { breaker, told, brought } = fired();
    breaker.healthCheck(check, 1_000);
    await settled();
    expect(told).toEqual(["healthCheckFailed", "open"]);
    expect(brought("healthCheckFailed")).toEqual([[new Error("unwell")]]);
    expect(breaker.opened).toBe(true);
  });

  it("that hangs is waited for: no other is made meanwhile", async () => {
    const { breaker, clock } = fired();
    const check = vi.fn(() => new Promise((resolve) => void clock.after(2_500, () => resolve(0))));
    breaker.healthCheck(check, 1_000);
    await clock.advance(2_499);
    expect(check).toHaveBeenCalledTimes(1);
    await clock.advance(1);
    expect(check).toHaveBeenCalledTimes(2);
  });

  it("is made no more after the shutdown (trap 18)", async () => {
    const { breaker, clock } = fired();
    const check = vi.fn();
    breaker.healthCheck(check, 1_000);
    await settled();
    breaker.shutdown();
    await clock.advance(10_000);
    expect(check).toHaveBeenCalledOnce();
    expect(clock.pending).toBe(0);
  });

  it("that is out at the shutdown says nothing any more", async () => {
    const { breaker, clock } = fired();
    const check = (): Promise<never> =>
      new Promise((_, reject) => void clock.after(10, () => reject(new Error("unwell"))));
    breaker.healthCheck(check, 1_000);
    breaker.shutdown();
    await clock.advance(10);
    expect(breaker.opened).toBe(false);
    expect(clock.pending).toBe(0);
  });

  it("must be a function, and its interval a number", () => {
    const { breaker } = fired();
    expect(() => breaker.healthCheck("no" as never)).toThrow(
      new TypeError("Health check function must be a function"),
    );
    expect(() => breaker.healthCheck(() => {}, "often" as never)).toThrow(
      new TypeError("Health check interval must be a number"),
    );
  });
});

describe("a breaker as JSON", () => {
  it("says what it is, and what it has counted", async () => {
    const { breaker, fire, clock } = fired({ name: "users" });
    expect(breaker.toJSON().state).toEqual({
      name: "users",
      enabled: true,
      closed: true,
      open: false,
      halfOpen: false,
      warmUp: false,
      shutdown: false,
      lastTimerAt: undefined,
    });
    await clock.advance(5_000);
    await fire(-1);
    const openedAtMs = clock.epochMs();
    await clock.advance(100);
    const { state, status } = JSON.parse(JSON.stringify(breaker));
    expect(state).toMatchObject({ closed: false, open: true, lastTimerAt: openedAtMs });
    expect(status).toMatchObject({ fires: 1, failures: 1 });
  });

  const revived = (state: Partial<State>, options = {}) =>
    fired({ resetTimeout: 100, state, ...options });

  it("comes back as it was", async () => {
    const { breaker, fire } = fired();
    await fire(1, 20);
    const { state, status } = breaker.toJSON();
    const copy = fired({ state, status }).breaker;
    expect(copy.toJSON().state).toEqual({ ...state, name: copy.name });
    expect(copy.stats).toEqual(status);
  });

  it("comes back closed where it does not say otherwise", async () => {
    const { breaker, fire } = revived({ enabled: true, closed: true });
    expect(breaker.closed).toBe(true);
    await fire(-1);
    expect(breaker.opened).toBe(true);
  });

  it("comes back open for its whole time, where it does not say since when", async () => {
    const { breaker, clock, fire } = revived({ closed: false });
    expect(breaker.opened).toBe(true);
    expect(breaker.status.window[0]?.isCircuitBreakerOpen).toBe(true);
    expect(breaker.toJSON().state.lastTimerAt).toBe(clock.epochMs());
    await clock.advance(99);
    expect(codeOf(await fire(1))).toBe("EOPENBREAKER");
    await clock.advance(1);
    expect(await fire(1)).toBe(1);
  });

  it("comes back open for the rest of its time (trap 17)", async () => {
    const first = fired({ resetTimeout: 100 });
    await first.clock.advance(1_000); // It was made long before it opened.
    await first.fire(-1);
    await first.clock.advance(60);
    const { state } = first.breaker.toJSON();
    const { breaker, clock } = fired({ resetTimeout: 100, state, clock: first.clock });
    expect(breaker.opened).toBe(true);
    expect(breaker.toJSON().state.lastTimerAt).toBe(state.lastTimerAt);
    await clock.advance(39);
    expect(breaker.opened).toBe(true);
    await clock.advance(1);
    expect(breaker.halfOpen).toBe(true);
  });

  it("comes back half-open where its time is over", async () => {
    const now = fired().clock.epochMs();
    const { breaker, fire } = revived({ closed: false, lastTimerAt: now - 125 });
    expect(breaker).toMatchObject({ halfOpen: true, pendingClose: true });
    expect(await fire(1)).toBe(1);
    expect(breaker.closed).toBe(true);
  });

  it("comes back half-open, for one call", async () => {
    const { breaker, clock, fire } = revived({ closed: false, halfOpen: true });
    expect(breaker).toMatchObject({ halfOpen: true, pendingClose: true });
    const trial = endOf(breaker.fire(-1, 10));
    expect(codeOf(await fire(1))).toBe("EOPENBREAKER");
    await clock.advance(10);
    await trial;
    expect(breaker).toMatchObject({ opened: true, pendingClose: false });
  });

  it("comes back disabled, warming up, or shut down", async () => {
    expect(revived({ enabled: false }).breaker.enabled).toBe(false);
    expect(revived({ warmUp: true }).breaker.warmUp).toBe(true);
    const { breaker, fire } = revived({ closed: false, open: false, shutdown: true });
    expect(breaker).toMatchObject({ isShutdown: true, enabled: false });
    expect(codeOf(await fire(1))).toBe("ESHUTDOWN");
  });
});
