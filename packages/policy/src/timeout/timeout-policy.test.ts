import { getEventListeners } from "node:events";
import { describe, expect, it, vi } from "vitest";

import { manualClock, settled } from "../base/fixtures/clocks.ts";
import { Attempt, type CallContext, firstAttempt } from "../base/index.ts";
import { TimeoutError, type TimeoutOptions, TimeoutPolicy } from "./timeout-policy.ts";

const left = new Error("user left");
const modes = ["aggressive", "cooperative"] as const;

function setup(options: Partial<TimeoutOptions> = {}) {
  const clock = manualClock();
  const policy = new TimeoutPolicy({ timeoutMs: 100, clock, ...options });
  const never = () => new Promise<never>(() => {});
  /** Ends when its signal does, as a well-behaved call should. */
  const obedient = ({ signal }: { signal: AbortSignal }) =>
    new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  return { clock, policy, never, obedient };
}

describe.each(modes)("a call with limited time, %s", (mode) => {
  it("hands on what it returns or throws in time, and leaves no timer", async () => {
    const { policy, clock } = setup({ mode });
    await expect(policy.execute(() => "pong")).resolves.toBe("pong");
    await expect(policy.execute(() => Promise.reject(left))).rejects.toBe(left);
    const thrower = (): never => {
      throw left;
    };
    await expect(policy.execute(thrower)).rejects.toBe(left);
    await clock.advance(1);
    expect(clock.pending).toBe(0);
  });

  it("is bidden stop by its signal when its time is up, with the error as the reason", async () => {
    const { policy, clock, obedient } = setup({ mode, name: "search" });
    let reason: unknown;
    const running = policy.execute((context) => {
      context.signal.addEventListener("abort", () => {
        reason = context.signal.reason;
      });
      return obedient(context);
    });
    const failure = expect(running).rejects.toMatchObject({
      name: "TimeoutError",
      code: "KINTSUGI_TIMEOUT",
      message: '"search" took longer than 100 ms',
      timeoutMs: 100,
    });
    await clock.advance(99);
    expect(reason).toBeUndefined();
    await clock.advance(1);
    await failure;
    expect(reason).toBeInstanceOf(TimeoutError);
  });

  it("hears of an outer abort, which is no time-out", async () => {
    const onTimeout = vi.fn();
    const { policy, clock, obedient } = setup({ mode, onTimeout });
    const controller = new AbortController();
    const running = policy.execute(obedient, controller.signal);
    controller.abort(left);
    await expect(running).rejects.toBe(left);
    await clock.advance(1_000);
    expect(onTimeout).not.toHaveBeenCalled();
    expect(clock.pending).toBe(0);
  });

  it("is not made under a signal that is aborted already", async () => {
    const { policy } = setup({ mode });
    const call = vi.fn();
    await expect(policy.execute(call, AbortSignal.abort(left))).rejects.toBe(left);
    expect(call).not.toHaveBeenCalled();
  });

  it("leaves nothing on the outer signal, whether it read its own or not", async () => {
    const { policy } = setup({ mode });
    const { signal: outer } = new AbortController();
    await policy.execute(({ signal }) => signal.aborted, outer);
    await policy.execute(() => "unread", outer);
    const late = await policy.execute((context) => context, outer);
    expect(late.signal.aborted).toBe(false);
    await settled();
    expect(getEventListeners(outer, "abort")).toEqual([]);
  });

  it("keeps its signal unaborted after it has returned, so that a body can be read", async () => {
    const { policy, clock } = setup({ mode });
    const controller = new AbortController();
    const signal = await policy.execute(({ signal }) => signal, controller.signal);
    await clock.advance(1_000);
    controller.abort(left);
    expect(signal.aborted).toBe(false);
  });

  it("has its signal aborted when it has ended, where it is to be", async () => {
    const { policy } = setup({ mode, abortOnReturn: true });
    const returned = await policy.execute(({ signal }) => signal);
    expect(returned.reason).toMatchObject({ name: "AbortError", message: "The call has ended" });
    let thrown: AbortSignal | undefined;
    const fail = ({ signal }: { signal: AbortSignal }): never => {
      thrown = signal;
      throw left;
    };
    await expect(policy.execute(fail)).rejects.toBe(left);
    expect(thrown?.aborted).toBe(true);
  });

  it("finds its signal aborted when it reads it only after its time", async () => {
    const { policy, clock } = setup({ mode });
    const late = Promise.withResolvers<void>();
    let signal: AbortSignal | undefined;
    const running = policy.execute(async (context) => {
      await late.promise;
      signal = context.signal;
      signal.throwIfAborted();
    });
    const failure = expect(running).rejects.toThrow(TimeoutError);
    await clock.advance(100);
    late.resolve();
    await failure;
    await clock.advance(0);
    expect(signal?.reason).toBeInstanceOf(TimeoutError);
  });

  it("tells the attempt of the policy around it", async () => {
    const { policy } = setup({ mode });
    const { signal } = new AbortController();
    await expect(policy.within(({ attempt }) => attempt, { attempt: 3, signal })).resolves.toBe(3);
  });

  it("tells a listener, whose own errors hurt nobody", async () => {
    const bad = new Error("bad listener");
    const onTimeout = vi.fn().mockRejectedValue(bad);
    const onListenerError = vi.fn();
    const { policy, clock, obedient } = setup({ mode, onTimeout, onListenerError });
    const failure = expect(policy.execute(({ signal }) => obedient({ signal }))).rejects.toThrow();
    await clock.advance(100);
    await failure;
    expect(onTimeout.mock.calls).toEqual([[{ attempt: 1, timeoutMs: 100 }]]);
    expect(onListenerError.mock.calls).toEqual([[bad]]);
  });
});

describe("an aggressive timeout", () => {
  it("returns when the time is up, though the call goes on", async () => {
    const { policy, clock, never } = setup();
    const failure = expect(policy.execute(never)).rejects.toThrow(TimeoutError);
    await clock.advance(100);
    await failure;
  });

  it("returns at an outer abort, though the call goes on", async () => {
    const { policy, never, clock } = setup();
    const controller = new AbortController();
    const running = policy.execute(never, controller.signal);
    controller.abort(left);
    await expect(running).rejects.toBe(left);
    await clock.advance(1);
    expect(clock.pending).toBe(0);
  });

  it("lets nobody hear of a failure that comes after the time", async () => {
    const { policy, clock } = setup();
    const late = Promise.withResolvers<never>();
    const failure = expect(policy.execute(() => late.promise)).rejects.toThrow(TimeoutError);
    await clock.advance(100);
    late.reject(new Error("too late to matter"));
    await failure;
    await clock.advance(0); // An unhandled rejection would fail the test run here.
  });
});

describe("a cooperative timeout", () => {
  it("waits for the call, and takes what it returns all the same", async () => {
    const { policy, clock } = setup({ mode: "cooperative" });
    const late = Promise.withResolvers<string>();
    const running = policy.execute(() => late.promise);
    await clock.advance(500);
    late.resolve("late but good");
    await expect(running).resolves.toBe("late but good");
  });

  it("keeps what the call threw when it was bidden stop as the cause", async () => {
    const { policy, clock } = setup({ mode: "cooperative" });
    const cut = new Error("query was cancelled");
    const running = policy.execute(
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(cut));
        }),
    );
    const failure = expect(running).rejects.toMatchObject({ name: "TimeoutError", cause: cut });
    await clock.advance(100);
    await failure;
  });
});

describe("a timeout, to those around it", () => {
  it.each([{ exact: false }, { exact: true }])(
    "says how much time is left: %o",
    async (options) => {
      const { policy, clock } = setup(options);
      const leftMs = (context: CallContext) => (context instanceof Attempt ? context.leftMs : -1);
      const later = async (context: CallContext): Promise<number> => {
        await clock.advance(40);
        return leftMs(context);
      };
      await expect(policy.execute(later)).resolves.toBe(60);
      const ended = await policy.execute((context) => context);
      expect(leftMs(ended)).toBe(Infinity);
    },
  );

  it("says what it is, and when it returns", () => {
    const { role, layer } = setup().policy;
    expect(role).toEqual({
      kind: "timeout",
      state: layer.kind === "time-limit" && layer.limit,
      stopsAfterMs: 100,
      returnsAfterMs: 100,
    });
    const cooperative = setup({ mode: "cooperative", name: "search" }).policy.role;
    expect(cooperative).toMatchObject({ name: "search", returnsAfterMs: Infinity });
  });

  it("needs nobody who hears of it, and leaves other errors their stack", async () => {
    const onListenerError = vi.fn();
    const { policy, clock, never } = setup({ onListenerError });
    const depth = Error.stackTraceLimit;
    const failure = expect(policy.execute(never)).rejects.toThrow(TimeoutError);
    await clock.advance(100);
    await failure;
    expect(onListenerError).not.toHaveBeenCalled();
    expect(Error.stackTraceLimit).toBe(depth);
  });
});

it.each([0, -1, Number.NaN, Infinity])("refuses a timeoutMs of %d by name", (timeoutMs) => {
  expect(() => setup({ timeoutMs })).toThrow(/^timeoutMs must be /);
});

it("refuses a mode that there is not", () => {
  expect(() => setup({ mode: "gentle" as "cooperative" })).toThrow(
    new RangeError('mode must be "aggressive" or "cooperative", got "gentle"'),
  );
});

describe("a timeout that returns before the work has stopped", () => {
  it.each(["the time is up", "the caller leaves"])("says so when %s", async (when) => {
    const { policy, clock } = setup();
    const controller = new AbortController();
    const attempt = firstAttempt(controller.signal);
    const work = Promise.withResolvers<string>();
    const ended = policy.within(() => work.promise, attempt).catch(() => "given up");
    expect(attempt.zombie).toBeUndefined();
    if (when === "the caller leaves") controller.abort(left);
    else await clock.advance(100);
    await expect(ended).resolves.toBe("given up");
    work.resolve("at last");
    await expect(attempt.zombie).resolves.toBe("at last");
  });
});
