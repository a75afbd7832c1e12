/**
 * Uses policies, and has then nothing left to do: the harness's child starts it as `leaving.ts <case>` and
 * looks how long the process lives on.
 */

import {
  AdaptiveLimiter,
  Bulkhead,
  CircuitBreaker,
  Hedge,
  pipeline,
  RateLimiter,
  RetryPolicy,
  TimeoutPolicy,
} from "@kintsugi/policy";
import * as cockatiel from "cockatiel";
import Opossum from "opossum";

const COUNT = 1_000;
const answer = async (): Promise<number> => 1;
const { signal } = new AbortController();

const users: Readonly<Record<string, () => Promise<unknown>>> = {
  bare: answer,
  kintsugi: () => {
    const name = "dependency";
    const policy = pipeline(
      new RetryPolicy(),
      new CircuitBreaker({ name, window: "time" }),
      new RateLimiter({ name, requestsPerMinute: 1_000 }),
      new Bulkhead({ name, maxQueue: 10 }),
      new AdaptiveLimiter({ name }),
      new Hedge({ delayMs: 60_000 }),
      new TimeoutPolicy({ timeoutMs: 60_000 }),
    );
    return policy.execute(answer, signal);
  },
  cockatiel: () => {
    const { ConsecutiveBreaker, circuitBreaker, handleAll, retry, timeout, wrap } = cockatiel;
    const policy = wrap(
      retry(handleAll, { maxAttempts: 3 }),
      circuitBreaker(handleAll, { halfOpenAfter: 10_000, breaker: new ConsecutiveBreaker(5) }),
      timeout(60_000, cockatiel.TimeoutStrategy.Aggressive),
    );
    return policy.execute(answer, signal);
  },
  opossum: () => new Opossum(answer, { timeout: 60_000 }).fire(),
};

const use = users[process.argv[2] ?? ""];
if (!use) throw new Error(`There is no case "${process.argv[2]}"`);
for (let made = 0; made < COUNT; made += 1) await use();
process.send?.("done");
process.disconnect?.();
