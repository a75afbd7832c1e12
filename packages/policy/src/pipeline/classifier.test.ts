/** One classifier for all policies of a frame, as a program has it that learns what its errors mean. */

import { describe, expect, it } from "vitest";

import { eagerClock } from "../base/fixtures/clocks.ts";
import { Bulkhead } from "../bulkhead/index.ts";
import { CircuitBreaker } from "../circuit-breaker/index.ts";
import {
  type Classification,
  type Classifier,
  createClassifier,
  type ErrorClass,
  reactions,
} from "../classify/index.ts";
import { ResilientExecutor } from "../executor/index.ts";
import { RateLimiter } from "../rate-limit/index.ts";
import { type RetryBudget, RetryPolicy } from "../retry/index.ts";
import { TimeoutPolicy } from "../timeout/index.ts";
import { pipeline } from "./pipeline.ts";

/** Knows the words of a vendor once it was taught them; counts how often it is asked. */
function learner() {
  const learnt = new Map<string, ErrorClass>();
  const asked: string[] = [];
  const next: Classifier = {
    classify(thrown): Classification {
      const { message } = thrown as Error;
      asked.push(message);
      const kind = learnt.get(message) ?? "unknown";
      return { ...reactions[kind], class: kind, evidence: "what was learnt" };
    },
  };
  return { learnt, asked, classifier: createClassifier({ next }) };
}

function setup() {
  const clock = eagerClock();
  const retry = new RetryPolicy({ maxAttempts: 3, clock });
  const breaker = new CircuitBreaker({ name: "vendor", failureThreshold: 9, clock });
  let calls = 0;
  const fail = (): never => {
    calls += 1;
    throw new Error("flux capacitor");
  };
  return { clock, retry, breaker, fail, calls: () => calls };
}

describe("a classifier for a whole pipeline", () => {
  it("is asked once for each attempt, and learns between two", async () => {
    const { retry, breaker, fail, calls } = setup();
    const { learnt, asked, classifier } = learner();
    const guarded = pipeline({ classifier }, retry, breaker);
    await expect(guarded.execute(fail)).rejects.toThrow("flux capacitor");
    expect([calls(), asked.length, breaker.stats().failures]).toEqual([3, 3, 3]);
    learnt.set("flux capacitor", "auth");
    await expect(guarded.execute(fail)).rejects.toThrow("flux capacitor");
    expect([calls(), asked.length, breaker.stats().failures]).toEqual([4, 4, 4]);
  });

  it("is asked by a retry alone as well, about every attempt", async () => {
    const { retry, fail } = setup();
    const { asked, classifier } = learner();
    await expect(pipeline({ classifier }, retry).execute(fail)).rejects.toThrow();
    expect(asked).toHaveLength(3);
  });

  it("leaves theirs to policies that have one, which share it among them", async () => {
    const { clock, retry, fail } = setup();
    const [all, own] = [learner(), learner()];
    own.learnt.set("flux capacitor", "code-bug");
    const { classifier } = own;
    const breaker = new CircuitBreaker({ name: "vendor", classifier, clock });
    const bulkhead = new Bulkhead({ name: "vendor", maxConcurrent: 1, classifier, clock });
    const guarded = pipeline({ classifier: all.classifier }, retry, breaker, bulkhead);
    await expect(guarded.execute(fail)).rejects.toThrow();
    expect([all.asked.length, own.asked.length]).toEqual([3, 3]);
    expect(breaker.stats()).toMatchObject({ failures: 0, ignored: 3 });
  });

  it("may throw though it must not: then the tables answer", async () => {
    const { retry, breaker, calls, fail } = setup();
    const classifier: Classifier = {
      classify() {
        throw new Error("the model is not loaded");
      },
    };
    const timeout = new TimeoutPolicy({ timeoutMs: 1_000 });
    const guarded = pipeline({ classifier }, retry, breaker, timeout);
    await expect(guarded.execute(fail)).rejects.toThrow("flux capacitor");
    expect([calls(), breaker.stats().failures]).toEqual([3, 3]);
  });

  it("holds in an inner pipeline of its own", async () => {
    const { retry, breaker, fail, calls } = setup();
    const [outer, inner] = [learner(), learner()];
    inner.learnt.set("flux capacitor", "rate-limit");
    const { classifier } = outer;
    const guarded = pipeline(
      { classifier },
      retry,
      pipeline({ classifier: inner.classifier }, breaker),
    );
    await expect(guarded.execute(fail)).rejects.toThrow();
    expect([calls(), outer.asked.length, inner.asked.length]).toEqual([3, 3, 3]);
    expect(breaker.stats()).toMatchObject({ failures: 0, ignored: 3 });
  });
});

describe("the classifier of an executor", () => {
  it("is asked once for each attempt, and once for how the call ends", async () => {
    const { clock, fail } = setup();
    const { learnt, asked, classifier } = learner();
    learnt.set("flux capacitor", "overloaded");
    const circuitBreaker = { failureThreshold: 9 };
    const retry = { maxAttempts: 3 };
    const executor = new ResilientExecutor({
      name: "vendor",
      retry,
      circuitBreaker,
      timeout: 1_000,
      classifier,
      clock,
    });
    const result = await executor.execute(fail);
    expect(result).toMatchObject({ success: false, errorClass: "overloaded", attempts: 3 });
    expect(asked).toHaveLength(4);
  });

  it("is asked once where there was one attempt", async () => {
    const { clock, fail } = setup();
    const { learnt, asked, classifier } = learner();
    learnt.set("flux capacitor", "auth");
    const policies = { retry: {}, circuitBreaker: {}, timeout: 1_000 };
    const executor = new ResilientExecutor({ name: "vendor", ...policies, classifier, clock });
    await expect(executor.execute(fail)).resolves.toMatchObject({ errorClass: "auth" });
    expect(asked).toHaveLength(1);
  });
});

describe("an outcome that all policies of a frame share", () => {
  const limited = (): Error =>
    Object.assign(new Error("slow down"), {
      status: 429,
      headers: { "retry-after": "7" },
      body: { usage: { total_tokens: 40 }, error: { type: "rate_limit_error" } },
    });

  it("pauses a limiter for a 429, takes what it cost, and is no outage", async () => {
    const { clock } = setup();
    const limiter = new RateLimiter({ name: "llm", tokensPerMinute: 100, cost: 10, clock });
    const breaker = new CircuitBreaker({ name: "llm", failureThreshold: 1, clock });
    const once = new RetryPolicy({ maxAttempts: 1, clock });
    const guarded = pipeline(once, breaker, limiter);
    await expect(guarded.execute(() => Promise.reject(limited()))).rejects.toThrow("slow down");
    expect(breaker.stats()).toMatchObject({ state: "closed", failures: 0, ignored: 1 });
    const { pausedMs, budgets } = limiter.stats();
    expect(pausedMs).toBe(7_000);
    expect(budgets).toMatchObject([{ unit: "tokens", spent: 40 }]);
  });

  it("reaches a retry's budget with its wait and its cost", async () => {
    const { clock } = setup();
    const failures: unknown[] = [];
    const budget: RetryBudget = {
      name: "tokens",
      attempt() {},
      succeed() {},
      fail: ({ cost, retryAfterMs }) => void failures.push({ cost, retryAfterMs }),
      repay() {},
      trySpend: () => false,
      stats: () => ({ name: "tokens", left: 0, spent: 0, refused: 0 }),
    };
    const guarded = pipeline(new RetryPolicy({ budget, clock }));
    await expect(guarded.execute(() => Promise.reject(limited()))).rejects.toThrow("slow down");
    expect(failures).toEqual([{ cost: 40, retryAfterMs: 7_000 }]);
  });

  it("is counted by a retry's budget in a pipeline, as every attempt and every success is", async () => {
    const { clock } = setup();
    const told: string[] = [];
    const budget: RetryBudget = {
      name: "tokens",
      attempt: () => void told.push("attempt"),
      succeed: () => void told.push("succeed"),
      fail: () => void told.push("fail"),
      repay() {},
      trySpend: () => true,
      stats: () => ({ name: "tokens", left: 0, spent: 0, refused: 0 }),
    };
    const guarded = pipeline(new RetryPolicy({ budget, clock }));
    const answer = guarded.execute(({ attempt }) => {
      if (attempt === 1) throw limited();
      return "answer";
    });
    await expect(answer).resolves.toBe("answer");
    expect(told.filter((what) => what !== "fail")).toEqual(["attempt", "attempt", "succeed"]);
  });

  it("is tried again when the limiter has waited", async () => {
    const { clock, retry } = setup();
    const limiter = new RateLimiter({ name: "llm", requestsPerMinute: 100, clock });
    const guarded = pipeline(retry, limiter);
    const answer = guarded.execute(({ attempt }) => {
      if (attempt === 1) throw limited();
      return clock.monotonicMs();
    });
    await expect(answer).resolves.toBe(7_000);
  });
});
