import { getEventListeners } from "node:events";
import { describe, expect, it, vi } from "vitest";
import { eagerClock, manualClock } from "../base/fixtures/clocks.ts";
import { RejectedError } from "../base/index.ts";
import { seededRandom } from "../base/random.ts";
import { type Classifier, reactions } from "../classify/index.ts";
import { pipeline } from "../pipeline/index.ts";
import { TimeoutPolicy } from "../timeout/index.ts";
import { retryEndOf } from "./nested.ts";
import type { RetryOptions } from "./retry-options.ts";
import { RetryPolicy } from "./retry-policy.ts";

class Refused extends RejectedError {
  readonly code = "KINTSUGI_TEST";
}

/** A policy without jitter on a clock that never lets anybody wait, and a call that fails `times` times. */
function setup(options: RetryOptions = {}) {
  const clock = eagerClock();
  const policy = new RetryPolicy({ initialDelayMs: 100, jitterFactor: 0, clock, ...options });
  const failing = (times: number, error: unknown = new Error("down")) =>
    vi.fn(async ({ attempt }: { attempt: number }) => {
      if (attempt <= times) throw error;
      return `answer ${attempt}`;
    });
  return { policy, clock, failing };
}

describe("a call that fails", () => {
  it("is made again until it succeeds, after waits that grow", async () => {
    const { policy, clock, failing } = setup({ maxAttempts: 4 });
    await expect(policy.execute(failing(3))).resolves.toBe("answer 4");
    expect(clock.waitsMs).toEqual([100, 200, 400]);
  });

  it("is made maxAttempts times in all, and then throws what it threw last", async () => {
    const { policy } = setup({ maxAttempts: 3 });
    const call = vi.fn(async ({ attempt }: { attempt: number }) => {
      throw new Error(`down ${attempt}`);
    });
    await expect(policy.execute(call)).rejects.toThrow("down 3");
    expect(call).toHaveBeenCalledTimes(3);
  });

  it("is made again when it throws at once, not only when it rejects", async () => {
    const { policy } = setup();
    const call = vi.fn(() => {
      throw new Error("down");
    });
    await expect(policy.execute(call)).rejects.toThrow("down");
    expect(call).toHaveBeenCalledTimes(3);
  });

  it("is not made again when it waited for nothing: maxAttempts of one", async () => {
    const { policy, clock, failing } = setup({ maxAttempts: 1 });
    await expect(policy.execute(failing(1))).rejects.toThrow("down");
    expect(clock.waitsMs).toEqual([]);
  });

  it("keeps one signal over all its attempts", async () => {
    const { policy } = setup();
    const signals = new Set<AbortSignal>();
    await policy
      .execute(({ signal }) => {
        signals.add(signal);
        throw new Error("down");
      })
      .catch(() => {});
    expect(signals.size).toBe(1);
  });

  it("waits by chance within its share", async () => {
    const random = seededRandom("jitter");
    const { policy, clock, failing } = setup({ jitterFactor: 0.5, maxAttempts: 50, random });
    await policy.execute(failing(49));
    const waits = clock.waitsMs.map((ms, index) => ms / Math.min(30_000, 100 * 2 ** index));
    for (const share of waits) expect(share).toBeGreaterThan(0.5);
    for (const share of waits) expect(share).toBeLessThanOrEqual(1);
    expect(new Set(waits).size).toBe(49);
  });
});

describe("an error", () => {
  it.each([
    { error: new TypeError("x is not a function"), calls: 1 },
    { error: Object.assign(new Error("no"), { status: 401 }), calls: 1 },
    { error: Object.assign(new Error("slow down"), { status: 429 }), calls: 3 },
    { error: Object.assign(new Error("reset"), { code: "ECONNRESET" }), calls: 3 },
    { error: "a string", calls: 3 },
  ])("is tried again by its class: $error, $calls calls", async ({ error, calls }) => {
    const { policy, failing } = setup();
    const call = failing(9, error);
    await expect(policy.execute(call)).rejects.toBe(error);
    expect(call).toHaveBeenCalledTimes(calls);
  });

  it("is tried again by the predicate alone, where there is one", async () => {
    const { policy, failing } = setup({
      retryableErrors: (error) => error.message.includes("429"),
    });
    const hit = failing(9, new TypeError("HTTP 429"));
    const miss = failing(9, new Error("HTTP 503"));
    await policy.execute(hit).catch(() => {});
    await policy.execute(miss).catch(() => {});
    expect([hit.mock.calls.length, miss.mock.calls.length]).toEqual([3, 1]);
  });

  it("comes wrapped to the predicate when it is none", async () => {
    const retryableErrors = vi.fn(() => false);
    const { policy, failing } = setup({ retryableErrors });
    await expect(policy.execute(failing(1, "text"))).rejects.toBe("text");
    const wrapped = expect.objectContaining({ message: "text", cause: "text" });
    expect(retryableErrors.mock.calls).toEqual([[wrapped]]);
  });

  it("of a call that ran is thrown, when the attempt after it was refused", async () => {
    const { policy } = setup();
    const down = new Error("down");
    const call = vi.fn(async ({ attempt }: { attempt: number }) => {
      throw attempt === 1 ? down : new Refused("no more of this", 30_000);
    });
    await expect(policy.execute(call)).rejects.toBe(down);
    expect(call).toHaveBeenCalledTimes(2);
    expect(down).not.toHaveProperty("retryAfterMs"); // That was the wait of the refusal.
  });

  it("is tried again as the classifier of the retry says, whatever the tables know", async () => {
    const classifier: Classifier = {
      classify: () => ({ ...reactions.auth, class: "auth", evidence: "the test" }),
    };
    const { policy, failing } = setup({ classifier });
    const call = failing(9, Object.assign(new Error("busy"), { status: 503 }));
    await expect(policy.execute(call)).rejects.toThrow("busy");
    expect(call).toHaveBeenCalledOnce();
  });

  it.each([Number.NaN, -1_000])(
    "is waited for as usual, where a classifier says that the server asks for %d",
    async (retryAfterMs) => {
      const classifier: Classifier = {
        classify: () => ({
          ...reactions.overloaded,
          class: "overloaded",
          retryAfterMs,
          evidence: "the test",
        }),
      };
      const { policy, clock, failing } = setup({ classifier, maxAttempts: 2 });
      const error = new Error("busy");
      await expect(policy.execute(failing(2, error))).rejects.toBe(error);
      expect(clock.waitsMs).toEqual([100]);
      expect(retryEndOf(error)).toMatchObject({ retryAfterMs: 0 });
    },
  );
});

describe("a server that asks for a wait", () => {
  const busy = (headers: Record<string, string>) =>
    Object.assign(new Error("busy"), { status: 429, headers });

  it("is left alone for as long", async () => {
    const { policy, clock, failing } = setup();
    await policy.execute(failing(1, busy({ "retry-after": "7" })));
    expect(clock.waitsMs).toEqual([7_000]);
  });

  it("is left alone until the date that it names, by the clock of the retry", async () => {
    const { policy, clock, failing } = setup();
    const date = new Date(clock.epochMs() + 7_000).toUTCString();
    await policy.execute(failing(1, busy({ "retry-after": date })));
    expect(clock.waitsMs).toEqual([7_000]);
  });

  it("is not asked again when it asks for more than the longest wait", async () => {
    const { policy, clock, failing } = setup({ maxDelayMs: 5_000 });
    const call = failing(1, busy({ "retry-after": "6" }));
    await expect(policy.execute(call)).rejects.toThrow("busy");
    expect(call).toHaveBeenCalledOnce();
    expect(clock.waitsMs).toEqual([]);
  });

  it("is not asked again when the wait would outlast the time in all", async () => {
    const { policy, clock, failing } = setup({ maxTotalMs: 10_000 });
    const call = failing(3, busy({ "retry-after-ms": "6000" }));
    await expect(policy.execute(call)).rejects.toThrow("busy");
    expect(clock.waitsMs).toEqual([6_000]);
  });

  it("has the time in all from the first attempt on, however late that is made", async () => {
    const clock = manualClock();
    await clock.advance(50_000);
    const { policy, failing } = setup({ clock, maxTotalMs: 10_000 });
    const running = policy.execute(failing(1, busy({ "retry-after-ms": "6000" })));
    await clock.advance(6_000);
    await expect(running).resolves.toBe("answer 2");
  });
});

describe("an abort", () => {
  const left = new Error("user left");

  it("ends a wait at once, and no attempt follows", async () => {
    const clock = manualClock();
    const { policy, failing } = setup({ clock });
    const controller = new AbortController();
    const call = failing(9);
    const running = policy.execute(call, controller.signal);
    await clock.advance(50);
    controller.abort(left);
    await expect(running).rejects.toBe(left);
    await clock.advance(10_000);
    expect(call).toHaveBeenCalledOnce();
    expect(clock.pending).toBe(0);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });

  it("before the first attempt lets none begin", async () => {
    const { policy, failing } = setup();
    const call = failing(0);
    await expect(policy.execute(call, AbortSignal.abort(left))).rejects.toBe(left);
    expect(call).not.toHaveBeenCalled();
  });

  it("during an attempt lets none follow, whatever the predicate says", async () => {
    const { policy } = setup({ retryableErrors: () => true });
    const controller = new AbortController();
    const call = vi.fn(async () => {
      controller.abort(left);
      throw new Error("cut short");
    });
    await expect(policy.execute(call, controller.signal)).rejects.toThrow("cut short");
    expect(call).toHaveBeenCalledOnce();
  });
});

describe("a back-off function", () => {
  it("says each wait, knows the one before, and is cut to the longest", async () => {
    const backoff = vi.fn(({ previousDelayMs }) => previousDelayMs * 10 + 7);
    const { policy, clock, failing } = setup({ backoff, maxAttempts: 5, maxDelayMs: 1_000 });
    const down = new Error("down");
    await policy.execute(failing(4, down));
    expect(clock.waitsMs).toEqual([7, 77, 777, 1_000]);
    expect(backoff.mock.calls[1]).toEqual([{ attempt: 2, previousDelayMs: 7, error: down }]);
  });

  it("is not asked where no attempt follows", async () => {
    const backoff = vi.fn(() => 0);
    const { policy, failing } = setup({ backoff, maxAttempts: 2 });
    await policy.execute(failing(9)).catch(() => {});
    expect(backoff).toHaveBeenCalledOnce();
  });

  it("that says 0 lets the next attempt follow at once", async () => {
    const onListenerError = vi.fn();
    const { policy, clock, failing } = setup({ backoff: () => 0, onListenerError });
    await expect(policy.execute(failing(2))).resolves.toBe("answer 3");
    expect(clock.waitsMs.filter((ms) => ms > 0)).toEqual([]);
    expect(onListenerError).not.toHaveBeenCalled();
  });

  it.each([Number.NaN, -1])("that says %d is reported, and waits as usual", async (ms) => {
    const onListenerError = vi.fn();
    const { policy, clock, failing } = setup({ backoff: () => ms, onListenerError });
    await expect(policy.execute(failing(1))).resolves.toBe("answer 2");
    expect(clock.waitsMs).toEqual([100]);
    const message = `backoff must return milliseconds from 0, got ${ms}`;
    expect(onListenerError.mock.calls).toEqual([[new RangeError(message)]]);
  });
});

it.each([
  { backoff: "exponential", waits: [100, 200, 400] },
  { backoff: "linear", waits: [100, 200, 300] },
] as const)("a back-off may be named: $backoff", async ({ backoff, waits }) => {
  const { policy, clock, failing } = setup({ backoff, maxAttempts: 4 });
  await policy.execute(failing(3));
  expect(clock.waitsMs).toEqual(waits);
});

it("a decorrelated retry waits by chance alone, each time up to three times as long", async () => {
  const random = { next: () => 0.75, uuid: () => "" };
  const { policy, clock, failing } = setup({ backoff: "decorrelated", maxAttempts: 4, random });
  await policy.execute(failing(3));
  expect(clock.waitsMs).toEqual([250, 587.5, 1_346.875]);
});

describe("a listener", () => {
  it("hears why a call has failed in the end", async () => {
    const onGiveUp = vi.fn();
    const { policy, failing } = setup({ onGiveUp });
    await policy.execute(failing(1));
    expect(onGiveUp).not.toHaveBeenCalled();
    const down = new Error("down");
    const wrong = new TypeError("x is not a function");
    await policy.execute(failing(9, down)).catch(() => {});
    await policy.execute(failing(9, wrong)).catch(() => {});
    const common = { maxAttempts: 3, retryAfterMs: 0 };
    expect(onGiveUp.mock.calls).toEqual([
      [{ ...common, why: "attempts", attempts: 3, error: down }],
      [{ ...common, why: "not-retryable", attempts: 1, error: wrong }],
    ]);
  });

  it("hears of each retry before its wait, and of nothing else", async () => {
    const onRetry = vi.fn();
    const { policy, failing } = setup({ onRetry });
    const down = new Error("down");
    await policy.execute(failing(3, down)).catch(() => {});
    expect(onRetry.mock.calls).toEqual([
      [{ attempt: 1, delayMs: 100, error: down }],
      [{ attempt: 2, delayMs: 200, error: down }],
    ]);
  });

  it("that throws is reported, and hurts nobody", async () => {
    const bad = new Error("bad listener");
    const onListenerError = vi.fn();
    const onRetry = vi.fn().mockRejectedValue(bad);
    const { policy, failing } = setup({ onRetry, onListenerError });
    await expect(policy.execute(failing(1))).resolves.toBe("answer 2");
    expect(onListenerError.mock.calls).toEqual([[bad]]);
  });

  it("may be the choice of errors: then the class decides, inside an aggressive timeout too", async () => {
    const bad = new Error("bad choice");
    const onListenerError = vi.fn();
    const retryableErrors = (): never => {
      throw bad;
    };
    const { policy, failing } = setup({ retryableErrors, onListenerError });
    await expect(policy.execute(failing(1))).resolves.toBe("answer 2");
    const limited = pipeline(policy, new TimeoutPolicy({ timeoutMs: 1_000 }));
    await expect(limited.execute(failing(1))).resolves.toBe("answer 2");
    const wrong = new TypeError("x is not a function");
    await expect(limited.execute(failing(1, wrong))).rejects.toBe(wrong);
    expect(onListenerError.mock.calls).toEqual([[bad], [bad], [bad]]);
  });
});

describe.each([
  ["maxAttempts", 0],
  ["initialDelayMs", -1],
  ["maxDelayMs", Number.NaN],
  ["backoffMultiplier", 0.5],
  ["jitterFactor", 1.1],
  ["maxTotalMs", -1],
  ["backoff", "quadratic"],
])("%s", (option, value) => {
  it(`is refused by name when it is ${value}`, () => {
    expect(() => setup({ [option]: value })).toThrow(
      new RegExp(`^${option} must be .*${value}"?$`),
    );
  });
});
