/** A timer that does not keep the process alive: for work that is only worth doing while other work goes on. */

export type IdleTimer = (ms: number, fn: () => void) => () => void;

/** Longer waits would fire at once: https://nodejs.org/api/timers.html */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const idleTimer: IdleTimer = (ms, fn) => {
  const timer = setTimeout(fn, Math.min(ms, LONGEST_TIMER_MS)).unref();
  return () => clearTimeout(timer);
};
