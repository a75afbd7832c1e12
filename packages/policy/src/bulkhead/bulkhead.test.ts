import { getEventListeners } from "node:events";
import { describe, expect, it, vi } from "vitest";

import { manualClock, settled } from "../base/fixtures/clocks.ts";
import { pipeline } from "../pipeline/index.ts";
import { RetryPolicy } from "../retry/index.ts";
import { TimeoutPolicy } from "../timeout/index.ts";
import { Bulkhead, BulkheadFullError, type BulkheadOptions } from "./bulkhead.ts";

const left = new Error("user left");

function setup(options: Partial<BulkheadOptions> = {}) {
  const clock = manualClock();
  const bulkhead = new Bulkhead({ name: "db", maxConcurrent: 1, maxQueue: 1, clock, ...options });
  const started: string[] = [];
  /** Starts a call that runs until it is let go. */
  const hold = (
    name: string,
    policy: Pick<Bulkhead, "execute"> = bulkhead,
    signal?: AbortSignal,
  ) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const ended = policy.execute(() => {
      started.push(name);
      return promise;
    }, signal);
    ended.catch(() => {}); // Looked at by those tests that care.
    return { ended, release: () => resolve(name), fail: reject };
  };
  return { clock, bulkhead, started, hold };
}

describe("a bulkhead with room", () => {
  it("hands on what the call returns or throws", async () => {
    const { bulkhead } = setup();
    await expect(bulkhead.execute(() => "pong")).resolves.toBe("pong");
    await expect(bulkhead.execute(() => Promise.reject(left))).rejects.toBe(left);
  });

  it("says of every call how it ended", async () => {
    const onSuccess = vi.fn();
    const onFailure = vi.fn();
    const { bulkhead } = setup({ onSuccess, onFailure });
    await bulkhead.execute(() => "pong");
    await bulkhead.execute(() => Promise.reject(new TypeError("ours"))).catch(() => {});
    await bulkhead.execute(() => Promise.reject(left)).catch(() => {});
    expect(onSuccess.mock.calls).toEqual([[{ bulkhead: "db", attempt: 1 }]]);
    expect(onFailure.mock.calls).toEqual([
      [{ bulkhead: "db", attempt: 1, outcome: "ignore", error: new TypeError("ours") }],
      [{ bulkhead: "db", attempt: 1, outcome: "failure", error: left }],
    ]);
    expect(bulkhead.stats()).toMatchObject({ successes: 1, failures: 1, ignored: 1 });
  });
});

describe("a full bulkhead", () => {
  it("refuses at once, and says so", async () => {
    const onReject = vi.fn();
    const { bulkhead, hold } = setup({ maxQueue: 0, onReject });
    const first = hold("first");
    await expect(bulkhead.execute(() => "pong")).rejects.toMatchObject({
      name: "BulkheadFullError",
      code: "KINTSUGI_BULKHEAD_FULL",
      message: 'Bulkhead "db" is full',
      bulkhead: "db",
      reason: "full",
      retryAfterMs: 0,
    });
    expect(onReject.mock.calls).toEqual([[{ bulkhead: "db", reason: "full" }]]);
    expect(bulkhead.stats()).toMatchObject({ running: 1, rejected: 1 });
    const traced = setup({ maxQueue: 0, captureStack: true });
    traced.hold("first");
    const refused = await traced.bulkhead.execute(() => "pong").catch((error: Error) => error);
    expect((refused as Error).stack).toContain("bulkhead.test.ts");
    first.release();
    await first.ended;
    await expect(bulkhead.execute(() => "pong")).resolves.toBe("pong");
  });

  it("lets nobody overtake who waits, also not in the moment in which the slot frees", async () => {
    const { bulkhead, hold, started } = setup();
    const first = hold("first");
    const queued = hold("queued");
    // Newcomers in the very microtasks around the end of the first, as cockatiel 4 lets them in.
    const newcomers = first.ended.then(() => [hold("newcomer"), hold("another")] as const);
    first.release();
    const [newcomer, another] = await newcomers;
    await expect(another.ended).rejects.toThrow(BulkheadFullError);
    queued.release();
    await expect(queued.ended).resolves.toBe("queued");
    newcomer.release();
    await newcomer.ended;
    expect(started).toEqual(["first", "queued", "newcomer"]);
    expect(bulkhead.stats()).toMatchObject({ running: 0, waiting: 0, rejected: 1 });
  });

  it("forgets who gives up in the queue at once, and gives the place to another", async () => {
    const { bulkhead, hold, started } = setup();
    const controller = new AbortController();
    const first = hold("first");
    const queued = hold("queued", bulkhead, controller.signal);
    controller.abort(left);
    await expect(queued.ended).rejects.toBe(left);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    const other = hold("other");
    first.release();
    await settled();
    expect(started).toEqual(["first", "other"]);
    other.release();
    await other.ended;
    expect(bulkhead.stats()).toMatchObject({ abandoned: 1, rejected: 0, running: 0 });
  });

  it("does not start a call that is abandoned in the moment in which it is called in", async () => {
    const controller = new AbortController();
    const onSuccess = (): void => controller.abort(left);
    const { bulkhead, hold, started } = setup({ onSuccess });
    const first = hold("first");
    const queued = hold("queued", bulkhead, controller.signal);
    first.release();
    await expect(queued.ended).rejects.toBe(left);
    expect(started).toEqual(["first"]);
    await expect(bulkhead.execute(() => "pong")).resolves.toBe("pong");
  });

  it("hears of an abort by one listener, however many wait under the same signal", async () => {
    const { bulkhead, hold } = setup({ maxQueue: 1_000 });
    const controller = new AbortController();
    hold("first");
    const queued = Array.from({ length: 1_000 }, () => hold("queued", bulkhead, controller.signal));
    expect(getEventListeners(controller.signal, "abort").length).toBe(1);
    controller.abort(left);
    const ends = await Promise.allSettled(queued.map(({ ended }) => ended));
    expect(ends.every((end) => end.status === "rejected" && end.reason === left)).toBe(true);
    expect(bulkhead.stats()).toMatchObject({ waiting: 0, abandoned: 1_000 });
  });

  it("does not queue a call whose signal is aborted already", async () => {
    const { bulkhead, hold } = setup();
    hold("first");
    await expect(bulkhead.execute(() => "pong", AbortSignal.abort(left))).rejects.toBe(left);
    expect(bulkhead.stats().waiting).toBe(0);
  });

  it("turns away who has waited too long, and leaves no timer", async () => {
    const onReject = vi.fn();
    const { bulkhead, clock, hold } = setup({ queueTimeoutMs: 100, onReject });
    const first = hold("first");
    const queued = hold("queued");
    const failure = expect(queued.ended).rejects.toMatchObject({
      message: 'Bulkhead "db" had no room in time',
      reason: "queue-timeout",
    });
    await clock.advance(99);
    expect(bulkhead.stats()).toMatchObject({ waiting: 1, queueTimeouts: 0 });
    await clock.advance(1);
    await failure;
    expect(onReject.mock.calls).toEqual([[{ bulkhead: "db", reason: "queue-timeout" }]]);
    const next = hold("next");
    first.release();
    await settled();
    next.release();
    await next.ended;
    expect(clock.pending).toBe(0);
    expect(bulkhead.stats()).toMatchObject({ queueTimeouts: 1, rejected: 1, running: 0 });
  });

  it("calls in by priority, and lets keys take turns", async () => {
    const { bulkhead, hold, started } = setup({ maxQueue: 9 });
    const first = hold("first");
    const calls = [
      hold("many 1", bulkhead.with({ key: "many" })),
      hold("many 2", bulkhead.with({ key: "many" })),
      hold("few", bulkhead.with({ key: "few" })),
      hold("urgent", bulkhead.with({ priority: 9 })),
    ];
    for (const call of [first, ...calls]) call.release();
    await Promise.all(calls.map(({ ended }) => ended));
    expect(started).toEqual(["first", "urgent", "many 1", "few", "many 2"]);
  });

  it("gives more room at once to those who wait, when it gets some", async () => {
    const { bulkhead, hold, started } = setup();
    hold("first");
    hold("queued");
    bulkhead.configure({ maxConcurrent: 2 });
    await settled();
    expect(started).toEqual(["first", "queued"]);
    expect(() => bulkhead.configure({ maxConcurrent: 0 })).toThrow(RangeError);
    expect(bulkhead.stats().maxConcurrent).toBe(2);
    bulkhead.configure({ maxQueue: 0 });
    await expect(bulkhead.execute(() => "pong")).rejects.toThrow(BulkheadFullError);
  });
});

describe("a call that timed out inside a bulkhead", () => {
  it("keeps its slot until its work has ended, and is counted as a zombie", async () => {
    const { bulkhead, clock } = setup({ maxQueue: 0 });
    const work = Promise.withResolvers<void>();
    const guarded = pipeline(bulkhead, new TimeoutPolicy({ timeoutMs: 100, clock }));
    const failure = expect(guarded.execute(() => work.promise)).rejects.toThrow("longer than 100");
    await clock.advance(100);
    await failure;
    expect(bulkhead.stats()).toMatchObject({ running: 0, zombies: 1, failures: 1 });
    await expect(guarded.execute(() => "pong")).rejects.toThrow(BulkheadFullError);
    work.reject(new Error("too late to matter"));
    await settled();
    expect(bulkhead.stats()).toMatchObject({ running: 0, zombies: 0 });
    await expect(guarded.execute(() => "pong")).resolves.toBe("pong");
  });

  it("holds it also for attempts of a retry that lie behind", async () => {
    const { bulkhead, clock } = setup({ maxConcurrent: 1, maxQueue: 0 });
    const work = Promise.withResolvers<string>();
    const guarded = pipeline(
      bulkhead,
      new RetryPolicy({ initialDelayMs: 0, clock }),
      new TimeoutPolicy({ timeoutMs: 100, clock }),
    );
    const running = guarded.execute(({ attempt }) => (attempt === 1 ? work.promise : "pong"));
    await clock.advance(100);
    await expect(running).resolves.toBe("pong");
    expect(bulkhead.stats()).toMatchObject({ zombies: 1, running: 0, successes: 1 });
    work.resolve("at last");
    await settled();
    expect(bulkhead.stats().zombies).toBe(0);
  });

  it("gives its slot back at once where that is asked for", async () => {
    const { bulkhead, clock, hold } = setup({ maxQueue: 0, releaseOnTimeout: true });
    const work = Promise.withResolvers<void>();
    const guarded = pipeline(bulkhead, new TimeoutPolicy({ timeoutMs: 100, clock }));
    const failure = expect(guarded.execute(() => work.promise)).rejects.toThrow("longer than 100");
    await clock.advance(100);
    await failure;
    expect(bulkhead.stats()).toMatchObject({ running: 0, zombies: 1 });
    await expect(guarded.execute(() => "pong")).resolves.toBe("pong");
    work.resolve();
    await settled();
    expect(bulkhead.stats()).toMatchObject({ running: 0, zombies: 0 });
    hold("first");
    await expect(bulkhead.execute(() => "pong")).rejects.toThrow(BulkheadFullError);
  });
});

describe("a bulkhead in a pipeline", () => {
  it("judges by its own classifier where it has one, and by that of the pipeline else", async () => {
    const classifier = {
      classify: () =>
        ({ class: "unknown", retryable: false, outcome: "ignore", evidence: "" }) as const,
    };
    const own = setup({ classifier }).bulkhead;
    const plain = setup().bulkhead;
    await pipeline(own, plain)
      .execute(() => Promise.reject(left))
      .catch(() => {});
    expect(own.stats()).toMatchObject({ ignored: 1, failures: 0 });
    expect(plain.stats()).toMatchObject({ ignored: 0, failures: 1 });
  });

  it("may stand there with a claim, and is the same bulkhead", async () => {
    const { bulkhead, hold, started } = setup({ maxQueue: 2 });
    const first = hold("first");
    const plain = hold("plain", pipeline(bulkhead));
    const urgent = hold("urgent", pipeline(new RetryPolicy(), bulkhead.with({ priority: 1 })));
    for (const call of [first, plain, urgent]) call.release();
    await Promise.all([plain.ended, urgent.ended]);
    expect(started).toEqual(["first", "urgent", "plain"]);
    expect(bulkhead.stats()).toMatchObject({ successes: 3, maxQueue: 2 });
  });
});

describe("a bulkhead that cannot work", () => {
  it.each([
    [{ maxConcurrent: 0 }, "maxConcurrent must be a whole number of at least 1, got 0"],
    [{ maxQueue: -1 }, "maxQueue must be a whole number of at least 0, got -1"],
    [{ queueTimeoutMs: 0 }, "queueTimeoutMs must be a whole number of at least 1, got 0"],
  ])("is refused when it is made: %j", (options, message) => {
    expect(() => setup(options)).toThrow(new RangeError(message));
  });

  it.each([
    [{ priority: 10 }, "priority must be a number from 0 to 9, got 10"],
    [{ priority: 0.5 }, "priority must be a whole number of at least 0, got 0.5"],
    [{ weight: 0 }, "weight must be a whole number of at least 1, got 0"],
  ])("refuses a claim out of range: %j", (claim, message) => {
    expect(() => setup().bulkhead.with(claim)).toThrow(new RangeError(message));
  });
});
