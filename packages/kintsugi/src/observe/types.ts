/** What is counted and measured while the program runs, as other rooms show it. Nothing here is stored. */

/**
 * Figures of the last minutes, a value for each second, oldest first; all lists have one length.
 * A second in which nothing happened holds zeros.
 */
export interface Series {
  /** Epoch milliseconds at which the first value's second began. */
  readonly startMs: number;
  /** Milliseconds that each value stands for. */
  readonly everyMs: number;
  /** Calls under policies that ended. */
  readonly calls: readonly number[];
  /** Of those, the ones that failed for whoever made them. */
  readonly failed: readonly number[];
  /** Attempts beyond the first of each call. */
  readonly retries: readonly number[];
  /** 95th percentile of the calls' time in milliseconds; null where none ended. */
  readonly p95Ms: readonly (number | null)[];
  /** Steps of runs that were recorded. */
  readonly steps: readonly number[];
}
