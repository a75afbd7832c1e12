import {
  AdaptiveLimiter,
  Bulkhead,
  CachePolicy,
  ChaosPolicy,
  CircuitBreaker,
  type CircuitBreakerOptions,
  createCallRegistry,
  FallbackPolicy,
  Hedge,
  type Policy,
  pipeline,
  RateLimiter,
  ResilientExecutor,
  RetryPolicy,
  TimeoutPolicy,
  ValidatePolicy,
} from "@kintsugi/policy";

import { type CallSettings, contestWay, type Way } from "./measure.ts";

const retry = (): Policy => new RetryPolicy({ maxAttempts: 4 });
const aggressive = (): Policy => new TimeoutPolicy({ timeoutMs: 1_000 });
const cooperative = (): Policy => new TimeoutPolicy({ timeoutMs: 1_000, mode: "cooperative" });
const bulkhead = (): Policy => new Bulkhead({ name: "dependency", maxConcurrent: 1_000_000 });

const count = { window: "count", windowSize: 100, failureRate: 0.5, minimumCalls: 20 } as const;
const time = {
  window: "time",
  windowMs: 10_000,
  failureRate: 0.5,
  minimumCalls: 20,
  slowCallMs: 500,
  slowCallRate: 0.5,
} as const;
const breaker = (thresholds: Partial<CircuitBreakerOptions> = count): CircuitBreaker =>
  new CircuitBreaker({ name: "dependency", timeout: 10_000, ...thresholds });

const number = {
  "~standard": {
    version: 1,
    vendor: "benchmarks",
    validate: (value: unknown) =>
      typeof value === "number" ? { value } : { issues: [{ message: "It is no number" }] },
  },
} as const;

const WHOLE = "retry + breaker + timeout + bulkhead";

const policies: Readonly<Record<string, () => Policy<unknown>>> = {
  retry,
  breaker,
  "consecutive breaker": () => breaker({ failureThreshold: 5 }),
  "timeout aggressive": aggressive,
  "timeout cooperative": cooperative,
  bulkhead,
  fallback: () => new FallbackPolicy({ sources: [{ name: "cache", answer: () => 0 }] }),
  "rate limiter": () => new RateLimiter({ name: "dependency", requestsPerMinute: 1_000_000_000 }),
  "adaptive limiter": () => new AdaptiveLimiter({ name: "dependency" }),
  validate: () => new ValidatePolicy({ schema: number }),
  chaos: () => new ChaosPolicy({}),
  hedge: () => new Hedge({ delayMs: 1_000 }),
  "cache hit": () => new CachePolicy({ ttlMs: 1_000_000_000 }).for("one"),
  [WHOLE]: () => pipeline(retry(), breaker(), bulkhead(), aggressive()),
  [`${WHOLE}, cooperative`]: () => pipeline(retry(), breaker(), bulkhead(), cooperative()),
  [`${WHOLE}, time and slow calls`]: () =>
    pipeline(retry(), breaker(time), bulkhead(), aggressive()),
  [`${WHOLE}, listened`]: () => pipeline(retry(), listened(), heard(), aggressive()),
  "breaker + timeout": () => pipeline(breaker(), aggressive()),
  "retry + breaker + timeout": () =>
    pipeline(retry(), breaker({ failureThreshold: 5 }), aggressive()),
};

const told = { events: 0 };
const countTold = (): void => {
  told.events += 1;
};
const listened = (): Policy => breaker({ ...count, onTransition: countTold });
const heard = (): Policy =>
  new Bulkhead({
    name: "dependency",
    maxConcurrent: 1_000_000,
    onSuccess: countTold,
  });

const settings = {
  retry: { maxAttempts: 4 },
  circuitBreaker: { failureThreshold: 5, timeout: 10_000 },
  timeout: 1_000,
} as const;

function executorOf(name: string): ResilientExecutor | undefined {
  if (name === "executor") return new ResilientExecutor({ name: "dependency", ...settings });
  const registry = createCallRegistry();
  if (name === "executor, listened") registry.onCall(countTold);
  else if (name !== "executor, by name") return undefined;
  return registry.executor("dependency", { preset: "none", ...settings });
}

async function wayOf({ case: name, what }: CallSettings): Promise<Way> {
  if (what === "refusal") return refusing(name);
  if (what === "failed") return failing(name);
  const executor = executorOf(name);
  if (executor) return (work, parent) => executor.execute(work, parent);
  const policy = policies[name]?.();
  if (!policy) throw new Error(`There is no case "${name}"`);
  return (work, parent) => policy.execute(work, parent);
}

/** Behind a circuit that is open and stays so. */
async function refusing(name: string): Promise<Way> {
  const circuit = { failureThreshold: 1, timeout: 1_000_000_000 };
  const down = async (): Promise<number> => {
    throw new TypeError("fetch failed", { cause: { code: "ECONNREFUSED" } });
  };
  if (name === "executor") {
    const executor = new ResilientExecutor({ name: "dependency", circuitBreaker: circuit });
    await executor.execute(down);
    const second = await executor.execute(down);
    if (second.success || second.attempts > 0) throw new Error("The circuit is not open");
    return (work) => executor.execute(work);
  }
  const open = new CircuitBreaker({ name: "dependency", ...circuit });
  await open.execute(down).catch(() => {}); // Opens it.
  if (open.state.kind !== "open") throw new Error(`The circuit is ${open.state.kind}`);
  return (work) => open.execute(work);
}

/** A window of a size, that no failure fills so far that it opens. */
async function failing(name: string): Promise<Way> {
  const window =
    name === "time window"
      ? ({ window: "time", windowMs: 600_000 } as const)
      : ({ window: "count", windowSize: 100_000 } as const);
  const open = breaker({ ...window, failureRate: 1, minimumCalls: 1_000 });
  return (work) => open.execute(work);
}

await contestWay(wayOf);
