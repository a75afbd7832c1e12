/** The only door to time. Nothing else in the house reads a clock or sets a timer. */
export interface Clock {
  /** Wall time in whole milliseconds since the Unix epoch: for what is stored. It may jump. */
  epochMs(): number;
  /** Milliseconds since some start of its own: for spans. Never goes back, means nothing elsewhere. */
  monotonicMs(): number;
  /** Runs `fn` once, `ms` milliseconds from now, unless it is cancelled before. */
  after(ms: number, fn: () => void): Cancel;
  /** Runs `fn` once, as soon as the code that is running now has given way. */
  immediate(fn: () => void): void;
}

/** Harmless when called twice or too late. */
export type Cancel = () => void;

/** A timer with a longer wait than this fires at once, so a longer wait is made of several. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Node's `setImmediate` runs after pending I/O and costs no timer; browsers have none. */
const soon: (fn: () => void) => void =
  (globalThis as { setImmediate?: (fn: () => void) => void }).setImmediate ??
  ((fn) => void setTimeout(fn, 0));

export const systemClock: Clock = {
  epochMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(ms, fn) {
    const leftMs = Math.max(0, ms - LONGEST_TIMER_MS);
    const wake = (): void => {
      if (leftMs === 0) fn();
      else cancel = systemClock.after(leftMs, fn);
    };
    const timer = setTimeout(wake, ms - leftMs);
    let cancel: Cancel = () => clearTimeout(timer);
    return () => cancel();
  },
  immediate(fn) {
    soon(fn);
  },
};
