/** Where calls wait for a permit: bounded in number and in time, left at once by those who give up. */

import { type AbortLink, type Cancel, type Child, type Clock, hearAbort } from "../base/index.ts";
import type { Claim } from "./claim.ts";
import { Line, Place } from "./line.ts";

export interface WaitingLimits {
  /** How many may wait. */
  readonly maxQueue: number;
  /** Milliseconds that each may wait; Infinity for no limit. */
  readonly queueTimeoutMs: number;
}

/** One call that waits. */
class Waiter extends Place implements Child {
  /** What it asks for; 1 where nothing is counted. */
  readonly cost: number;
  readonly #resolve: (permit: number) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #abandon: (waiter: Waiter, reason: unknown) => void;
  cancelTimer: Cancel | undefined = undefined;
  /** To the signal of who waits. */
  link: AbortLink | undefined = undefined;

  constructor(
    cost: number,
    resolve: (permit: number) => void,
    reject: (reason: unknown) => void,
    abandon: (waiter: Waiter, reason: unknown) => void,
  ) {
    super();
    this.cost = cost;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#abandon = abandon;
  }

  admit(permit: number): void {
    this.#tidy();
    this.#resolve(permit);
  }

  turnAway(reason: unknown): void {
    this.#tidy();
    this.#reject(reason);
  }

  forsake(reason: unknown): void {
    this.#abandon(this, reason);
  }

  #tidy(): void {
    this.cancelTimer?.();
    this.link?.leave();
  }
}

export interface WaitingOptions {
  readonly clock: Clock;
  /** What one is told who waited too long. */
  readonly lateError: () => Error;
  /** Somebody has left who was not served: the next may be easier to serve. @defaultValue nothing */
  readonly onLeave?: () => void;
}

export class WaitingRoom {
  limits: WaitingLimits;
  readonly #line = new Line<Waiter>();
  readonly #options: WaitingOptions;
  #abandoned = 0;

  constructor(limits: WaitingLimits, options: WaitingOptions) {
    this.limits = limits;
    this.#options = options;
  }

  get size(): number {
    return this.#line.size;
  }

  get isFull(): boolean {
    return this.#line.size >= this.limits.maxQueue;
  }

  /** How many gave up because their caller did. */
  get abandoned(): number {
    return this.#abandoned;
  }

  /** Who is next. */
  get first(): Waiter | undefined {
    return this.#line.first;
  }

  /**
   * Waits until it is called in; the place is kept from the moment of the call.
   *
   * @throws the late error when the time is up, or the signal's reason, at once, when it is aborted.
   */
  wait(signal: AbortSignal | undefined, claim: Claim, cost = 1): Promise<number> {
    if (signal?.aborted) {
      this.#abandoned += 1;
      return Promise.reject(signal.reason);
    }
    return new Promise((resolve, reject) => {
      const waiter = new Waiter(cost, resolve, reject, this.#abandon);
      const { queueTimeoutMs } = this.limits;
      if (queueTimeoutMs !== Infinity) {
        waiter.cancelTimer = this.#options.clock.after(queueTimeoutMs, () => {
          this.#leave(waiter, this.#options.lateError());
        });
      }
      if (signal) waiter.link = hearAbort(signal, waiter);
      this.#line.join(waiter, claim);
    });
  }

  /** Gives the permit to who is next. */
  callIn(permit: number): void {
    this.#line.serve()?.admit(permit);
  }

  /** Sends away who is next, for whom no permit will ever come. */
  turnAway(reason: unknown): void {
    this.#line.serve()?.turnAway(reason);
  }

  readonly #abandon = (waiter: Waiter, reason: unknown): void => {
    this.#abandoned += 1;
    this.#leave(waiter, reason);
  };

  #leave(waiter: Waiter, reason: unknown): void {
    this.#line.leave(waiter);
    waiter.turnAway(reason);
    this.#options.onLeave?.();
  }
}
