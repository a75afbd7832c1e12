/** What a frame asks of a retry, when a first attempt has failed. */

import type { Attempt } from "./attempt.ts";
import type { Judge } from "./call.ts";
import type { Clock } from "./clock.ts";

export interface Retry {
  /** How its frame judges failures where it was given nobody to do it. @defaultValue by the tables */
  readonly judge?: Judge | undefined;
  /** Read when the first attempt begins, where the time of all attempts is limited. */
  readonly clock: Clock | undefined;
  /**
   * Goes on after the first attempt has failed.
   *
   * @throws at once what it gives up with, where no attempt is to follow; the promise rejects with it
   * where one did.
   */
  after<T>(thrown: unknown, first: Attempt, again: Again<T>): Promise<T>;
}

/** More attempts at the same call, without the retry. */
export interface Again<T> {
  next(attempt: number): Attempt;
  run(attempt: Attempt): Promise<T>;
  /** Of the frame. */
  readonly judge: Judge;
}
