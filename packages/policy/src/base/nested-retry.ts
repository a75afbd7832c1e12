/** What retries that stand one inside the other are told of each other. */

/** A retry that goes on, as those further in see it. */
export interface SeriesSoFar {
  /** Calls made in the attempts that are over. */
  readonly made: number;
  /** Most calls that it may come to: the largest number of attempts of it and of those further in. */
  readonly most: number;
}

/** A retry that has had a failure, as those around it see it: it may go on. */
export interface NestedRetry {
  /** Of its first attempt. */
  readonly serial: number;
  /** Whose serials they are: each copy of the package counts its own. */
  readonly counter: unknown;
  /** Calls that it has made so far. */
  readonly attempts: number;
  /** Most calls that it may come to. */
  readonly maxAttempts: number;
  /** Calls that it would make at once, run again by one that it knows: 1 where it then asks before each. */
  readonly atOnce: number;
}
