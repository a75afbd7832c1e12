/** What a limiter can be told, and the errors and figures that it tells. */

import {
  aClassifier,
  aClock,
  aFunction,
  aName,
  aNumber,
  aSwitch,
  type Clock,
  type ErrorReporter,
  type Listener,
  type Needs,
  numberBetween,
  oneOf,
  optionsIn,
  RejectedError,
  wholeNumber,
} from "../base/index.ts";
import type { Classifier } from "../classify/index.ts";
import { type WaitingClaim, type WaitingLimits, waitingNeeds } from "../waiting/index.ts";
import type { Budget } from "./rate-state.ts";

/** The limits of a limiter, as they can be changed while it works. */
export interface RateLimits {
  /** Calls in any second, a whole number from 1. @defaultValue no limit */
  readonly requestsPerSecond?: number;
  /** Calls in any minute, a whole number from 1. @defaultValue no limit, until a server tells one */
  readonly requestsPerMinute?: number;
  /** Calls in any 24 hours, a whole number from 1. @defaultValue no limit */
  readonly requestsPerDay?: number;
  /** Tokens in any minute, a whole number from 1. @defaultValue no limit, until a server tells one */
  readonly tokensPerMinute?: number;
  /** Tokens in any 24 hours, a whole number from 1. @defaultValue no limit */
  readonly tokensPerDay?: number;
  /** Share of each limit that may be spent at once, 0 to 1; the rest is paced evenly. @defaultValue 1 */
  readonly burst?: number;
  /** Tokens to reserve for a call that does not say, a whole number from 0. @defaultValue 1 */
  readonly cost?: number;
  /** Whether a call waits for its turn or is refused at once. @defaultValue "wait" */
  readonly whenFull?: "wait" | "reject";
  /** How many may wait, a whole number from 0. @defaultValue 1_000 */
  readonly maxQueue?: number;
  /**
   * Milliseconds that each may wait, a whole number from 1. A call that would have to wait longer is
   * refused at once. @defaultValue 120_000
   */
  readonly queueTimeoutMs?: number;
  /** Longest pause that a server may ask for, in milliseconds from 0. @defaultValue 600_000 */
  readonly maxPauseMs?: number;
}

export interface RateLimiterOptions extends RateLimits {
  /** Names what is called in errors and events: `"openai"`. */
  readonly name: string;
  /**
   * Tokens that a call has really cost, by what it returned, from 0; fractions are rounded up. What is
   * reserved is settled for it. @defaultValue none: what was reserved is what it has cost
   */
  readonly costOf?: (result: unknown) => number | undefined;
  /** Hears of every call that is turned away. @defaultValue nobody */
  readonly onReject?: Listener<RateRejection>;
  /** Hears of every pause that a server asks for. @defaultValue nobody */
  readonly onPause?: Listener<RatePause>;
  /** Hears of what a listener or `costOf` throws. @defaultValue the platform's `reportError`, or a warning */
  readonly onListenerError?: ErrorReporter;
  /** Finds what a server asks for in an error. @defaultValue the tables of `/classify` */
  readonly classifier?: Classifier;
  /** Whether refusals carry a stack: for finding who made the call, at a price. @defaultValue false */
  readonly captureStack?: boolean;
  /** Tells the time. @defaultValue the system's */
  readonly clock?: Clock;
}

/** What a call says before it starts. */
export interface RateClaim extends WaitingClaim {
  /** Tokens to reserve, a whole number from 0. @defaultValue the `cost` of the limiter */
  readonly cost?: number;
}

export interface RateRejection {
  readonly limiter: string;
  readonly reason: RateLimitedError["reason"];
  readonly retryAfterMs: number;
}

export interface RatePause {
  readonly limiter: string;
  /** Milliseconds from now. */
  readonly pauseMs: number;
}

/** Counted since the limiter was made, but for those that are as of now. */
export interface RateLimiterStats {
  readonly name: string;
  readonly admitted: number;
  /** Calls that were turned away, those with `queueTimeouts` among them. */
  readonly rejected: number;
  readonly queueTimeouts: number;
  /** Calls that left the queue because their caller did. */
  readonly abandoned: number;
  /** Calls in the queue now. */
  readonly waiting: number;
  /** Reservations that are not settled yet. */
  readonly reserved: number;
  /** Milliseconds that the server's pause goes on; 0 where there is none. */
  readonly pausedMs: number;
  readonly budgets: readonly (Budget & { readonly spent: number })[];
}

/** Thrown in place of a call that would break a limit. */
export class RateLimitedError extends RejectedError {
  override readonly name = "RateLimitedError";
  readonly code = "KINTSUGI_RATE_LIMITED";
  readonly limiter: string;
  /**
   * `spent`: a budget is used up; `paused`: the server asked to be left alone; `queue-timeout`: after a
   * wait for nothing; `too-large`: it costs more than a whole budget, and never will be admitted.
   */
  readonly reason: "spent" | "paused" | "queue-timeout" | "too-large";

  constructor(
    limiter: string,
    reason: RateLimitedError["reason"],
    retryAfterMs: number,
    captureStack = false,
  ) {
    super(`Rate limiter "${limiter}" ${sentences[reason]}`, retryAfterMs, captureStack);
    this.limiter = limiter;
    this.reason = reason;
  }
}

const sentences: Readonly<Record<RateLimitedError["reason"], string>> = {
  spent: "has spent its budget",
  paused: "is paused, as the server asked",
  "queue-timeout": "had no room in time",
  "too-large": "has no budget that is large enough",
};

export const rateNeeds: Needs<RateLimits> = {
  requestsPerSecond: aNumber,
  requestsPerMinute: aNumber,
  requestsPerDay: aNumber,
  tokensPerMinute: aNumber,
  tokensPerDay: aNumber,
  burst: aNumber,
  cost: aNumber,
  whenFull: oneOf(["wait", "reject"]),
  maxQueue: aNumber,
  queueTimeoutMs: aNumber,
  maxPauseMs: aNumber,
};

export const limiterNeeds: Needs<RateLimiterOptions> = {
  ...rateNeeds,
  name: aName,
  costOf: aFunction,
  onReject: aFunction,
  onPause: aFunction,
  onListenerError: aFunction,
  classifier: aClassifier,
  captureStack: aSwitch,
  clock: aClock,
};

export const rateClaimNeeds: Needs<RateClaim> = { ...waitingNeeds, cost: aNumber };

/** The limits alone, where they come with other options. */
export const limitsIn = (options: RateLimits): RateLimits => optionsIn(options, rateNeeds);

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** @throws {@link RangeError} naming what is out of its range. */
export function budgetsOf(options: RateLimits): readonly Budget[] {
  const budget = (
    option: "requestsPerSecond" | "requestsPerMinute" | "requestsPerDay" | TokenOption,
    unit: Budget["unit"],
    perMs: number,
  ): readonly Budget[] => {
    const amount = options[option];
    return amount === undefined ? [] : [{ unit, amount: wholeNumber(option, amount, 1), perMs }];
  };
  return [
    ...budget("requestsPerSecond", "requests", 1_000),
    ...budget("requestsPerMinute", "requests", MINUTE_MS),
    ...budget("requestsPerDay", "requests", DAY_MS),
    ...budget("tokensPerMinute", "tokens", MINUTE_MS),
    ...budget("tokensPerDay", "tokens", DAY_MS),
  ];
}

type TokenOption = "tokensPerMinute" | "tokensPerDay";

/** @throws {@link RangeError} naming what is out of its range. */
export function rateLimitsOf(options: RateLimits): WaitingLimits & {
  readonly burst: number;
  readonly cost: number;
  readonly maxPauseMs: number;
} {
  const { whenFull = "wait" } = options;
  const maxQueue = wholeNumber("maxQueue", options.maxQueue ?? 1_000, 0);
  return {
    burst: numberBetween("burst", options.burst ?? 1, 0, 1),
    cost: wholeNumber("cost", options.cost ?? 1, 0),
    maxPauseMs: numberBetween("maxPauseMs", options.maxPauseMs ?? 600_000, 0, 1e12),
    maxQueue: whenFull === "reject" ? 0 : maxQueue,
    queueTimeoutMs: wholeNumber("queueTimeoutMs", options.queueTimeoutMs ?? 2 * MINUTE_MS, 1),
  };
}
