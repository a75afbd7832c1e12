import { getEventListeners } from "node:events";
import { describe, expect, it, vi } from "vitest";

import { manualClock, settled } from "../base/fixtures/clocks.ts";
import { type Call, type CallContext, firstAttempt, type Policy } from "../base/index.ts";
import { TimeoutPolicy } from "../timeout/index.ts";
import { FallbackFailedError, type FallbackOptions, FallbackPolicy } from "./fallback-policy.ts";

const lost = new Error("model is down");
const down = async (): Promise<never> => {
  throw lost;
};

function setup(options: Partial<FallbackOptions<string>> = {}) {
  const cache = vi.fn(async () => "from the cache");
  const rules = vi.fn(() => "from the rules");
  const sources = [
    { name: "cache", answer: cache },
    { name: "rules", answer: rules },
  ];
  return { cache, rules, policy: new FallbackPolicy<string>({ sources, ...options }) };
}

describe("a fallback", () => {
  it("is not asked when the call answers", async () => {
    const { policy, cache } = setup();
    const answer = policy.answer(() => 42);
    await expect(answer).resolves.toEqual({ value: 42, source: "primary" });
    await expect(policy.execute(() => 42)).resolves.toBe(42);
    expect(cache).not.toHaveBeenCalled();
  });

  it("answers for a call that failed, says so, and is told why", async () => {
    const { policy, cache, rules } = setup();
    const answer = policy.answer(down);
    await expect(answer).resolves.toEqual({ value: "from the cache", source: "cache" });
    await expect(policy.execute(down)).resolves.toBe("from the cache");
    expect(cache).toHaveBeenCalledWith(lost, expect.anything());
    expect(rules).not.toHaveBeenCalled();
  });

  it("gives way to the next source when it fails itself", async () => {
    const { policy, cache } = setup();
    cache.mockRejectedValue(new Error("cache is empty"));
    const answer = policy.answer(down);
    await expect(answer).resolves.toEqual({ value: "from the rules", source: "rules" });
  });

  it("keeps every error when no source answers", async () => {
    const { policy, cache, rules } = setup();
    const errors = [new Error("cache is empty"), new Error("no rule fits")] as const;
    cache.mockRejectedValue(errors[0]);
    rules.mockImplementation(() => {
      throw errors[1];
    });
    const thrown = await policy.execute(down).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(FallbackFailedError);
    expect(thrown).toMatchObject({
      code: "KINTSUGI_FALLBACK_FAILED",
      message: "The call failed, and so did all 2 fallbacks: model is down",
      cause: lost,
      errors,
    });
  });

  it("leaves failures alone that are not for it", async () => {
    const { policy, cache } = setup({ when: ({ message }) => message !== "model is down" });
    await expect(policy.execute(down)).rejects.toBe(lost);
    expect(cache).not.toHaveBeenCalled();
  });

  it("is not asked when the caller has left", async () => {
    const { policy, cache } = setup();
    const { signal } = new AbortController();
    const controller = new AbortController();
    const leaving = () => {
      controller.abort("left");
      return down();
    };
    await expect(policy.execute(leaving, controller.signal)).rejects.toBe(lost);
    expect(cache).not.toHaveBeenCalled();
    await expect(policy.execute(down, signal)).resolves.toBe("from the cache");
  });

  it("asks no further source when the caller leaves meanwhile", async () => {
    const { policy, cache, rules } = setup();
    const controller = new AbortController();
    cache.mockImplementation(async () => {
      controller.abort("left");
      throw new Error("cut short");
    });
    await expect(policy.execute(down, controller.signal)).rejects.toThrow(FallbackFailedError);
    expect(rules).not.toHaveBeenCalled();
  });

  it("ends the wait for a source at once when the caller leaves", async () => {
    const { policy, cache, rules } = setup();
    const controller = new AbortController();
    const slow = Promise.withResolvers<string>();
    cache.mockReturnValue(slow.promise);
    const outer = firstAttempt(controller.signal);
    const running = policy.within(down, outer);
    const failure = expect(running).rejects.toMatchObject({ errors: ["left"], sources: ["cache"] });
    await settled();
    controller.abort("left");
    await failure;
    expect(rules).not.toHaveBeenCalled();
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    let isOver = false; // Who counts what runs is told of the source.
    void outer.zombie?.then(() => {
      isOver = true;
    });
    await settled();
    expect(isOver).toBe(false);
    slow.reject(new Error("too late to matter"));
    await settled(); // An unhandled rejection would fail the test run here.
    expect(isOver).toBe(true);
  });

  it("leaves nothing running where a source failed by itself", async () => {
    const { policy, cache } = setup();
    cache.mockRejectedValue(new Error("cache is empty"));
    const outer = firstAttempt(new AbortController().signal);
    await expect(policy.within(down, outer)).resolves.toBe("from the rules");
    expect(outer.zombie).toBeUndefined();
  });

  it("says in the singular that one source failed, and counts the call", async () => {
    const sources = [{ name: "cache", answer: down }];
    const { policy } = setup({ sources });
    await expect(policy.execute(down)).rejects.toThrow(
      "The call failed, and so did its fallback: model is down",
    );
    expect(policy.stats()).toMatchObject({ failed: 1, unanswered: 0 });
  });

  it("reports nothing where nobody listens", async () => {
    const onListenerError = vi.fn();
    const { policy } = setup({ onListenerError });
    await policy.execute(down);
    expect(onListenerError).not.toHaveBeenCalled();
  });

  it("tells of the policies of its sources, and of no others", () => {
    const own = new TimeoutPolicy({ timeoutMs: 100 });
    const sources = [
      { name: "cache", answer: () => "from the cache", policy: own },
      { name: "rules", answer: () => "from the rules" },
    ];
    expect(setup({ sources }).policy.role).toMatchObject({ kind: "fallback", besides: [own] });
  });

  it("tells a listener who answered, and survives what it throws", async () => {
    const bad = new Error("bad listener");
    const onFallback = vi.fn().mockRejectedValue(bad);
    const onListenerError = vi.fn();
    const { policy } = setup({ onFallback, onListenerError });
    await expect(policy.execute(down)).resolves.toBe("from the cache");
    expect(onFallback.mock.calls).toEqual([[{ source: "cache", error: lost }]]);
    expect(onListenerError.mock.calls).toEqual([[bad]]);
  });

  it("is refused without a source", () => {
    expect(() => setup({ sources: [] })).toThrow(
      new RangeError("sources must name at least one, got 0"),
    );
  });

  it.each(["cache", "primary"])("is refused where %s would not say who answered", (name) => {
    const sources = ["cache", name].map((each) => ({ name: each, answer: () => "" }));
    expect(() => setup({ sources })).toThrow(
      new RangeError(`sources must have names of their own, got "${name}" twice`),
    );
  });
});

describe("a source", () => {
  const rules = { name: "rules", answer: () => "from the rules" };

  it("is passed over for failures that are not for it", async () => {
    const cache = { name: "cache", answer: () => "from the cache", when: () => false };
    const { policy } = setup({ sources: [cache, rules] });
    await expect(policy.answer(down)).resolves.toEqual({
      value: "from the rules",
      source: "rules",
    });
    const alone = setup({ sources: [cache] });
    await expect(alone.policy.execute(down)).rejects.toBe(lost);
    expect(alone.policy.stats()).toMatchObject({ unanswered: 1, failed: 0 });
  });

  it("may have a policy of its own, which fails over to the next", async () => {
    const clock = manualClock();
    const contexts: CallContext[] = [];
    const model = {
      name: "smaller-model",
      answer: (_: Error, context: CallContext) => {
        contexts.push(context);
        return new Promise<never>(() => {});
      },
      policy: new TimeoutPolicy({ timeoutMs: 100, clock }),
    };
    const { policy } = setup({ sources: [model, rules] });
    const answer = policy.answer(down);
    await clock.advance(100);
    await expect(answer).resolves.toMatchObject({ source: "rules" });
    expect(contexts).toHaveLength(1);
    expect(clock.pending).toBe(0);
    expect(policy.stats().sources).toEqual({
      "smaller-model": { answered: 0, failed: 1 },
      rules: { answered: 1, failed: 0 },
    });
  });

  it("may have a policy of another house, which is given the caller's signal", async () => {
    const { signal } = new AbortController();
    const execute = vi.fn((call: Call<never>, given?: AbortSignal) =>
      Promise.resolve(call({ attempt: 1, signal: given ?? expect.fail() })),
    ) as Policy["execute"];
    const { policy } = setup({ sources: [{ ...rules, policy: { execute } }] });
    await expect(policy.execute(down, signal)).resolves.toBe("from the rules");
    expect(execute).toHaveBeenCalledWith(expect.anything(), signal);
  });
});

it("the stats of a fallback count who answered", async () => {
  const { policy, cache } = setup();
  await policy.execute(() => "up");
  await policy.answer(() => "up");
  await policy.execute(down);
  cache.mockRejectedValue(new Error("cache is empty"));
  await policy.execute(down);
  expect(policy.stats()).toEqual({
    primary: 2,
    sources: { cache: { answered: 1, failed: 1 }, rules: { answered: 1, failed: 0 } },
    failed: 0,
    unanswered: 0,
  });
});
