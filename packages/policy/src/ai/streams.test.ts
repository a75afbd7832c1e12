import { streamText, wrapLanguageModel } from "ai";
import { describe, expect, it, vi } from "vitest";

import { eagerClock, manualClock, settled } from "../base/fixtures/clocks.ts";
import { Bulkhead } from "../bulkhead/index.ts";
import { CircuitBreaker } from "../circuit-breaker/index.ts";
import { RateLimiter } from "../rate-limit/index.ts";
import { RetryPolicy } from "../retry/index.ts";
import { IdleTimeoutError, TimeoutError, TimeoutPolicy } from "../timeout/index.ts";
import {
  apiError,
  breaking,
  fallingSilent,
  finish,
  model,
  streaming,
  words,
} from "./fixtures/models.ts";
import { type ResilientModelOptions, resilientModel } from "./index.ts";

const retry = () => new RetryPolicy({ maxAttempts: 3, clock: eagerClock() });

function setup(
  large: ReturnType<typeof model>,
  options: ResilientModelOptions = {},
  resilience: Parameters<typeof resilientModel>[0] = retry(),
) {
  const wrapped = wrapLanguageModel({
    model: large,
    middleware: resilientModel(resilience, options),
  });
  const ask = async (abortSignal?: AbortSignal) => {
    const errors: unknown[] = [];
    let text = "";
    const { textStream } = streamText({
      model: wrapped,
      prompt: "Tell me",
      onError: ({ error }) => void errors.push(error),
      ...(abortSignal && { abortSignal }),
    });
    for await (const part of textStream) text += part;
    return { text, errors };
  };
  return { ask };
}

const whole = () => streaming(words("once", " upon"), finish(90));

describe("a stream of a model under policies", () => {
  it("comes whole", async () => {
    const large = model({ stream: [whole] });
    await expect(setup(large).ask()).resolves.toEqual({ text: "once upon", errors: [] });
  });

  it.each([
    ["the call fails", apiError(503)],
    ["an error comes in place of the first word", () => streaming(breaking(apiError(529)))],
    ["it ends before the first word", () => streaming([])],
  ])("is asked for again when %s", async (_, first) => {
    const large = model({ stream: [first, whole] });
    await expect(setup(large).ask()).resolves.toEqual({ text: "once upon", errors: [] });
    expect(large.doStreamCalls).toHaveLength(2);
  });

  it("is asked for as often as its policies say, whatever the SDK would add to it", async () => {
    const large = model({ stream: [() => streaming(breaking(apiError(503)))] });
    const { text, errors } = await setup(large).ask();
    expect(text).toBe("");
    expect(errors).toEqual([expect.objectContaining({ statusCode: 503, isRetryable: false })]);
    expect(large.doStreamCalls).toHaveLength(3);
  });

  it("is not asked for again once something was said, and the error is passed on", async () => {
    const onBroken = vi.fn();
    const broken = apiError(529);
    const large = model({ stream: [() => streaming(words("once"), breaking(broken))] });
    const { text, errors } = await setup(large, { onBroken }).ask();
    expect([text, errors]).toEqual(["once", [broken]]);
    expect(large.doStreamCalls).toHaveLength(1);
    expect(onBroken).toHaveBeenCalledWith({
      model: "large",
      errorClass: "overloaded",
      error: broken,
    });
  });

  it("comes from a fallback when the model has failed for good", async () => {
    const large = model({ stream: [apiError(401)] });
    const small = model({ stream: [whole] }, "small");
    await expect(setup(large, { fallbacks: [{ model: small }] }).ask()).resolves.toMatchObject({
      text: "once upon",
    });
  });
});

describe("a stream that falls silent", () => {
  it("is given up and asked for again before the first word", async () => {
    const onCancel = vi.fn();
    const large = model({ stream: [() => fallingSilent([], onCancel), whole] });
    const { text } = await setup(large, { idleTimeoutMs: 20 }).ask();
    expect(text).toBe("once upon");
    expect(onCancel).toHaveBeenCalledWith(expect.any(IdleTimeoutError));
  });

  it("ends with an error after it, and its source is cancelled", async () => {
    const onCancel = vi.fn();
    const onBroken = vi.fn();
    const large = model({ stream: [() => fallingSilent(words("once"), onCancel)] });
    const { text, errors } = await setup(large, { idleTimeoutMs: 20, onBroken }).ask();
    expect(text).toBe("once");
    expect(errors).toEqual([expect.any(IdleTimeoutError)]);
    expect(onCancel).toHaveBeenCalledOnce();
    expect(onBroken).toHaveBeenCalledWith(expect.objectContaining({ errorClass: "timeout" }));
    expect(large.doStreamCalls).toHaveLength(1);
  });

  it("ends when its caller leaves, before and after the first word", async () => {
    for (const said of [[], words("once")]) {
      const onCancel = vi.fn();
      const caller = new AbortController();
      const row = [retry(), new TimeoutPolicy({ timeoutMs: 60_000 })];
      const large = model({ stream: [() => fallingSilent(said, onCancel)] });
      const asking = setup(large, {}, row).ask(caller.signal);
      await expect.poll(() => large.doStreamCalls.length).toBe(1);
      await settled();
      caller.abort(new Error("the user left"));
      await expect(asking).resolves.toMatchObject({ errors: [] });
      await expect.poll(() => onCancel.mock.calls.length).toBe(1);
      expect(large.doStreamCalls).toHaveLength(1);
    }
  });

  it.each(["content", "end"] as const)(
    "is no broken stream, and no failure, where its caller has left: held until %s",
    async (holdUntil) => {
      const onBroken = vi.fn();
      const circuit = new CircuitBreaker({ name: "provider", failureThreshold: 1 });
      const caller = new AbortController();
      const large = model({ stream: [() => fallingSilent(words("once"))] });
      const asking = setup(large, { holdUntil, onBroken }, circuit).ask(caller.signal);
      await expect.poll(() => large.doStreamCalls.length).toBe(1);
      await settled();
      caller.abort();
      await asking;
      await settled();
      expect(onBroken).not.toHaveBeenCalled();
      expect(circuit.stats()).toMatchObject({ state: "closed", failures: 0 });
    },
  );

  it("is broken where it takes longer than its caller has time", async () => {
    const onBroken = vi.fn();
    const caller = new AbortController();
    const large = model({ stream: [() => fallingSilent(words("once"))] });
    const asking = setup(large, { onBroken }).ask(caller.signal);
    await expect.poll(() => large.doStreamCalls.length).toBe(1);
    await settled();
    caller.abort(new DOMException("The time is up", "TimeoutError"));
    await asking;
    await expect.poll(() => onBroken.mock.calls.length).toBe(1);
    expect(onBroken).toHaveBeenCalledWith(expect.objectContaining({ errorClass: "timeout" }));
  });

  it("throws the reason of its caller, where they have left, and shows no error part", async () => {
    const caller = new AbortController();
    const large = model({ stream: [() => fallingSilent(words("once"))] });
    const wrapped = wrapLanguageModel({ model: large, middleware: resilientModel(retry()) });
    const { stream } = await wrapped.doStream({ prompt: [], abortSignal: caller.signal });
    const left = new Error("the user left");
    const read = async (): Promise<readonly string[]> => {
      const types: string[] = [];
      for await (const { type } of stream) {
        types.push(type);
        if (type === "text-delta") caller.abort(left);
      }
      return types;
    };
    await expect(read()).rejects.toBe(left);
  });
});

describe("a stream that is held to its end", () => {
  it("keeps its place in a bulkhead", async () => {
    for (const [holdUntil, running] of [
      ["content", 0],
      ["end", 1],
    ] as const) {
      const bulkhead = new Bulkhead({ name: "provider" });
      const caller = new AbortController();
      const large = model({ stream: [() => fallingSilent(words("once"))] });
      const asking = setup(large, { holdUntil }, bulkhead).ask(caller.signal);
      await expect.poll(() => large.doStreamCalls.length).toBe(1);
      await expect.poll(() => bulkhead.stats().running).toBe(running);
      caller.abort();
      await asking;
      await expect.poll(() => bulkhead.stats().running).toBe(0);
    }
  });

  it("counts for the circuit when it breaks", async () => {
    const circuit = new CircuitBreaker({ name: "provider", failureThreshold: 1 });
    const large = model({ stream: [() => streaming(words("once"), breaking(apiError(529)))] });
    await setup(large, { holdUntil: "end" }, [retry(), circuit]).ask();
    await expect.poll(() => circuit.state.kind).toBe("open");
    expect(large.doStreamCalls).toHaveLength(1);
  });

  it("is asked for once, even where a policy thinks that everything may be tried again", async () => {
    const eager = new RetryPolicy({ retryableErrors: () => true, clock: eagerClock() });
    const large = model({
      stream: [() => streaming(words("once"), breaking(apiError(529))), whole],
    });
    await setup(large, { holdUntil: "end" }, eager).ask();
    await settled();
    expect(large.doStreamCalls).toHaveLength(1);
  });

  it("is bounded as a whole by a time-out", async () => {
    const clock = manualClock();
    const onCancel = vi.fn();
    const large = model({ stream: [() => fallingSilent(words("once"), onCancel)] });
    const timeout = new TimeoutPolicy({ timeoutMs: 1_000, clock });
    const asking = setup(large, { holdUntil: "end" }, timeout).ask();
    await expect.poll(() => large.doStreamCalls.length).toBe(1);
    for (let turn = 0; turn < 20; turn += 1) await settled();
    await clock.advance(2_000);
    const { text, errors } = await asking;
    expect([text, errors]).toEqual(["once", [expect.any(TimeoutError)]]);
    expect(onCancel).toHaveBeenCalledOnce();
  });
});

describe("a limiter of tokens", () => {
  const spent = async (stream: () => unknown, cancels = false) => {
    const limiter = new RateLimiter({
      name: "provider",
      tokensPerMinute: 1_000,
      clock: eagerClock(),
    });
    const caller = new AbortController();
    const asking = setup(model({ stream: [stream] }), { limiter, estimate: () => 500 }).ask(
      caller.signal,
    );
    if (cancels) {
      await settled();
      caller.abort();
    }
    await asking;
    await expect.poll(() => limiter.stats().reserved).toBe(0);
    return limiter.stats().budgets.find(({ unit }) => unit === "tokens")?.spent;
  };

  it("settles for what a stream says at its end", async () => {
    await expect(spent(whole)).resolves.toBe(90);
  });

  it("keeps what was reserved where the stream does not get so far", async () => {
    const broken = () => streaming(words("once"), breaking(apiError(400)));
    await expect(spent(broken)).resolves.toBe(500);
    await expect(spent(() => fallingSilent(words("once")), true)).resolves.toBe(500);
  });
});
