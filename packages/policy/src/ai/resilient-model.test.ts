import { generateText, wrapLanguageModel } from "ai";
import { describe, expect, it, vi } from "vitest";

import { eagerClock } from "../base/fixtures/clocks.ts";
import { CircuitBreaker } from "../circuit-breaker/index.ts";
import { ResilientExecutor } from "../executor/index.ts";
import { FallbackFailedError } from "../fallback/index.ts";
import { RateLimiter } from "../rate-limit/index.ts";
import { RetryPolicy } from "../retry/index.ts";
import { apiError, model, saying } from "./fixtures/models.ts";
import { type ResilientModelOptions, resilientModel } from "./index.ts";
import { tokensOf } from "./model.ts";

const retry = (maxAttempts = 3) => new RetryPolicy({ maxAttempts, clock: eagerClock() });

function setup(
  large: ReturnType<typeof model>,
  options: ResilientModelOptions = {},
  resilience: Parameters<typeof resilientModel>[0] = retry(),
) {
  const wrapped = wrapLanguageModel({
    model: large,
    middleware: resilientModel(resilience, options),
  });
  const ask = (more: { readonly maxRetries?: number; readonly abortSignal?: AbortSignal } = {}) =>
    generateText({ model: wrapped, prompt: "Tell me", ...more });
  return { ask };
}

const thrownBy = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );

describe("a model under policies", () => {
  it("is asked again until it answers", async () => {
    const large = model({ generate: [apiError(503), apiError(429), saying("hello")] });
    const { text, usage } = await setup(large).ask({ maxRetries: 0 });
    expect([text, usage.totalTokens, large.doGenerateCalls.length]).toEqual(["hello", 30, 3]);
  });

  it("is asked as often as its policies say, whatever the SDK would add to it", async () => {
    const large = model({ generate: [apiError(503)] });
    const error = await thrownBy(setup(large).ask());
    expect(error).toMatchObject({ name: "AI_APICallError", statusCode: 503, isRetryable: false });
    expect(large.doGenerateCalls).toHaveLength(3);
  });

  it("is not asked again where that cannot help", async () => {
    const large = model({ generate: [apiError(401)] });
    await thrownBy(setup(large).ask());
    expect(large.doGenerateCalls).toHaveLength(1);
  });

  it("gets the signal of the attempt, and is not asked again when its caller leaves", async () => {
    const caller = new AbortController();
    const large = model({
      generate: [
        () => {
          caller.abort(new Error("the user left"));
          throw apiError(503);
        },
      ],
    });
    const error = await thrownBy(setup(large).ask({ abortSignal: caller.signal }));
    expect(error).toMatchObject({ statusCode: 503 });
    expect(large.doGenerateCalls).toHaveLength(1);
    expect(large.doGenerateCalls[0]?.abortSignal?.aborted).toBe(true);
  });

  it("may stand behind an executor", async () => {
    const large = model({ generate: [apiError(503), saying("hello")] });
    const executor = new ResilientExecutor({ name: "provider", retry: {}, clock: eagerClock() });
    const { text } = await setup(large, {}, executor).ask();
    expect(text).toBe("hello");
  });

  it("is not asked while its circuit is open", async () => {
    const large = model({ generate: [apiError(503)] });
    const circuit = new CircuitBreaker({ name: "provider", failureThreshold: 1 });
    const { ask } = setup(large, {}, circuit);
    await thrownBy(ask({ maxRetries: 0 }));
    expect(await thrownBy(ask())).toMatchObject({ code: "KINTSUGI_CIRCUIT_OPEN" });
    expect(large.doGenerateCalls).toHaveLength(1);
  });
});

describe("the fallbacks of a model", () => {
  it("are asked in their order, each behind its own policies", async () => {
    const large = model({ generate: [apiError(503)] });
    const medium = model({ generate: [apiError(500)] }, "medium");
    const small = model({ generate: [apiError(503), saying("short")] }, "small");
    const onFallback = vi.fn();
    const fallbacks = [{ model: medium }, { model: small, resilience: retry(2) }];
    const { text } = await setup(large, { fallbacks, onFallback }).ask();
    expect(text).toBe("short");
    const calls = [large, medium, small].map(({ doGenerateCalls }) => doGenerateCalls.length);
    expect(calls).toEqual([3, 1, 2]);
    expect(onFallback.mock.calls.map(([{ from, to }]) => [from, to])).toEqual([
      ["large", "medium"],
      ["medium", "small"],
    ]);
  });

  it("tell what each of them failed with", async () => {
    const large = model({ generate: [apiError(503)] });
    const small = model({ generate: [apiError(500)] }, "small");
    const error = await thrownBy(setup(large, { fallbacks: [{ model: small }] }).ask());
    expect(error).toBeInstanceOf(FallbackFailedError);
    expect(error).toMatchObject({ cause: { statusCode: 503 }, sources: ["small"] });
  });

  it("are not asked for a caller that has left, nor for code that is wrong", async () => {
    const small = model({ generate: [saying("short")] }, "small");
    const fallbacks = [{ model: small }];
    const wrong = model({ generate: [new TypeError("x is not a function")] });
    await expect(setup(wrong, { fallbacks }).ask()).rejects.toThrow("x is not a function");
    const abortSignal = AbortSignal.abort(new Error("the user left"));
    await thrownBy(setup(model({ generate: [apiError(503)] }), { fallbacks }).ask({ abortSignal }));
    expect(small.doGenerateCalls).toHaveLength(0);
  });
});

describe("a limiter of tokens", () => {
  const limiting = () =>
    new RateLimiter({ name: "provider", tokensPerMinute: 1_000, clock: eagerClock() });
  const spent = (limiter: RateLimiter) =>
    limiter.stats().budgets.find(({ unit }) => unit === "tokens")?.spent;

  it("settles for what an answer has cost", async () => {
    const limiter = limiting();
    const large = model({ generate: [saying("hello", 140)] });
    await setup(large, { limiter, estimate: () => 500 }).ask();
    expect([spent(limiter), limiter.stats().reserved]).toEqual([140, 0]);
  });

  it("keeps what was reserved where nobody says what a failure has cost", async () => {
    const limiter = limiting();
    const large = model({ generate: [apiError(500), saying("hello", 100)] });
    await setup(large, { limiter, estimate: () => 300 }).ask();
    expect([spent(limiter), limiter.stats().reserved]).toEqual([400, 0]);
  });

  it("pauses as long as the provider asks", async () => {
    const limiter = new RateLimiter({ name: "provider", requestsPerMinute: 100 });
    const large = model({ generate: [apiError(429, { "retry-after": "20" })] });
    await thrownBy(setup(large, { limiter }, retry(1)).ask({ maxRetries: 0 }));
    expect(limiter.stats().pausedMs).toBeGreaterThan(19_000);
  });

  it.each([
    ["the provider asks", 429, 19_000],
    ["nobody but they themselves asks", undefined, -1],
  ])("pauses as long as %s, though the caller has left by then", async (_, status, least) => {
    const limiter = new RateLimiter({ name: "provider", requestsPerMinute: 100 });
    const caller = new AbortController();
    const headers = { "retry-after": "20" };
    const said = Object.assign(new Error("slow down"), { status: 429, headers });
    const leave = (): never => {
      caller.abort(status ? new Error("the user left") : said);
      throw said;
    };
    const { ask } = setup(model({ generate: [leave] }), { limiter }, retry(1));
    await thrownBy(ask({ abortSignal: caller.signal, maxRetries: 0 }));
    const { pausedMs } = limiter.stats();
    expect(pausedMs > 0).toBe(least > 0);
    expect(pausedMs).toBeGreaterThan(least);
  });

  it("learns from what the provider says of its limits", async () => {
    const limiter = limiting();
    const headers = { "x-ratelimit-limit-tokens": "200", "x-ratelimit-remaining-tokens": "50" };
    const large = model({ generate: [{ ...saying("hello"), response: { headers } }] });
    await setup(large, { limiter }).ask();
    expect(limiter.stats().budgets).toContainEqual(
      expect.objectContaining({ unit: "tokens", amount: 200 }),
    );
  });

  it("turns a call away whose cost no budget can hold, without asking the model", async () => {
    const large = model({ generate: [saying("hello")] });
    const { ask } = setup(large, { limiter: limiting(), estimate: () => 5_000 });
    expect(await thrownBy(ask())).toMatchObject({ code: "KINTSUGI_RATE_LIMITED" });
    expect(large.doGenerateCalls).toHaveLength(0);
  });
});

describe("the cost of an answer", () => {
  it.each([
    [{ inputTokens: 3, outputTokens: 4 }, 7],
    [{ inputTokens: { total: 3 }, outputTokens: { total: undefined } }, 3],
    [{ inputTokens: undefined, outputTokens: undefined }, undefined],
    [{ inputTokens: Number.NaN, outputTokens: 4 }, 4],
    [{ inputTokens: null as never, outputTokens: -1 }, undefined],
    [undefined, undefined],
  ])("of %j is %s", (usage, expected) => {
    expect(tokensOf(usage)).toBe(expected);
  });
});

it.each([
  [{ holdUntil: "ever" }, 'holdUntil must be "content" or "end", got "ever"'],
  [{ idleTimeoutMs: 0 }, "idleTimeoutMs must be a number above 0 to 1000000000000, got 0"],
  [
    { fallbacks: [{ model: "small" }] },
    'fallbacks[0].model must be an object with doGenerate(), doStream(), got "small"',
  ],
])("%j is refused where it is said", (options, sentence) => {
  expect(() => resilientModel(retry(), options as never)).toThrow(sentence);
});
