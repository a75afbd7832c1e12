/** An attempt that has only so much time. */

import { Attempt } from "./attempt.ts";
import type { CallContext } from "./call.ts";
import { type Deadline, UNLISTED } from "./deadlines.ts";
import { type AbortLink, type Child, hearAbort } from "./parent-signal.ts";

/** What a frame asks of a timeout. */
export interface TimeLimit {
  /** Whether the call's answer is not waited for, once its time is up or its caller has given up. */
  readonly isAggressive: boolean;
  /** The attempt begins: its time runs. */
  start(attempt: TimedAttempt): void;
  /** The attempt has ended. */
  stop(attempt: TimedAttempt): void;
  /** Milliseconds that it has left, at most. */
  leftMs(attempt: TimedAttempt): number;
  /** The reason of an attempt whose time is up. */
  timeUp(): Error;
  /** Told after the attempt has been bidden stop. */
  tellTimeUp(attempt: TimedAttempt): void;
}

/**
 * Its signal is aborted when the time is up or when the parent is, whichever comes first. The controller
 * is made when somebody reads the signal; and nothing is aborted when the call returns, so that a body
 * which is read later can be read.
 */
export class TimedAttempt extends Attempt implements Deadline, Child {
  dueMs: number = UNLISTED;
  earlier: Deadline | undefined = undefined;
  later: Deadline | undefined = undefined;
  /** What its call has promised, where it is not waited for in the end. */
  work: Promise<unknown> | undefined = undefined;
  /** Undefined when the attempt is over. */
  #limit: TimeLimit | undefined;
  #abandon: ((reason: unknown) => void) | undefined = undefined;
  #link: AbortLink | undefined = undefined;

  constructor(
    limit: TimeLimit,
    attempt: number,
    parent: AbortSignal | undefined,
    outer: CallContext | undefined,
  ) {
    super(attempt, parent, outer);
    this.#limit = limit;
  }

  get isOver(): boolean {
    return this.#limit === undefined;
  }

  override get signal(): AbortSignal {
    if (this.controller) return this.controller.signal;
    const controller = this.makeController();
    if (this.expired) controller.abort(this.expired);
    else if (!this.isOver) this.hearParent();
    return controller.signal;
  }

  override get given(): AbortSignal {
    return this.signal;
  }

  override get leftMs(): number {
    return Math.min(this.#limit?.leftMs(this) ?? Infinity, this.leftOutsideMs);
  }

  override begin(abandon: ((reason: unknown) => void) | undefined): void {
    this.#limit?.start(this);
    if (!abandon) return;
    this.#abandon = abandon;
    this.hearParent();
  }

  /** Nothing is left behind on the parent, and no timer. */
  override end(): void {
    this.#limit?.stop(this);
    this.#limit = undefined;
    this.#link?.leave();
  }

  /** What a call throws when it was bidden stop is only how it stopped. */
  override fail(thrown: unknown): unknown {
    this.end();
    const late = this.expired;
    if (late && thrown !== late) late.cause = thrown;
    return late ?? thrown;
  }

  expire(): void {
    const limit = this.#limit;
    if (!limit) return;
    const late = limit.timeUp();
    this.expired = late;
    this.forsake(late);
    limit.tellTimeUp(this);
  }

  /** Aborts its signal, where somebody has read it. */
  abort(reason: unknown): void {
    this.controller?.abort(reason);
  }

  /** Bids the call stop, and waits for it no longer where it is not to be waited for. */
  forsake(reason: unknown): void {
    this.abort(reason);
    if (!this.#abandon || this.isOver) return;
    if (this.work) this.leave(this.work);
    this.#abandon(reason);
  }

  protected hearParent(): void {
    const { parent } = this;
    if (!parent || this.#link) return;
    if (parent.aborted) this.forsake(parent.reason);
    else this.#link = hearAbort(parent, this);
  }
}
