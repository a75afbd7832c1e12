/** Which policies an executor has: what it was made with, presets below it, the configuration above. */

import type { CircuitBreakerOptions, CircuitThresholds } from "../circuit-breaker/index.ts";
import type { RetryOptions } from "../retry/index.ts";
import type { TimeoutOptions } from "../timeout/index.ts";

/** The policies of an executor. What is not named is not there. */
export interface CallPolicies {
  readonly retry?: Omit<RetryOptions, "clock" | "random" | "classifier">;
  readonly circuitBreaker?: CircuitThresholds &
    Pick<CircuitBreakerOptions, "outcomeOf" | "initialState">;
  /** Milliseconds that each attempt may take, whatever it does; or the options of a {@link TimeoutPolicy}. */
  readonly timeout?: number | Omit<TimeoutOptions, "clock" | "name">;
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
}

export const callPresets: Readonly<Record<CallPreset, CallPolicies>> = {
  api: {
    retry: { maxAttempts: 3, initialDelayMs: 200, maxDelayMs: 10_000 },
    circuitBreaker: { failureThreshold: 5, successThreshold: 2, timeout: 30_000 },
    timeout: 30_000,
  },
  /** Near and quick: what it cannot do soon it will not do, and it recovers in seconds. */
  database: {
    retry: { maxAttempts: 3, initialDelayMs: 50, maxDelayMs: 2_000 },
    circuitBreaker: { failureThreshold: 5, successThreshold: 2, timeout: 10_000 },
    timeout: 10_000,
  },
  /** Slow, dear and often limited: providers ask for waits of up to a minute. */
  llm: {
    retry: { maxAttempts: 4, initialDelayMs: 1_000, maxDelayMs: 60_000 },
    circuitBreaker: { failureThreshold: 5, successThreshold: 2, timeout: 30_000 },
    timeout: 120_000,
  },
};

export const resiliencePresets: Readonly<Record<ResiliencePreset, CallPolicies>> = {
  /** The presets of the calls as they are. */
  production: {},
  /** Failures show at once. */
  development: { retry: { maxAttempts: 1 }, circuitBreaker: { failureThreshold: 20 } },
  /** An answer that comes too late is paid for all the same: wait longer, and stop knocking sooner. */
  "cost-sensitive": {
    retry: { maxAttempts: 5, initialDelayMs: 2_000, maxDelayMs: 60_000 },
    circuitBreaker: { failureThreshold: 3, timeout: 60_000 },
    timeout: 300_000,
  },
  /** Whoever waits holds a place that another could have. */
  "high-throughput": {
    retry: { maxAttempts: 2, initialDelayMs: 50, maxDelayMs: 1_000 },
    circuitBreaker: { failureThreshold: 10, timeout: 5_000 },
    timeout: 5_000,
  },
};

/** Lays policies over policies: what stands further right wins, option by option. */
export function overlay(...layers: readonly CallPolicies[]): CallPolicies {
  return layers.reduce(over, {});
}

function over(below: CallPolicies, above: CallPolicies): CallPolicies {
  const retry = above.retry && { ...below.retry, ...above.retry };
  const circuitBreaker = above.circuitBreaker && {
    ...below.circuitBreaker,
    ...above.circuitBreaker,
  };
  return { ...below, ...above, ...(retry && { retry }), ...(circuitBreaker && { circuitBreaker }) };
}

/** Settings in the words of the policies. */
export function policiesOf(settings: CallSettings): CallPolicies {
  const { retry, timeoutMs } = settings;
  const { timeoutMs: openMs, ...thresholds } = settings.circuitBreaker ?? {};
  const circuitBreaker = openMs === undefined ? thresholds : { ...thresholds, timeout: openMs };
  return {
    ...(retry && { retry }),
    ...(settings.circuitBreaker && { circuitBreaker }),
    ...(timeoutMs !== undefined && { timeout: timeoutMs }),
  };
}
