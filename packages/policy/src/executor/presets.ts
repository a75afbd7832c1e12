/** The values of the presets. Each has its reason in docs/policies.md, and a test holds the two equal. */

import type { CallPolicies, CallPreset, ResiliencePreset } from "./settings.ts";

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
