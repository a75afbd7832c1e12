/**
 * The examples by which the policies were promised, as they were written there: what stands between the
 * rules is copied, and must compile and run. Part by part: circuit breaker, retry, executor, fallback for
 * calls that cost money, a tool of one's own, a database, and the figures.
 */

import { expect, expectTypeOf, it, vi } from "vitest";

import {
  applyResiliencePreset,
  CircuitBreaker,
  CircuitBreakerFactory,
  ResilientExecutorFactory,
  RetryPolicy,
} from "./index.ts";

const callOpenAI = async () => ({ text: "an answer" });
const callExternalService = async () => 200;
const getCachedResponse = () => "the last good answer";
const logger = { error: vi.fn() };

it("a circuit breaker with a fallback", async () => {
  // ---
  const breaker = new CircuitBreaker({
    name: "openai-api",
    failureThreshold: 5,
    successThreshold: 2,
    timeout: 30000,
    fallback: async () => ({ text: "Service temporarily unavailable" }),
  });

  const result = await breaker.execute(() => callOpenAI());
  // ---
  expectTypeOf(result).toEqualTypeOf<{ text: string }>();
  expect(result).toEqual({ text: "an answer" });
  for (let count = 0; count < 5; count += 1) {
    await breaker.execute(() => Promise.reject(new Error("503"))).catch(() => {});
  }
  await expect(breaker.execute(() => callOpenAI())).resolves.toEqual({
    text: "Service temporarily unavailable",
  });
});

it("a retry policy with exponential back-off", async () => {
  const riskyOperation = vi.fn(async () => 7);
  // ---
  const policy = new RetryPolicy({
    maxAttempts: 5,
    initialDelayMs: 1000,
    backoffMultiplier: 2,
    jitterFactor: 0.1,
    retryableErrors: (error) => error.message.includes("429"),
  });

  const result = await policy.execute(() => riskyOperation());
  // ---
  expectTypeOf(result).toEqualTypeOf<number>();
  expect(result).toBe(7);
  riskyOperation.mockRejectedValue(new Error("503"));
  await expect(policy.execute(() => riskyOperation())).rejects.toThrow("503");
  expect(riskyOperation).toHaveBeenCalledTimes(2);
});

it("a resilient executor", async () => {
  // ---
  const executor = ResilientExecutorFactory.forAPI("my-service");

  const result = await executor.execute(async () => {
    return await callExternalService();
  });
  // ---
  expectTypeOf(result.data).toEqualTypeOf<number | undefined>();
  expect(result).toMatchObject({ success: true, data: 200, source: "primary" });
});

it("a fallback for calls that cost money", async () => {
  // ---
  // never lose expensive API calls
  const executor = ResilientExecutorFactory.forAPI("gpt-4", async () => getCachedResponse());
  // ---
  const unpaid = () => Promise.reject(Object.assign(new Error("no credit"), { status: 402 }));
  const result = await executor.execute(unpaid);
  expect(result).toMatchObject({ data: "the last good answer", source: "fallback" });
});

it("a tool of one's own", async () => {
  const fetch = vi.fn(async (url: string) => new Response(url));
  // ---
  class ResilientWebScraper {
    private executor = ResilientExecutorFactory.custom({
      name: "web-scraper",
      retry: {
        maxAttempts: 5,
        retryableErrors: (e) => e.message.includes("timeout"),
      },
      timeout: 10000,
    });

    async scrape(url: string) {
      return this.executor.execute(() => fetch(url));
    }
  }
  // ---
  const result = await new ResilientWebScraper().scrape("https://example.org/");
  await expect(result.data?.text()).resolves.toBe("https://example.org/");
});

it("a database", async () => {
  const db = { query: vi.fn(async (sql: string) => [sql]) };
  // ---
  const dbExecutor = ResilientExecutorFactory.forDatabase("postgres");

  async function query(sql: string) {
    const result = await dbExecutor.execute(() => db.query(sql));
    if (!result.success) {
      logger.error("Query failed after retries", result.error);
    }
    return result.data;
  }
  // ---
  await expect(query("select 1")).resolves.toEqual(["select 1"]);
  const syntax = Object.assign(new Error("syntax error"), { status: 400 });
  db.query.mockRejectedValue(syntax);
  await expect(query("selekt 1")).resolves.toBeUndefined();
  expect(logger.error).toHaveBeenCalledWith("Query failed after retries", syntax);
});

it("a preset for production", async () => {
  // ---
  // handle 1000s of requests with degradation
  applyResiliencePreset("production");
  // ---
  const executor = ResilientExecutorFactory.forLLM("mistral");
  await expect(executor.execute(callOpenAI)).resolves.toMatchObject({ success: true });
});

it("the states of all circuits", () => {
  CircuitBreakerFactory.getOrCreate({ name: "search" });
  // ---
  // get all circuit breaker states
  const states = CircuitBreakerFactory.getAllStats();
  // ---
  expect(states["search"]).toMatchObject({ name: "search", state: "closed" });
  expect(CircuitBreakerFactory.get("search")?.name).toBe("search");
  CircuitBreakerFactory.resetAll();
});
