/** Which policies an executor has: what it was made with, presets below it, the configuration above. */

import type { AdaptiveLimiterOptions } from "../adaptive-limit/index.ts";
import type { BulkheadOptions, BulkheadThresholds } from "../bulkhead/index.ts";
import type { CacheOptions } from "../cache/index.ts";
import type { ChaosOptions } from "../chaos/index.ts";
import type { CircuitBreakerOptions, CircuitThresholds } from "../circuit-breaker/index.ts";
import type { HedgeOptions } from "../hedge/index.ts";
import type { RateLimiterOptions, RateLimits } from "../rate-limit/index.ts";
import type { RetryOptions } from "../retry/index.ts";
import type { TimeoutOptions } from "../timeout/index.ts";
import type { StandardSchema, ValidateOptions } from "../validate/index.ts";

/** What the executor knows by itself. */
type Own = "name" | "clock" | "random" | "classifier";

/**
 * The policies of an executor, from the outermost to the innermost; what is not named is not there. The
 * order is fixed, and docs/policies.md gives the reason for each place.
 */
export interface CallPolicies {
  /**
   * Answers that are kept, by the `cacheKey` that {@link ResilientExecutor.with} is given; a call without
   * one passes the cache by. Outermost: an answer that is kept costs no attempt, no place and no budget.
   */
  readonly cache?: Omit<CacheOptions, "key" | Own>;
  /** Around all that follows: each attempt is admitted, limited and timed anew. */
  readonly retry?: Omit<RetryOptions, Own>;
  /** Inside the retry and outside the limits: a hedge is a call like any other, and takes its own place. */
  readonly hedge?: Omit<HedgeOptions, Own>;
  /** The first to refuse: a call that it turns away takes no budget and no place. One for each name. */
  readonly circuitBreaker?: CircuitThresholds &
    Pick<CircuitBreakerOptions, "outcomeOf" | "initialState">;
  /** Before the bulkhead: who waits for a budget holds no place meanwhile. One for each name. */
  readonly rateLimit?: Omit<RateLimiterOptions, Own>;
  /** Its queue stands outside the time of the attempt. One for each name. */
  readonly bulkhead?: Omit<BulkheadOptions, Own>;
  /** Inside the queue: it measures the calls alone. One for each name. */
  readonly adaptiveLimit?: Omit<AdaptiveLimiterOptions, Own>;
  /**
   * Milliseconds that each attempt may take, whatever it does; or the options of a {@link TimeoutPolicy}.
   * Innermost of the policies that admit: it measures the work, and no wait for a place.
   */
  readonly timeout?: number | Omit<TimeoutOptions, Own>;
  /** An answer that does not fit is a failure for all of the above; its time is the attempt's. */
  readonly validate?: ValidateOptions<StandardSchema>;
  /**
   * Next to the call, in whose place it misbehaves, and counted as it; what `result` gives must be such as
   * the call returns.
   */
  readonly chaos?: Omit<ChaosOptions<unknown>, Own>;
}

/** What a call is made to. */
export type CallPreset = "api" | "database" | "llm";

/** How cautious all calls are. */
export type ResiliencePreset = "production" | "development" | "cost-sensitive" | "high-throughput";

/** The part of the policies that a configuration can set: plain data, as under `calls:` of the file. */
export interface CallSettings {
  /** For executors that name no preset themselves. @defaultValue "api" */
  readonly preset?: CallPreset;
  /** Milliseconds that each attempt may take. */
  readonly timeoutMs?: number;
  readonly retry?: {
    readonly maxAttempts?: number;
    readonly initialDelayMs?: number;
    readonly maxDelayMs?: number;
    readonly backoffMultiplier?: number;
    readonly jitterFactor?: number;
    readonly maxTotalMs?: number;
  };
  readonly circuitBreaker?: {
    readonly failureThreshold?: number;
    readonly successThreshold?: number;
    /** Milliseconds that an open circuit rejects calls. */
    readonly timeoutMs?: number;
  };
  readonly rateLimit?: RateLimits;
  readonly bulkhead?: BulkheadThresholds;
}

/** Lays policies over policies: what stands further right wins, option by option. */
export function overlay(...layers: readonly CallPolicies[]): CallPolicies {
  return layers.reduce(over, {});
}

/** Those whose options are laid over each other; of the others the upper one holds as it is. */
const MIXED = ["retry", "circuitBreaker", "rateLimit", "bulkhead"] as const;

function over(below: CallPolicies, above: CallPolicies): CallPolicies {
  const mixed = MIXED.flatMap((policy) => {
    const options = above[policy] && { ...below[policy], ...above[policy] };
    return options ? [[policy, options] as const] : [];
  });
  return { ...below, ...above, ...Object.fromEntries(mixed) };
}

/** Of some policies, those that are there in others as well. */
export function among(policies: CallPolicies, others: CallPolicies): CallPolicies {
  const shared = Object.entries(policies).filter(
    ([policy]) => others[policy as keyof CallPolicies] !== undefined,
  );
  return Object.fromEntries(shared);
}

/** Settings in the words of the policies. */
export function policiesOf(settings: CallSettings): CallPolicies {
  const { retry, timeoutMs, rateLimit, bulkhead } = settings;
  const { timeoutMs: openMs, ...thresholds } = settings.circuitBreaker ?? {};
  const circuitBreaker = openMs === undefined ? thresholds : { ...thresholds, timeout: openMs };
  return {
    ...(retry && { retry }),
    ...(settings.circuitBreaker && { circuitBreaker }),
    ...(rateLimit && { rateLimit }),
    ...(bulkhead && { bulkhead }),
    ...(timeoutMs !== undefined && { timeout: timeoutMs }),
  };
}
