/** Everything of the policies that takes options, each with the least that it works with. */

import {
  AdaptiveLimiter,
  AdaptiveThrottle,
  Bulkhead,
  CachePolicy,
  ChaosPolicy,
  CircuitBreaker,
  CircuitBreakerFactory,
  CircuitSharing,
  type CircuitStore,
  callRegistry,
  circuitBreaker,
  FallbackPolicy,
  Hedge,
  HedgeBudget,
  idleTimeout,
  MemoryCircuitStore,
  pipeline,
  RateLimiter,
  RatioRetryBudget,
  ResilientExecutor,
  ResilientExecutorFactory,
  RetryPolicy,
  resilientFetch,
  TimeoutPolicy,
  TokenRetryBudget,
  ValidatePolicy,
} from "@kintsugi/policy";
import { resilientModel } from "@kintsugi/policy/ai";
import { createClassifier } from "@kintsugi/policy/classify";
import { watchRoutes as expressRoutes } from "@kintsugi/policy/express";
import { watchRoutes as honoRoutes } from "@kintsugi/policy/hono";
import { RouteWatch } from "@kintsugi/policy/routes";
import { resilient } from "@kintsugi/policy/undici";

import { optionsOf, type PolicyOption, policyOptions } from "./policy-options.ts";

/** What a user of plain JavaScript may write. */
// biome-ignore lint/suspicious/noExplicitAny: anything at all is what this is about.
export type Written = any;

export interface OptionTaker {
  /** As its sentences call it. */
  readonly name: string;
  readonly options: readonly PolicyOption[];
  /** The least that it takes. */
  readonly least: Readonly<Record<string, unknown>>;
  /** Before the names of the options, in options within options. */
  readonly path: string;
  /** Whether it can do without any. */
  readonly takesNone: boolean;
  make(options: Written): unknown;
}

const chapter = (heading: string): readonly PolicyOption[] =>
  policyOptions().filter((option) => option.chapter === heading);

const taker = (
  name: string,
  options: readonly PolicyOption[],
  make: (options: Written) => unknown,
  least: Readonly<Record<string, unknown>> = {},
): OptionTaker => ({
  name,
  options,
  least,
  takesNone: Object.keys(least).length === 0,
  make,
  path: "",
});

const within: typeof taker = (name, ...rest) => ({ ...taker(name, ...rest), path: `${name}.` });

const retry = new RetryPolicy();
const watch = new RouteWatch();
const named = { name: "search" };
const stream = (): ReadableStream => new ReadableStream();
const schema = {
  "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) },
};
const claims = [
  optionsOf("", "waiting/claim.ts WaitingClaim"),
  optionsOf("", "rate-limit/rate-options.ts RateClaim"),
  optionsOf("", "executor/executor-options.ts CallClaim"),
];
const executor = new ResilientExecutor(named);
const required = (made: OptionTaker): OptionTaker => ({ ...made, takesNone: false });

export const optionTakers: readonly OptionTaker[] = [
  taker("RetryPolicy", chapter("`RetryPolicy`"), (o) => new RetryPolicy(o)),
  taker("TokenRetryBudget", chapter("`TokenRetryBudget`"), (o) => new TokenRetryBudget(o), named),
  taker("RatioRetryBudget", chapter("`RatioRetryBudget`"), (o) => new RatioRetryBudget(o), named),
  taker("CircuitBreaker", chapter("`CircuitBreaker`"), (o) => new CircuitBreaker(o), named),
  taker(
    "CircuitBreaker",
    chapter("`CircuitBreaker`"),
    (o) => CircuitBreakerFactory.getOrCreate(o),
    named,
  ),
  required(
    taker(
      "CircuitBreaker.configure()",
      optionsOf("", "circuit-breaker/thresholds.ts CircuitThresholds"),
      (o) => new CircuitBreaker(named).configure(o),
    ),
  ),
  taker("circuitBreaker()", chapter("`circuitBreaker()`"), (o) => circuitBreaker(o), named),
  taker("CircuitSharing", chapter("`CircuitSharing`"), (o) => new CircuitSharing(o), {
    store: new MemoryCircuitStore() satisfies CircuitStore,
  }),
  taker("MemoryCircuitStore", [], (o) => new MemoryCircuitStore(o)),
  taker("TimeoutPolicy", chapter("`TimeoutPolicy`"), (o) => new TimeoutPolicy(o), {
    timeoutMs: 1,
  }),
  taker("idleTimeout()", chapter("`idleTimeout()`"), (o) => idleTimeout(stream(), o), {
    idleTimeoutMs: 1,
  }),
  taker("Bulkhead", chapter("`Bulkhead`"), (o) => new Bulkhead(o), named),
  required(
    taker("Bulkhead.configure()", optionsOf("", "bulkhead/bulkhead.ts BulkheadThresholds"), (o) =>
      new Bulkhead(named).configure(o),
    ),
  ),
  required(taker("Bulkhead.with()", claims.slice(0, 1).flat(), (o) => new Bulkhead(named).with(o))),
  taker("RateLimiter", chapter("`RateLimiter`"), (o) => new RateLimiter(o), named),
  required(
    taker("RateLimiter.configure()", optionsOf("", "rate-limit/rate-options.ts RateLimits"), (o) =>
      new RateLimiter(named).configure(o),
    ),
  ),
  required(
    taker("RateLimiter.with()", claims.slice(0, 2).flat(), (o) => new RateLimiter(named).with(o)),
  ),
  required(taker("ResilientExecutor.with()", claims.flat(), (o) => executor.with(o))),
  taker("AdaptiveLimiter", chapter("`AdaptiveLimiter`"), (o) => new AdaptiveLimiter(o), named),
  taker("AdaptiveThrottle", chapter("`AdaptiveThrottle`"), (o) => new AdaptiveThrottle(o), named),
  taker("Hedge", chapter("`Hedge`"), (o) => new Hedge(o)),
  taker("HedgeBudget", chapter("`HedgeBudget`"), (o) => new HedgeBudget(o)),
  taker(
    "FallbackPolicy",
    optionsOf("", "fallback/fallback-policy.ts FallbackOptions"),
    (o) => new FallbackPolicy(o),
    { sources: [{ name: "cache", answer: () => "old" }] },
  ),
  within(
    "sources[0]",
    optionsOf("", "fallback/fallback-policy.ts FallbackSource"),
    (o) => new FallbackPolicy({ sources: [o] }),
    { name: "cache", answer: () => "old" },
  ),
  taker("CachePolicy", chapter("`CachePolicy`"), (o) => new CachePolicy(o), { ttlMs: 1 }),
  taker("ValidatePolicy", chapter("`ValidatePolicy`"), (o) => new ValidatePolicy(o), { schema }),
  taker("ChaosPolicy", chapter("`ChaosPolicy`"), (o) => new ChaosPolicy(o)),
  taker(
    "ResilientExecutor",
    chapter("`ResilientExecutor`"),
    (o) => new ResilientExecutor(o),
    named,
  ),
  taker(
    "ResilientExecutor",
    chapter("`ResilientExecutor`"),
    (o) => ResilientExecutorFactory.custom(o),
    named,
  ),
  taker(
    "ResilientExecutor",
    [
      ...chapter("`ResilientExecutor`").filter(({ name }) => name !== "name"),
      ...optionsOf("", "executor/registry.ts RegisteredOptions"),
    ],
    (o) => callRegistry.executor("search", o),
  ),
  taker("a pipeline", optionsOf("", "pipeline/pipeline.ts PipelineOptions"), (o) =>
    pipeline({ ...o }, retry),
  ),
  taker("createClassifier()", optionsOf("", "classify/classify.ts ClassifierOptions"), (o) =>
    createClassifier(o),
  ),
  taker("resilientFetch()", optionsOf("", "fetch/resilient-fetch.ts ResilientFetchOptions"), (o) =>
    resilientFetch(retry, fetch, o),
  ),
  taker("resilient()", optionsOf("", "undici/interceptor.ts ResilientDispatchOptions"), (o) =>
    resilient(retry, o),
  ),
  taker("resilientModel()", optionsOf("", "ai/resilient-model.ts ResilientModelOptions"), (o) =>
    resilientModel(retry, o),
  ),
  taker(
    "RouteWatch",
    optionsOf("", "routes/route-watch.ts RouteWatchOptions"),
    (o) => new RouteWatch(o),
  ),
  taker("watchRoutes()", optionsOf("", "express/express.ts ExpressOptions"), (o) =>
    expressRoutes(watch, o),
  ),
  taker("watchRoutes()", optionsOf("", "hono/hono.ts HonoOptions"), (o) => honoRoutes(watch, o)),
];
