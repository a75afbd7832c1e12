/** Makes the policies. */

import { ConstantBackoff, type IBackoffFactory } from "./backoff.ts";
import { BulkheadPolicy } from "./bulkhead.ts";
import { CircuitBreakerPolicy, type ICircuitBreakerOptions } from "./circuit-breaker.ts";
import { Executor } from "./executor.ts";
import { FallbackPolicy } from "./fallback.ts";
import type { Policy } from "./filters.ts";
import { type IRetryBackoffContext, RetryPolicy } from "./retry.ts";
import { TimeoutPolicy, type TimeoutStrategy } from "./timeout.ts";

/**
 * Makes calls again that failed.
 *
 * @param opts `maxAttempts`: retries at most, without an end if it is left out; `backoff`: the waits
 * between attempts, none if it is left out.
 */
export function retry(
  policy: Policy,
  opts: {
    maxAttempts?: number;
    backoff?: IBackoffFactory<IRetryBackoffContext<unknown>>;
  },
): RetryPolicy {
  const { maxAttempts = Infinity, backoff = new ConstantBackoff(0) } = opts;
  return new RetryPolicy({ maxAttempts, backoff }, executorOf(policy));
}

/** Stops calling what keeps failing. It is shared by all calls of one dependency. */
export function circuitBreaker(policy: Policy, opts: ICircuitBreakerOptions): CircuitBreakerPolicy {
  return new CircuitBreakerPolicy(opts, executorOf(policy));
}

/** Limits the time of each call to `duration` milliseconds. */
export function timeout(
  duration: number,
  strategyOrOpts: TimeoutStrategy | { strategy: TimeoutStrategy; abortOnReturn: boolean },
): TimeoutPolicy {
  const options =
    typeof strategyOrOpts === "string" ? { strategy: strategyOrOpts } : strategyOrOpts;
  return new TimeoutPolicy(duration, options);
}

/**
 * Limits how many calls run at once.
 *
 * @param queue Calls that may wait besides.
 */
export function bulkhead(limit: number, queue: number = 0): BulkheadPolicy {
  return new BulkheadPolicy(limit, queue);
}

/** Answers in the place of calls that failed: with a value, or with what a function returns. */
export function fallback<R>(
  policy: Policy,
  valueOrFactory: (() => Promise<R> | R) | R,
): FallbackPolicy<R> {
  const isFactory = (value: unknown): value is () => R => typeof value === "function";
  const value = isFactory(valueOrFactory) ? valueOrFactory : () => valueOrFactory as R;
  return new FallbackPolicy(executorOf(policy), value);
}

const executorOf = ({ options }: Policy): Executor =>
  new Executor(options.errorFilter, options.resultFilter);
