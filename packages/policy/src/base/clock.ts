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
const soon: (fn: () => void) => void = /* @__PURE__ */ soonest();

function soonest(): (fn: () => void) => void {
  const platform = globalThis as { setImmediate?: (fn: () => void) => void };
  return platform.setImmediate ?? ((fn) => void setTimeout(fn, 0));
}

const immediate = (fn: () => void): void => soon(fn);

/** For what needs no timers: a page then does not download them. */
export const spanClock: Pick<Clock, "monotonicMs"> = { monotonicMs: () => performance.now() };

export const systemClock: Clock = {
  epochMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (ms, fn) => later(ms, fn, keep),
  immediate,
};

/**
 * The system's, with timers that keep no process from ending: for what no caller waits for, such as a
 * check now and then.
 */
export const backgroundClock: Clock = {
  epochMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (ms, fn) => later(ms, fn, release),
  immediate,
};

type Timer = ReturnType<typeof setTimeout>;

function later(ms: number, fn: () => void, tell: (timer: Timer) => void): Cancel {
  const leftMs = Math.max(0, ms - LONGEST_TIMER_MS);
  const wake = (): void => {
    if (leftMs === 0) fn();
    else cancel = later(leftMs, fn, tell);
  };
  const timer = setTimeout(wake, ms - leftMs);
  tell(timer);
  let cancel: Cancel = () => clearTimeout(timer);
  return () => cancel();
}

/** A process waits for its timers by itself. */
const keep = (_: Timer): void => {};

/** In browsers a timer is a number, and nothing waits for it. */
function release(timer: Timer): void {
  if (typeof timer === "object") timer.unref();
}
