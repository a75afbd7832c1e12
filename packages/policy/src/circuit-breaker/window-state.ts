/**
 * What a closed circuit remembers of its calls, and when that is too much:
 *
 *     consecutive   the failures since the last success
 *     count         the last `windowSize` calls
 *     time          the calls of the last `windowMs`, forgotten a tenth of it at a time
 *
 * This is the model: windows as plain data. The ones that calls pass are in call-window.ts, and a test
 * holds the two against each other.
 */

export interface TallyLimits {
  readonly failureThreshold: number;
  /** Not there where failures are counted, not weighed. */
  readonly failureRate?: number | undefined;
  readonly minimumCalls: number;
  /** Infinity where no call is slow. */
  readonly slowCallMs: number;
  readonly slowCallRate: number;
}

export interface WindowLimits extends TallyLimits {
  readonly window: "consecutive" | "count" | "time";
  readonly windowSize: number;
  readonly windowMs: number;
}

/** How a call ended, as bits: {@link FAILED} and {@link SLOW}. */
export type Mark = number;
export const FINE = 0;
export const FAILED = 1;
export const SLOW = 2;

/** What stands in a window. A consecutive one counts failures alone. */
export interface Tally {
  readonly calls: number;
  readonly failures: number;
  readonly slow: number;
}

/** `tenth` is its number since the clock's start. */
type Tenth = Readonly<{ tenth: number; marks: readonly Mark[] }>;

export type WindowState = Readonly<
  | { kind: "consecutive"; failures: number }
  | { kind: "count"; marks: readonly Mark[] }
  | { kind: "time"; tenths: readonly Tenth[] }
>;

/** A time window forgets in so many steps. */
export const TENTHS = 10;

export function emptyWindow({ window }: WindowLimits, failures = 0): WindowState {
  switch (window) {
    case "consecutive":
      return { kind: "consecutive", failures };
    case "count":
      return { kind: "count", marks: [] };
    case "time":
      return { kind: "time", tenths: [] };
  }
}

/** Takes in how a call ended. */
export function note(
  state: WindowState,
  limits: WindowLimits,
  nowMs: number,
  mark: Mark,
): WindowState {
  switch (state.kind) {
    case "consecutive":
      return { kind: "consecutive", failures: isFailed(mark) ? state.failures + 1 : 0 };
    case "count":
      return { kind: "count", marks: [...state.marks, mark].slice(-limits.windowSize) };
    case "time": {
      const tenth = tenthOf(nowMs, limits.windowMs);
      const kept = remembered(state.tenths, tenth);
      const current = kept.find((each) => each.tenth === tenth)?.marks ?? [];
      const others = kept.filter((each) => each.tenth !== tenth);
      return { kind: "time", tenths: [...others, { tenth, marks: [...current, mark] }] };
    }
  }
}

export function tally(state: WindowState, limits: WindowLimits, nowMs: number): Tally {
  switch (state.kind) {
    case "consecutive":
      return { calls: state.failures, failures: state.failures, slow: 0 };
    case "count":
      return count(state.marks);
    case "time": {
      const tenths = remembered(state.tenths, tenthOf(nowMs, limits.windowMs));
      return count(tenths.flatMap(({ marks }) => marks));
    }
  }
}

/** Whether the circuit must open. A rate is reached when it is met, not when it is passed. */
export function isTooMuch({ calls, failures, slow }: Tally, limits: TallyLimits): boolean {
  const { failureRate, slowCallMs } = limits;
  if (failureRate === undefined && failures >= limits.failureThreshold) return true;
  if (calls < limits.minimumCalls) return false;
  if (failureRate !== undefined && failures / calls >= failureRate) return true;
  return slowCallMs !== Infinity && slow / calls >= limits.slowCallRate;
}

export const tenthOf = (nowMs: number, windowMs: number): number =>
  Math.floor((nowMs * TENTHS) / windowMs);

function remembered(tenths: readonly Tenth[], now: number): readonly Tenth[] {
  return tenths.filter(({ tenth }) => tenth > now - TENTHS);
}

function count(marks: readonly Mark[]): Tally {
  return {
    calls: marks.length,
    failures: marks.filter(isFailed).length,
    slow: marks.filter((mark) => (mark & SLOW) !== 0).length,
  };
}

const isFailed = (mark: Mark): boolean => (mark & FAILED) !== 0;
