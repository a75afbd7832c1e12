/** What a queue of runs may be told, and what that means. */

import { type Duration, durationMs, numberBetween, wholeNumber } from "@kintsugi/policy/base";

export interface QueueOptions {
  /**
   * Runs of the queue whose code may run at the same time, over all processes that share the store.
   * A run that only waits, for time, a signal or a child, is not counted: it takes its turn again when it
   * wakes, so that parents and children in one queue never wait for each other's places.
   * A whole number from 1. @defaultValue as many as the engine lets run
   */
  readonly concurrency?: number;
  /**
   * The same for each process by itself. Where both are given, the smaller counts; the embedded engine
   * is one process. A whole number from 1. @defaultValue `concurrency`
   */
  readonly workerConcurrency?: number;
  /**
   * How many runs may begin in any stretch of time that is as long as the period. Those of before a
   * restart are counted; a run that goes on after a crash does not begin again.
   * @defaultValue no limit
   */
  readonly rateLimit?: RateLimit;
}

export interface RateLimit {
  /** A whole number from 1 to 100,000. */
  readonly limit: number;
  /** At least a millisecond. */
  readonly period: Duration;
}

/** The queue of runs that name no other. */
export const DEFAULT_QUEUE = "default";

/** Each start in the period is a row. */
const MAX_LIMIT = 100_000;

/** What holds of a queue, checked. */
export interface QueueLimits {
  readonly concurrency: number;
  readonly starts: { readonly limit: number; readonly periodMs: number } | undefined;
}

export const NO_LIMITS: QueueLimits = { concurrency: Number.POSITIVE_INFINITY, starts: undefined };

/** @throws {@link RangeError} naming the queue, the option, what it needs and what it got. */
export function queueLimits(
  queues: Readonly<Record<string, QueueOptions>>,
): ReadonlyMap<string, QueueLimits> {
  const limits = new Map([[DEFAULT_QUEUE, NO_LIMITS]]);
  for (const [name, options] of Object.entries(queues)) {
    if (name === "") throw new RangeError("A queue needs a name, got an empty text");
    limits.set(name, limitsOf(`queues.${name}`, options));
  }
  return limits;
}

function limitsOf(path: string, options: QueueOptions): QueueLimits {
  const { concurrency, workerConcurrency, rateLimit } = options;
  const counts = Object.entries({ concurrency, workerConcurrency }).flatMap(([name, count]) =>
    count === undefined ? [] : [wholeNumber(`${path}.${name}`, count, 1)],
  );
  return {
    concurrency: Math.min(Number.POSITIVE_INFINITY, ...counts),
    starts: rateLimit && {
      limit: limitOf(`${path}.rateLimit.limit`, rateLimit.limit),
      periodMs: wholeNumber(`${path}.rateLimit.period`, durationMs(rateLimit.period), 1),
    },
  };
}

const limitOf = (path: string, limit: number): number =>
  wholeNumber(path, numberBetween(path, limit, 1, MAX_LIMIT), 1);
