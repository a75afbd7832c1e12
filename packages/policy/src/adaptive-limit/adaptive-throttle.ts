/** Adaptive throttle: call less where more and more is turned away. */

import {
  type Attempt,
  aClock,
  aName,
  aNumber,
  aRandom,
  aSwitch,
  type Call,
  type CallContext,
  type Clock,
  checkOptions,
  type Guard,
  GuardedPolicy,
  type Needs,
  numberBetween,
  type Policy,
  type Random,
  REFUSED,
  RejectedError,
  type Role,
  systemClock,
  systemRandom,
  type Verdict,
  wholeNumber,
} from "../base/index.ts";
import { judgeByTables } from "../classify/index.ts";
import { isOverload } from "./cohort.ts";
import { LoadShedError } from "./load-shed-error.ts";
import { RollingTally, refusalChance, type ThrottleRules } from "./throttle-state.ts";

export interface AdaptiveThrottleOptions {
  /** Names what is called in errors: `"search"`. */
  readonly name: string;
  /**
   * How many calls there may be for each that is accepted, 1 to 100: a lower one spares more, a higher
   * one notices sooner that the other side is well again. @defaultValue 2
   */
  readonly multiplier?: number;
  /**
   * Milliseconds that count, a whole number from 1. When the other side is well again, about twice as
   * many calls get through with each window. @defaultValue 120_000
   */
  readonly windowMs?: number;
  /** With fewer calls in the window none is refused, a whole number from 0. @defaultValue 10 */
  readonly minRequests?: number;
  /** Gives its refusals the stack of the caller, for several times the price. @defaultValue false */
  readonly captureStack?: boolean;
  /** Tells the time. @defaultValue the system's */
  readonly clock?: Clock;
  /** Where chance comes from. @defaultValue the system's */
  readonly random?: Random;
}

const needs: Needs<AdaptiveThrottleOptions> = {
  name: aName,
  multiplier: aNumber,
  windowMs: aNumber,
  minRequests: aNumber,
  captureStack: aSwitch,
  clock: aClock,
  random: aRandom,
};

/** `requests`, `accepts` and `refusalChance` are over the window; the rest since it was made. */
export interface AdaptiveThrottleStats {
  readonly name: string;
  readonly state: "admitting" | "throttling";
  readonly requests: number;
  readonly accepts: number;
  /** The chance that the next call is refused, 0 to 1. */
  readonly refusalChance: number;
  readonly rejected: number;
}

/**
 * Unlike a circuit it never closes altogether, so it needs no trials to find out that all is well.
 *
 * @example
 * const throttle = new AdaptiveThrottle({ name: "search" });
 * const hits = await throttle.execute(() => search(query));
 */
export class AdaptiveThrottle implements Policy, Guard {
  readonly name: string;
  readonly #rules: ThrottleRules;
  readonly #captureStack: boolean;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #tally: RollingTally;
  readonly #policy = new GuardedPolicy(this, judgeByTables);
  #rejected = 0;

  /** @throws {@link RangeError} when an option is out of its range. */
  constructor(options: AdaptiveThrottleOptions) {
    checkOptions("AdaptiveThrottle", options, needs);
    this.name = options.name;
    this.#rules = {
      multiplier: numberBetween("multiplier", options.multiplier ?? 2, 1, 100),
      minRequests: wholeNumber("minRequests", options.minRequests ?? 10, 0),
    };
    this.#captureStack = options.captureStack ?? false;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
    this.#tally = new RollingTally(wholeNumber("windowMs", options.windowMs ?? 120_000, 1));
  }

  /**
   * Makes the call, unless chance has it that the other side is spared.
   *
   * A call that is aborted counts as one that was accepted: nobody has turned it away.
   *
   * @throws {@link LoadShedError} when it is, otherwise whatever `call` throws.
   */
  execute<T>(call: Call<T>, signal?: AbortSignal): Promise<T> {
    return this.#policy.execute(call, signal);
  }

  within<T>(call: Call<T>, context: CallContext): Promise<T> {
    return this.#policy.within(call, context);
  }

  get role(): Role {
    return { kind: "adaptive throttle", state: this, name: this.name };
  }

  stats(): AdaptiveThrottleStats {
    this.#tally.turnTo(this.#clock.monotonicMs());
    const { requests, accepts } = this.#tally;
    const chance = refusalChance(this.#tally, this.#rules);
    return {
      name: this.name,
      state: chance > 0 ? "throttling" : "admitting",
      requests,
      accepts,
      refusalChance: chance,
      rejected: this.#rejected,
    };
  }

  tryAdmit(): number {
    this.#tally.turnTo(this.#clock.monotonicMs());
    const chance = refusalChance(this.#tally, this.#rules);
    return chance > 0 && this.#random.next() < chance ? REFUSED : PERMIT;
  }

  refusal(): RejectedError {
    this.#rejected += 1;
    this.#tally.add(false);
    return new LoadShedError(this.name, "throttle", this.#captureStack);
  }

  /** A call that a policy further in has refused says nothing about the other side. */
  settle(_: number, _attempt: Attempt, verdict: Verdict | undefined, ended: unknown): void {
    if (ended instanceof RejectedError) return;
    this.#tally.turnTo(this.#clock.monotonicMs());
    this.#tally.add(!verdict || !isOverload(verdict));
  }
}

const PERMIT = 0;
