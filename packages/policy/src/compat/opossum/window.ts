/**
 * The rolling window: a ring of slices, each with what happened in its share of the time.
 *
 *     newest ◀── oldest      a slice begins when its time has come, and whoever looks first moves on;
 *     [3][0][7][1]           there is no timer, and a slice in which nothing happened takes no room
 *
 * The sums that a breaker decides by are kept, so that a failed call costs the same at any size.
 */

/** What is counted; each also the name of a figure in {@link Stats}. */
export type Counter =
  | "failures"
  | "fallbacks"
  | "successes"
  | "rejects"
  | "fires"
  | "timeouts"
  | "cacheHits"
  | "cacheMisses"
  | "coalesceCacheHits"
  | "coalesceCacheMisses"
  | "semaphoreRejections";

/** One slice, as it is shown. */
export interface Bucket extends Record<Counter, number> {
  percentiles: { [share: number]: number };
  /** Whole milliseconds. */
  latencyTimes: number[];
  /** Whether the circuit opened or closed last; undefined where it did neither in this slice. */
  isCircuitBreakerOpen?: boolean;
}

/** All slices together. */
export interface Stats extends Bucket {
  /** Milliseconds; 0 where no call has ended, -1 where percentiles are off. */
  latencyMean: number;
}

class Slice {
  readonly counts: Record<Counter, number> = noCounts();
  /** How often each whole millisecond was seen: a call more takes no room more. */
  latencies: Map<number, number> | undefined = undefined;
  isOpen: boolean | undefined = undefined;
}

export class RollingWindow {
  /** Calls that came, in all slices. */
  fires = 0;
  failures = 0;
  readonly #slices: (Slice | undefined)[];
  /** Of the newest. */
  #place = 0;

  constructor(slices: number) {
    this.#slices = new Array<Slice | undefined>(slices).fill(undefined);
  }

  count(counter: Counter, by = 1): void {
    this.#newest().counts[counter] += by;
    this.#sum(counter, by);
  }

  keepLatency(ms: number): void {
    const newest = this.#newest();
    newest.latencies ??= new Map();
    const whole = Math.max(0, Math.round(ms));
    newest.latencies.set(whole, (newest.latencies.get(whole) ?? 0) + 1);
  }

  mark(isOpen: boolean): void {
    this.#newest().isOpen = isOpen;
  }

  /** Moves on by so many slices, and forgets as many of the oldest. */
  turn(steps: number): void {
    for (let step = Math.min(steps, this.#slices.length); step > 0; step -= 1) {
      this.#place = (this.#place + 1) % this.#slices.length;
      const oldest = this.#slices[this.#place];
      this.#sum("fires", -(oldest?.counts.fires ?? 0));
      this.#sum("failures", -(oldest?.counts.failures ?? 0));
      this.#slices[this.#place] = undefined;
    }
  }

  /** The newest first. */
  buckets(): Bucket[] {
    const length = this.#slices.length;
    return this.#slices.map((_, back) => {
      const slice = this.#slices[(this.#place - back + length) % length];
      return {
        ...(slice?.counts ?? noCounts()),
        percentiles: {},
        latencyTimes: sorted(slice ? [slice] : []),
        ...(slice?.isOpen !== undefined && { isCircuitBreakerOpen: slice.isOpen }),
      };
    });
  }

  /** @param isTimed Whether latencies are shown. */
  stats(isTimed: boolean): Stats {
    const slices = this.#slices.filter((slice) => slice !== undefined);
    const counts = noCounts();
    for (const slice of slices) {
      for (const counter of COUNTERS) counts[counter] += slice.counts[counter];
    }
    const latencyTimes = isTimed ? sorted(slices) : [];
    return {
      ...counts,
      latencyTimes,
      latencyMean: isTimed ? mean(latencyTimes) : -1,
      percentiles: Object.fromEntries(
        SHARES.map((share) => [share, isTimed ? percentile(share, latencyTimes) : -1]),
      ),
    };
  }

  #newest(): Slice {
    this.#slices[this.#place] ??= new Slice();
    return this.#slices[this.#place] as Slice; // As it is since the line above.
  }

  #sum(counter: Counter, by: number): void {
    if (counter === "fires") this.fires += by;
    else if (counter === "failures") this.failures += by;
  }
}

const noCounts = (): Record<Counter, number> => ({
  failures: 0,
  fallbacks: 0,
  successes: 0,
  rejects: 0,
  fires: 0,
  timeouts: 0,
  cacheHits: 0,
  cacheMisses: 0,
  coalesceCacheHits: 0,
  coalesceCacheMisses: 0,
  semaphoreRejections: 0,
});

export const COUNTERS: readonly Counter[] = Object.keys(noCounts()) as Counter[];

/** Shares of the calls that are shown with the time which they took at most. */
const SHARES: readonly number[] = [0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 1];

function sorted(slices: readonly Slice[]): number[] {
  const counts = new Map<number, number>();
  for (const { latencies } of slices) {
    for (const [ms, count] of latencies ?? []) counts.set(ms, (counts.get(ms) ?? 0) + count);
  }
  const times: number[] = [];
  for (const [ms, count] of [...counts].sort(([one], [other]) => one - other)) {
    for (let each = 0; each < count; each += 1) times.push(ms);
  }
  return times;
}

function mean(times: readonly number[]): number {
  let sum = 0;
  for (const ms of times) sum += ms;
  return times.length === 0 ? 0 : sum / times.length;
}

const percentile = (share: number, times: readonly number[]): number =>
  times[Math.max(0, Math.ceil(share * times.length) - 1)] ?? 0;
