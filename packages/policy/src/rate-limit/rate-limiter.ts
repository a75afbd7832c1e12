/** Rate limiter: so many calls and so many tokens in any window of time, and no more. */

import {
  type Attempt,
  type Call,
  type CallContext,
  type Cancel,
  type Clock,
  checkOptions,
  type ErrorReporter,
  type Guard,
  GuardedPolicy,
  type Judge,
  type Listener,
  MUST_WAIT,
  notify,
  numberBetween,
  type Policy,
  REFUSED,
  RejectedError,
  type Role,
  reportError,
  systemClock,
  type Verdict,
  wholeNumber,
} from "../base/index.ts";
import { judgeBy, judgeByTables } from "../classify/index.ts";
import { type Claim, claimOf, plainClaim, WaitingRoom } from "../waiting/index.ts";
import { Accounts } from "./accounts.ts";
import { readRateHeaders } from "./rate-headers.ts";
import {
  budgetsOf,
  limiterNeeds,
  limitsIn,
  type RateClaim,
  RateLimitedError,
  type RateLimiterOptions,
  type RateLimiterStats,
  type RateLimits,
  type RatePause,
  type RateRejection,
  rateClaimNeeds,
  rateLimitsOf,
  rateNeeds,
} from "./rate-options.ts";

/** Part of the budgets, held for work that does not run under the limiter itself, such as a stream. */
export interface Reservation extends Disposable {
  /** Tokens that are reserved. */
  readonly cost: number;
  /** The work has ended and cost so many tokens, at least 0. Harmless when called twice. */
  settle(cost?: number): void;
  /** The work never started: everything is given back. Harmless when called twice. */
  cancel(): void;
}

/**
 * No window of any limit ever holds more than its amount, whoever calls at the same time: the estimate
 * is reserved before the call, and settled for what it came to afterwards. A `Retry-After` pauses
 * everything that goes through the limiter.
 *
 * @example
 * const limiter = new RateLimiter({
 *   name: "openai",
 *   requestsPerMinute: 500,
 *   tokensPerMinute: 30_000,
 *   costOf: (answer) => (answer as { usage?: { total_tokens?: number } }).usage?.total_tokens,
 * });
 * const answer = await limiter.with({ cost: 1_200 }).execute(() => askModel(prompt));
 */
export class RateLimiter implements Policy, Guard {
  readonly name: string;
  readonly #captureStack: boolean;
  readonly #costOf: ((result: unknown) => number | undefined) | undefined;
  readonly #onReject: Listener<RateRejection> | undefined;
  readonly #onPause: Listener<RatePause> | undefined;
  readonly #onListenerError: ErrorReporter;
  readonly #clock: Clock;
  /** Where it does not take the judgement of those around it. */
  readonly #judge: Judge | undefined;
  readonly #policy = new GuardedPolicy(this, judgeByTables);
  readonly #accounts: Accounts;
  readonly #room: WaitingRoom;
  readonly #counts = { admitted: 0, rejected: 0, queueTimeouts: 0 };
  /** Tokens that those who wait ask for, all together. */
  #waitingTokens = 0;
  #given: RateLimits;
  #limits: ReturnType<typeof rateLimitsOf>;
  #cancelTimer: Cancel | undefined;

  /** @throws {@link RangeError} when an option is out of its range, of a wrong kind, or not known. */
  constructor(options: RateLimiterOptions) {
    checkOptions("RateLimiter", options, limiterNeeds);
    const limits = rateLimitsOf(options);
    this.name = options.name;
    this.#given = limitsIn(options);
    this.#limits = limits;
    this.#captureStack = options.captureStack ?? false;
    this.#costOf = options.costOf;
    this.#onReject = options.onReject;
    this.#onPause = options.onPause;
    this.#onListenerError = options.onListenerError ?? reportError;
    this.#clock = options.clock ?? systemClock;
    const { classifier } = options;
    this.#judge = classifier && judgeBy(classifier);
    this.#accounts = new Accounts(budgetsOf(options), limits.burst);
    this.#room = new WaitingRoom(limits, {
      clock: this.#clock,
      lateError: () => {
        this.#counts.queueTimeouts += 1;
        return this.#reject("queue-timeout", this.#expectedMs(0, 0));
      },
      onLeave: () => this.#callIn(),
    });
  }

  /**
   * Makes the call as soon as the budgets have room for it.
   *
   * @throws {@link RateLimitedError} when they will not have any in time, the signal's reason when it is
   * aborted in the queue, otherwise whatever `call` throws.
   */
  execute<T>(call: Call<T>, signal?: AbortSignal): Promise<T> {
    return this.#policy.execute(call, signal);
  }

  within<T>(call: Call<T>, context: CallContext): Promise<T> {
    return this.#policy.within(call, context);
  }

  /**
   * The same limiter, for calls that say what they cost or who makes them. It is a policy: it stands in a
   * pipeline where the limiter would stand.
   *
   * @throws {@link RangeError} when the claim is out of its range.
   */
  with(claim: RateClaim): Policy {
    const own = claimOf("RateLimiter.with()", claim, rateClaimNeeds);
    const cost = wholeNumber("cost", claim.cost ?? this.#limits.cost, 0);
    const guard: Guard = {
      tryAdmit: () => this.#tryReserve(cost),
      refusal: () => this.#refusal(cost),
      waitFor: (attempt) => this.#wait(attempt.parent, cost, own),
      settle: (permit, attempt, verdict, ended) => this.settle(permit, attempt, verdict, ended),
    };
    return new GuardedPolicy(guard, judgeByTables, this.role);
  }

  get role(): Role {
    const waits = this.#room.limits.maxQueue > 0;
    return { kind: "rate limiter", state: this, name: this.name, waits };
  }

  /**
   * Reserves a part of the budgets for work that runs elsewhere. Whoever forgets to settle has spent what
   * was reserved.
   *
   * @throws {@link RateLimitedError} and the signal's reason, as `execute` does.
   */
  async reserve(claim: RateClaim = {}, signal?: AbortSignal): Promise<Reservation> {
    const own = claimOf("RateLimiter.reserve()", claim, rateClaimNeeds);
    const cost = wholeNumber("cost", claim.cost ?? this.#limits.cost, 0);
    const permit = await this.#wait(signal, cost, own);
    let isOpen = true;
    const once = (close: () => void): void => {
      if (isOpen) close();
      isOpen = false;
    };
    const settle = (actual = cost): void => {
      const whole = Math.ceil(numberBetween("cost", actual, 0, 1e15));
      once(() => this.#settle(permit, whole));
    };
    return {
      cost,
      settle,
      cancel: () => once(() => this.#cancel(permit)),
      [Symbol.dispose]: () => settle(),
    };
  }

  /**
   * Learns from the headers of an answer: `x-ratelimit-*` and `anthropic-ratelimit-*` of requests and
   * tokens, taken for limits of a minute, and `Retry-After`. A server's limit counts where it is lower
   * than the limiter's own; what it has left counts where that is less than what the limiter knows of.
   */
  observe(headers: unknown): void {
    const told = readRateHeaders(headers, this.#clock);
    this.#accounts.learn(told, this.#clock.monotonicMs());
    this.pause(told.retryAfterMs ?? 0);
    this.#callIn();
  }

  /** Admits nothing for so many milliseconds, at most `maxPauseMs`; a longer pause stays as it is, and 0 is none. */
  pause(ms: number): void {
    const pauseMs = Math.min(ms, this.#limits.maxPauseMs);
    if (!(pauseMs > 0)) return;
    this.#accounts.pause(this.#clock.monotonicMs() + pauseMs);
    if (!this.#onPause) return;
    notify(this.#onPause, { limiter: this.name, pauseMs }, this.#onListenerError);
  }

  /**
   * Changes the limits that are named. What was spent in the windows that have passed stays spent, and
   * nobody is sent out of the queue; a budget that is new counts from now on.
   *
   * @throws {@link RangeError} as the constructor does; then nothing has changed.
   */
  configure(limits: RateLimits): void {
    checkOptions("RateLimiter.configure()", limits, rateNeeds);
    const given = { ...this.#given, ...limitsIn(limits) };
    const [budgets, next] = [budgetsOf(given), rateLimitsOf(given)];
    this.#given = given;
    this.#limits = next;
    this.#room.limits = next;
    this.#accounts.change(budgets, next.burst, this.#clock.monotonicMs());
    this.#callIn();
  }

  stats(): RateLimiterStats {
    const nowMs = this.#clock.monotonicMs();
    return {
      name: this.name,
      ...this.#counts,
      abandoned: this.#room.abandoned,
      waiting: this.#room.size,
      reserved: this.#accounts.reserved,
      pausedMs: this.#accounts.pausedMs(nowMs),
      budgets: this.#accounts.list(nowMs),
    };
  }

  tryAdmit(): number {
    return this.#tryReserve(this.#limits.cost);
  }

  refusal(): RejectedError {
    return this.#refusal(this.#limits.cost);
  }

  waitFor(attempt: Attempt): Promise<number> {
    return this.#wait(attempt.parent, this.#limits.cost, plainClaim);
  }

  settle(permit: number, attempt: Attempt, given: Verdict | undefined, ended: unknown): void {
    const verdict = given && this.#verdictOn(given, attempt, ended);
    if (!verdict) this.#settle(permit, this.#costOf && this.#actualCost(this.#costOf, ended));
    else if (ended instanceof RejectedError) this.#cancel(permit);
    else {
      this.pause(verdict.retryAfterMs ?? 0);
      this.#settle(permit, wholeCost(verdict.cost)); // Servers count calls that failed as well.
      attempt.zombie?.catch((late: unknown) => this.#hearLate(late, attempt));
    }
  }

  #verdictOn(given: Verdict, attempt: Attempt, ended: unknown): Verdict {
    const { parent } = attempt;
    // What the server said holds for all, though the caller who asked it has left.
    if (parent?.aborted && ended !== parent.reason) {
      return (this.#judge ?? judgeByTables)(ended, undefined);
    }
    return this.#judge?.(ended, parent, attempt) ?? given;
  }

  /** How work has failed that its call has left behind: its cost is settled, but the server has spoken. */
  #hearLate(thrown: unknown, { parent }: Attempt): void {
    if (thrown instanceof RejectedError || thrown === parent?.reason) return;
    const { retryAfterMs } = (this.#judge ?? judgeByTables)(thrown, undefined);
    this.pause(retryAfterMs ?? 0);
  }

  #tryReserve(cost: number): number {
    const nowMs = this.#clock.monotonicMs();
    // Who comes now overtakes nobody.
    if (this.#room.size === 0 && this.#accounts.fits(cost, nowMs)) return this.#take(cost, nowMs);
    if (this.#room.isFull || this.#accounts.isTooLarge(cost)) return REFUSED;
    return MUST_WAIT;
  }

  #take(cost: number, nowMs: number): number {
    this.#counts.admitted += 1;
    return this.#accounts.reserve(cost, nowMs);
  }

  async #wait(signal: AbortSignal | undefined, cost: number, claim: Claim): Promise<number> {
    const permit = this.#tryReserve(cost);
    if (permit >= 0) return permit;
    const isHopeless =
      permit === REFUSED || this.#expectedMs(cost, 1) > this.#limits.queueTimeoutMs;
    if (isHopeless) throw this.#refusal(cost);
    const admitted = await this.#inQueue(signal, cost, claim);
    if (!signal?.aborted) return admitted;
    this.#cancel(admitted); // Called in, and abandoned before it could start.
    throw signal.reason;
  }

  async #inQueue(signal: AbortSignal | undefined, cost: number, claim: Claim): Promise<number> {
    this.#waitingTokens += cost;
    try {
      const waiting = this.#room.wait(signal, claim, cost);
      this.#callIn();
      return await waiting;
    } finally {
      this.#waitingTokens -= cost;
    }
  }

  /** Milliseconds that a call of this cost would wait behind all who wait already. */
  #expectedMs(cost: number, requests: number): number {
    const { size } = this.#room;
    const tokens = this.#waitingTokens + cost;
    return this.#accounts.waitMs(tokens, size + requests, this.#clock.monotonicMs());
  }

  /** Admits who is next as long as the budgets allow, and comes back when they will. */
  #callIn(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const nowMs = this.#clock.monotonicMs();
    let next = this.#room.first;
    for (; next; next = this.#room.first) {
      // A server may have told of a smaller limit since it came.
      if (this.#accounts.isTooLarge(next.cost)) this.#room.turnAway(this.#reject("too-large", 0));
      else if (this.#accounts.fits(next.cost, nowMs)) {
        this.#room.callIn(this.#take(next.cost, nowMs));
      } else break;
    }
    if (!next) return;
    const waitMs = this.#accounts.waitMs(next.cost, 1, nowMs);
    this.#cancelTimer = this.#clock.after(Math.max(1, Math.ceil(waitMs)), () => this.#callIn());
  }

  #settle(permit: number, cost: number | undefined): void {
    if (cost === undefined) {
      this.#accounts.keep(permit); // Nothing becomes free: no clock is read.
      return;
    }
    this.#accounts.settle(permit, cost, this.#clock.monotonicMs());
    if (this.#room.size > 0) this.#callIn();
  }

  #cancel(permit: number): void {
    this.#accounts.cancel(permit, this.#clock.monotonicMs());
    if (this.#room.size > 0) this.#callIn();
  }

  #actualCost(
    costOf: (result: unknown) => number | undefined,
    result: unknown,
  ): number | undefined {
    try {
      return wholeCost(costOf(result));
    } catch (error) {
      this.#onListenerError(error);
      return undefined;
    }
  }

  #refusal(cost: number): RateLimitedError {
    if (this.#accounts.isTooLarge(cost)) return this.#reject("too-large", 0);
    const isPaused = this.#accounts.pausedMs(this.#clock.monotonicMs()) > 0;
    return this.#reject(isPaused ? "paused" : "spent", this.#expectedMs(cost, 1));
  }

  #reject(reason: RateLimitedError["reason"], expectedMs: number): RateLimitedError {
    this.#counts.rejected += 1;
    const retryAfterMs = Math.ceil(expectedMs);
    if (this.#onReject) {
      notify(this.#onReject, { limiter: this.name, reason, retryAfterMs }, this.#onListenerError);
    }
    return new RateLimitedError(this.name, reason, retryAfterMs, this.#captureStack);
  }
}

/** What others say that a call has cost may be anything. */
const wholeCost = (cost: number | undefined): number | undefined =>
  cost !== undefined && cost >= 0 && cost < Infinity ? Math.ceil(cost) : undefined;
