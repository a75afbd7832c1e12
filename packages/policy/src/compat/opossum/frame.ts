/** The frame of a breaker: its gate, the places that it has, and the time of a call. */

import {
  type Clock,
  type Ending,
  Frame,
  type Guard,
  REFUSED,
  type TimedAttempt,
  type TimeLimit,
} from "../../base/index.ts";
import { Bulkhead, BulkheadFullError } from "../../bulkhead/index.ts";
import { type TimeoutOptions, TimeoutPolicy } from "../../timeout/index.ts";
import { BAD } from "./circuit.ts";
import type { Settings } from "./options.ts";

/** What a call whose time is up fails with, and who hears of it when that is done. */
export interface TimeUp {
  error(): Error;
  tell(): void;
}

export interface FrameParts {
  readonly gate: Guard;
  readonly places: Guard | undefined;
  readonly timeUp: TimeUp;
  readonly ending: Ending;
  readonly options: Settings;
  readonly clock: Clock;
}

export function frameOf({ gate, places, timeUp, ending, options, clock }: FrameParts): Frame {
  const timeoutMs = timeoutMsOf(options.timeout);
  const { exact = false } = options;
  return new Frame({
    judge: () => BAD, // The gate judges.
    guards: places ? [gate, places] : [gate],
    limit: timeoutMs === Infinity ? undefined : new CallLimit(timeUp, { timeoutMs, exact, clock }),
    ending,
  });
}

/** Undefined where there is no limit. */
export function placesOf(name: string, options: Settings): Guard | undefined {
  const { capacity, releaseOnTimeout = false } = options;
  if (capacity === Number.MAX_SAFE_INTEGER) return undefined;
  if (capacity < 1) return new NoPlace(name);
  return new Bulkhead({ name, maxConcurrent: capacity, releaseOnTimeout });
}

/** Places that are left. */
export function placesLeft(places: Guard, capacity: number, isReleased: boolean): number {
  if (!(places instanceof Bulkhead)) return capacity;
  const { running, zombies } = places.stats();
  return capacity - running - (isReleased ? 0 : zombies);
}

/** Milliseconds; Infinity for what the peer takes for no limit. */
export function timeoutMsOf(timeout: number | false): number {
  return Number(timeout) > 0 ? Number(timeout) : Infinity;
}

class NoPlace implements Guard {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  tryAdmit(): number {
    return REFUSED;
  }

  refusal(): BulkheadFullError {
    return new BulkheadFullError(this.#name, "full");
  }

  settle(): void {}
}

/** Our timeout with the peer's error. */
class CallLimit implements TimeLimit {
  readonly isAggressive = true;
  readonly #limit: TimeLimit;
  readonly #timeUp: TimeUp;

  constructor(timeUp: TimeUp, options: TimeoutOptions) {
    const { layer } = new TimeoutPolicy(options);
    if (layer.kind !== "time-limit") throw new TypeError("A timeout is a time limit");
    this.#limit = layer.limit;
    this.#timeUp = timeUp;
  }

  start(attempt: TimedAttempt): void {
    this.#limit.start(attempt);
  }

  stop(attempt: TimedAttempt): void {
    this.#limit.stop(attempt);
  }

  leftMs(attempt: TimedAttempt): number {
    return this.#limit.leftMs(attempt);
  }

  timeUp(): Error {
    return this.#timeUp.error();
  }

  tellTimeUp(): void {
    this.#timeUp.tell();
  }
}
