import { expect, it, vi } from "vitest";

import { AdaptiveLimiter, AdaptiveThrottle } from "../adaptive-limit/index.ts";
import { Bulkhead } from "../bulkhead/index.ts";
import { CachePolicy } from "../cache/index.ts";
import { ChaosPolicy } from "../chaos/index.ts";
import { CircuitBreaker, circuitBreaker } from "../circuit-breaker/index.ts";
import { ResilientExecutor } from "../executor/index.ts";
import { FallbackPolicy } from "../fallback/index.ts";
import { Hedge } from "../hedge/index.ts";
import { RateLimiter } from "../rate-limit/index.ts";
import { RetryPolicy } from "../retry/index.ts";
import { TimeoutPolicy } from "../timeout/index.ts";
import { ValidatePolicy } from "../validate/index.ts";
import { pipeline } from "./pipeline.ts";

const name = "search";
const sources = [{ name: "cache", answer: () => "old" }];
const anything = {
  "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) },
} as const;
const breaker = new CircuitBreaker({ name });
const bulkhead = new Bulkhead({ name });
const limiter = new RateLimiter({ name, requestsPerMinute: 5 });

it.each([
  ["no policy", pipeline()],
  ["a circuit breaker", breaker],
  ["a breaker with a fallback", new CircuitBreaker({ name, fallback: () => "old" })],
  ["a small circuit", circuitBreaker({ name })],
  ["a bulkhead", bulkhead],
  ["a rate limiter", limiter],
  ["an adaptive limiter", new AdaptiveLimiter({ name })],
  ["an adaptive throttle", new AdaptiveThrottle({ name })],
  ["guards alone", pipeline(breaker, limiter, bulkhead)],
  ["a retry", new RetryPolicy()],
  ["a timeout", new TimeoutPolicy({ timeoutMs: 1_000 })],
  ["a hedge", new Hedge({ delayMs: 10 })],
  ["a fallback", new FallbackPolicy({ sources })],
  ["a cache", new CachePolicy({ ttlMs: 1_000 }).for("oslo")],
  ["a schema", new ValidatePolicy({ schema: anything })],
  ["chaos", new ChaosPolicy({ enabled: true })],
])("under %s, a call whose caller has left before it is not made", async (_, policy) => {
  const call = vi.fn();
  const left = new Error("the user has left");
  await expect(policy.execute(call, AbortSignal.abort(left))).rejects.toBe(left);
  expect(call).not.toHaveBeenCalled();
});

it("nor is it under an executor of guards, which says so", async () => {
  const call = vi.fn();
  const left = new Error("the user has left");
  const executor = new ResilientExecutor({ name, circuitBreaker: {} });
  const result = await executor.execute(call, AbortSignal.abort(left));
  expect(result).toMatchObject({ success: false, error: left, attempts: 0 });
  expect(call).not.toHaveBeenCalled();
  expect(executor.stats().circuitBreaker).toMatchObject({ successes: 0, failures: 0 });
});
