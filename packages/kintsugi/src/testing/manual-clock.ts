/** A clock that stands still until a test moves it. */

import { type Clock, systemClock } from "@kintsugi/policy/base";

import { EventQueue } from "./event-queue.ts";

export interface ManualClockOptions {
  /** Wall time at the start. @defaultValue 1_767_225_600_000, the first moment of 2026 (UTC) */
  readonly epochMs?: number;
}

export interface ManualClock extends Clock {
  /** Timers that are set and immediates that wait: 0 when whoever used the clock has tidied up. */
  readonly pending: number;
  /**
   * Moves on by `ms`, firing what comes due at its own moment. Before, between and after the firings
   * all promises are followed to their ends.
   *
   * @throws what a timer throws; the clock then stands at that timer.
   */
  advance(ms: number): Promise<void>;
  /** The same without a look at promises, for code that has none. */
  advanceSync(ms: number): void;
  /** Sets the wall clock on, or back when negative. Spans and timers take no notice. */
  jump(ms: number): void;
}

/** The first moment of 2026 (UTC): recognisable in a failing test, and the same on every machine. */
export const START_EPOCH_MS = 1_767_225_600_000;

/**
 * @example
 * const clock = manualClock();
 * const breaker = new CircuitBreaker({ name: "db", timeout: 1_000, clock });
 * await clock.advance(1_000);
 */
export function manualClock(options: ManualClockOptions = {}): ManualClock {
  const queue = new EventQueue();
  let nowMs = 0;
  let offsetMs = options.epochMs ?? START_EPOCH_MS;

  const fireNext = (untilMs: number): boolean => {
    if (queue.nextAtMs > untilMs) return false;
    const due = queue.take();
    if (!due) return false;
    nowMs = Math.max(nowMs, due.atMs);
    due.fn();
    return true;
  };

  return {
    epochMs: () => nowMs + offsetMs,
    monotonicMs: () => nowMs,
    after: (ms, fn) => queue.add(nowMs + Math.max(0, ms), fn),
    immediate(fn) {
      queue.add(nowMs, fn);
    },
    get pending() {
      return queue.size;
    },
    async advance(ms) {
      const untilMs = nowMs + ms;
      await settle();
      while (fireNext(untilMs)) await settle();
      nowMs = untilMs;
    },
    advanceSync(ms) {
      const untilMs = nowMs + ms;
      while (fireNext(untilMs));
      nowMs = untilMs;
    },
    jump(ms) {
      offsetMs += ms;
    },
  };
}

/** One turn of the platform's own loop: it starts only when no microtask is left. */
const settle = (): Promise<void> => new Promise((resolve) => systemClock.immediate(resolve));
