import { getEventListeners } from "node:events";
import { describe, expect, expectTypeOf, it, vi } from "vitest";

import { manualClock, settled } from "../base/fixtures/clocks.ts";
import type { CallContext } from "../base/index.ts";
import { ChaosError, type ChaosOptions, ChaosPolicy } from "./chaos-policy.ts";

const left = new Error("user left");

function setup<R = never>(options: ChaosOptions<R> = {}) {
  const clock = manualClock();
  const onFault = vi.fn();
  const policy = new ChaosPolicy<R>({ enabled: true, seed: 1, clock, onFault, ...options });
  const call = vi.fn((_: CallContext) => "pong");
  const told = () => onFault.mock.calls.map(([event]) => event);
  /** Ends when its signal does, as a well-behaved call should. */
  const obedient = ({ signal }: CallContext) =>
    new Promise<never>((_, reject) => {
      if (signal.aborted) reject(signal.reason);
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  return { clock, policy, call, told, obedient };
}

describe("chaos that nobody has enabled", () => {
  it("does nothing, until it is enabled by hand", async () => {
    const policy = new ChaosPolicy({ errorRate: 1 });
    await expect(policy.execute(() => "pong")).resolves.toBe("pong");
    expect(policy.stats()).toMatchObject({ enabled: false, calls: 0 });
    policy.enable();
    await expect(policy.execute(() => "pong")).rejects.toThrow(ChaosError);
    policy.disable();
    await expect(policy.execute(() => "pong")).resolves.toBe("pong");
    expect(policy.stats()).toMatchObject({ enabled: false, calls: 1, error: 1 });
  });
});

describe("a fault", () => {
  it("may be an error in place of the call", async () => {
    const { policy, call, told } = setup({ errorRate: 1 });
    await expect(policy.execute(call)).rejects.toMatchObject({
      code: "KINTSUGI_CHAOS",
      message: "Chaos failed the call",
      fault: "error",
    });
    const own = setup({ errorRate: 1, error: ({ attempt }) => `attempt ${attempt}` });
    await expect(own.policy.execute(own.call)).rejects.toBe("attempt 1");
    expect(call).not.toHaveBeenCalled();
    expect(told()).toEqual([{ fault: "error", attempt: 1, ms: 0 }]);
  });

  it("may be an answer in place of the call", async () => {
    const { policy, call } = setup({ resultRate: 1, result: () => 404 });
    const answer = policy.execute(call);
    expectTypeOf(answer).resolves.toEqualTypeOf<string | number>();
    await expect(answer).resolves.toBe(404);
    expect(call).not.toHaveBeenCalled();
  });

  it("may be a wait before the call, which an abort ends", async () => {
    const { policy, call, clock, told } = setup({ latencyRate: 1, latencyMinMs: 50 });
    const running = policy.execute(call);
    await clock.advance(49);
    expect(call).not.toHaveBeenCalled();
    expect(told()).toEqual([{ fault: "latency", attempt: 1, ms: 50 }]);
    await clock.advance(1);
    expect(call).toHaveBeenCalledTimes(1);
    await expect(running).resolves.toBe("pong");
    const controller = new AbortController();
    const waiting = policy.execute(call, controller.signal);
    controller.abort(left);
    await expect(waiting).rejects.toBe(left);
    expect(clock.pending).toBe(0);
    expect(call).toHaveBeenCalledTimes(1);
  });

  it("may be an abort on the way of the call", async () => {
    const { policy, obedient, clock, told } = setup({ abortRate: 1, abortAfterMs: 20 });
    const { signal } = new AbortController();
    const reason = {
      code: "KINTSUGI_CHAOS",
      message: "Chaos aborted the call",
      fault: "abort",
    };
    const failure = expect(policy.execute(obedient, signal)).rejects.toMatchObject(reason);
    const alone = expect(policy.execute(obedient)).rejects.toMatchObject(reason);
    await clock.advance(20);
    await Promise.all([failure, alone]);
    expect(told()[0]).toEqual({ fault: "abort", attempt: 1, ms: 20 });
    await expect(policy.execute(() => "too quick", signal)).resolves.toBe("too quick");
    expect(clock.pending).toBe(0);
    await settled();
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("leaves the caller's own abort what it is", async () => {
    const { policy, obedient } = setup({ abortRate: 1, abortAfterMs: 20 });
    const controller = new AbortController();
    const running = policy.execute(obedient, controller.signal);
    controller.abort(left);
    await expect(running).rejects.toBe(left);
    await expect(policy.execute(obedient, controller.signal)).rejects.toBe(left);
  });

  it("hits only the calls that it may", async () => {
    const { policy, call } = setup({ errorRate: 1, when: ({ attempt }) => attempt === 1 });
    const { signal } = new AbortController();
    await expect(policy.within(call, { attempt: 2, signal })).resolves.toBe("pong");
    await expect(policy.within(call, { attempt: 1, signal })).rejects.toThrow(ChaosError);
    expect(policy.stats()).toMatchObject({ calls: 1, error: 1 });
  });

  it("hits the same calls with the same seed", async () => {
    const hits = async (seed: string) => {
      const { policy } = setup({ errorRate: 0.3, seed });
      const runs = Array.from({ length: 50 }, () => policy.execute(() => 1));
      return (await Promise.allSettled(runs)).map(({ status }) => status).join();
    };
    expect(await hits("a")).toBe(await hits("a"));
    expect(await hits("a")).not.toBe(await hits("b"));
  });

  it("hits others each time without a seed", async () => {
    const hits = async () => {
      const policy = new ChaosPolicy({ enabled: true, errorRate: 0.5 });
      const runs = Array.from({ length: 64 }, () => policy.execute(() => 1));
      return (await Promise.allSettled(runs)).map(({ status }) => status).join();
    };
    expect(await hits()).not.toBe(await hits());
  });

  it("needs nobody who hears of it", async () => {
    const onListenerError = vi.fn();
    const policy = new ChaosPolicy({ enabled: true, errorRate: 1, onListenerError });
    await expect(policy.execute(() => "pong")).rejects.toThrow(ChaosError);
    expect(onListenerError).not.toHaveBeenCalled();
  });

  it("is told to a listener, whose own errors hurt nobody", async () => {
    const onListenerError = vi.fn();
    const onFault = vi.fn().mockRejectedValue(left);
    const { policy, call } = setup({ resultRate: 1, result: () => 1, onFault, onListenerError });
    await expect(policy.execute(call)).resolves.toBe(1);
    expect(onListenerError.mock.calls).toEqual([[left]]);
  });
});

it.each([
  { latencyRate: 1.1 },
  { latencyMinMs: -1 },
  { latencyMinMs: 10, latencyMaxMs: 9 },
  { errorRate: Number.NaN },
  { resultRate: 0.5 },
  { abortRate: -0.1 },
  { abortAfterMs: Infinity },
])("chaos is refused with %o", (options) => {
  const name = Object.keys(options).at(-1);
  expect(() => setup(options)).toThrow(new RegExp(`^${name} must `));
});
