/** Bulkhead: so many calls at once and no more, so that one dependency cannot take everything down. */

import {
  type Attempt,
  aClassifier,
  aClock,
  aFunction,
  aName,
  aNumber,
  aSwitch,
  type Call,
  type CallContext,
  type Clock,
  checkOptions,
  type ErrorReporter,
  type Guard,
  GuardedPolicy,
  type Listener,
  MUST_WAIT,
  type Needs,
  notify,
  type Outcome,
  optionsIn,
  type Policy,
  REFUSED,
  RejectedError,
  type Role,
  reportError,
  systemClock,
  toError,
  type Verdict,
  wholeNumber,
} from "../base/index.ts";
import { type Classifier, judgeByTables, judgeOnce } from "../classify/index.ts";
import {
  type Claim,
  claimOf,
  plainClaim,
  type WaitingClaim,
  type WaitingLimits,
  WaitingRoom,
} from "../waiting/index.ts";
import type { BulkheadLimits } from "./bulkhead-state.ts";

/** The limits of a bulkhead, as they can be changed while it works. */
export interface BulkheadThresholds {
  /** How many calls may run at once, a whole number from 1. @defaultValue 10 */
  readonly maxConcurrent?: number;
  /** How many more may wait for their turn, a whole number from 0. @defaultValue 0 */
  readonly maxQueue?: number;
  /** Milliseconds that each of them may wait, a whole number from 1. @defaultValue no limit */
  readonly queueTimeoutMs?: number;
}

export interface BulkheadOptions extends BulkheadThresholds {
  /** Names what it protects in errors and events: `"postgres"`. */
  readonly name: string;
  /**
   * Whether a call that timed out gives its slot back although its work goes on. More than
   * `maxConcurrent` may run then. @defaultValue false
   */
  readonly releaseOnTimeout?: boolean;
  /** Hears of every call that is turned away. @defaultValue nobody */
  readonly onReject?: Listener<BulkheadRejection>;
  /** Hears of every call that has returned. @defaultValue nobody */
  readonly onSuccess?: Listener<BulkheadSuccess>;
  /** Hears of every call that has thrown. @defaultValue nobody */
  readonly onFailure?: Listener<BulkheadFailure>;
  /** Hears of what a listener throws. @defaultValue the platform's `reportError`, or a warning */
  readonly onListenerError?: ErrorReporter;
  /** Says what a failure is in `stats()` and `onFailure`. @defaultValue the tables of `/classify` */
  readonly classifier?: Classifier;
  /** Whether refusals carry a stack: for finding who made the call, at a price. @defaultValue false */
  readonly captureStack?: boolean;
  /** Tells the time. @defaultValue the system's */
  readonly clock?: Clock;
}

export const placeNeeds: Needs<BulkheadThresholds> = {
  maxConcurrent: aNumber,
  maxQueue: aNumber,
  queueTimeoutMs: aNumber,
};

export const bulkheadNeeds: Needs<BulkheadOptions> = {
  ...placeNeeds,
  name: aName,
  releaseOnTimeout: aSwitch,
  onReject: aFunction,
  onSuccess: aFunction,
  onFailure: aFunction,
  onListenerError: aFunction,
  classifier: aClassifier,
  captureStack: aSwitch,
  clock: aClock,
};

export interface BulkheadRejection {
  readonly bulkhead: string;
  readonly reason: BulkheadFullError["reason"];
}

export interface BulkheadSuccess {
  readonly bulkhead: string;
  readonly attempt: number;
}

export interface BulkheadFailure {
  readonly bulkhead: string;
  readonly attempt: number;
  /** What the failure says about the dependency. */
  readonly outcome: Outcome;
  readonly error: Error;
}

/** Counted since the bulkhead was made, but for `running`, `zombies` and `waiting`, which are as of now. */
export interface BulkheadStats {
  readonly name: string;
  readonly maxConcurrent: number;
  readonly maxQueue: number;
  /** Calls that run and that somebody waits for. */
  readonly running: number;
  /** Work that goes on after its call has timed out or was abandoned. */
  readonly zombies: number;
  /** Calls in the queue. */
  readonly waiting: number;
  readonly successes: number;
  readonly failures: number;
  /** Calls that failed and said nothing about the dependency. */
  readonly ignored: number;
  /** Calls that were turned away, those with `queueTimeouts` among them. */
  readonly rejected: number;
  /** Calls that waited longer than `queueTimeoutMs`. */
  readonly queueTimeouts: number;
  /** Calls that left the queue because their caller did. */
  readonly abandoned: number;
}

/** Thrown in place of a call for which there is no room. */
export class BulkheadFullError extends RejectedError {
  override readonly name = "BulkheadFullError";
  readonly code = "KINTSUGI_BULKHEAD_FULL";
  readonly bulkhead: string;
  /** `full` at once; `queue-timeout` after a wait for nothing. */
  readonly reason: "full" | "queue-timeout";

  constructor(bulkhead: string, reason: "full" | "queue-timeout", captureStack = false) {
    super(
      reason === "full"
        ? `Bulkhead "${bulkhead}" is full`
        : `Bulkhead "${bulkhead}" had no room in time`,
      0,
      captureStack,
    );
    this.bulkhead = bulkhead;
    this.reason = reason;
  }
}

/**
 * A call that waits is never overtaken by one that comes later, unless `with` gives that one a higher
 * priority or another key. A call that timed out keeps its slot until its work has ended.
 *
 * @example
 * const bulkhead = new Bulkhead({ name: "postgres", maxConcurrent: 20, maxQueue: 100 });
 * const rows = await bulkhead.execute(() => query(sql));
 * const urgent = bulkhead.with({ priority: 9, key: "tenant-7" });
 * const order = await pipeline(new RetryPolicy(), urgent).execute(() => query(orderSql));
 */
export class Bulkhead implements Policy, Guard {
  readonly #options: BulkheadOptions;
  #limits: BulkheadLimits & WaitingLimits;
  #running = 0;
  #zombies = 0;
  // What follows is made when it is needed: there may be thousands that nobody calls.
  #policy: GuardedPolicy | undefined = undefined;
  #room: WaitingRoom | undefined = undefined;
  #counts: Counts | undefined = undefined;
  /** Undefined while those of the options hold. */
  #thresholds: BulkheadThresholds | undefined = undefined;

  /** @throws {@link RangeError} when an option is out of its range, of a wrong kind, or not known. */
  constructor(options: BulkheadOptions) {
    checkOptions("Bulkhead", options, bulkheadNeeds);
    this.#options = options;
    this.#limits = limitsOf(options);
  }

  get name(): string {
    return this.#options.name;
  }

  /**
   * Makes the call as soon as there is room.
   *
   * @throws {@link BulkheadFullError} when there is none, the signal's reason when it is aborted in the
   * queue, otherwise whatever `call` throws.
   */
  execute<T>(call: Call<T>, signal?: AbortSignal): Promise<T> {
    return this.#guarded().execute(call, signal);
  }

  within<T>(call: Call<T>, context: CallContext): Promise<T> {
    return this.#guarded().within(call, context);
  }

  /**
   * The same bulkhead, for calls that make a claim on their place in the queue. It is a policy: it stands
   * in a pipeline where the bulkhead would stand.
   *
   * @throws {@link RangeError} when the claim is out of its range.
   */
  with(claim: WaitingClaim): Policy {
    const own = claimOf("Bulkhead.with()", claim);
    const guard: Guard = {
      tryAdmit: () => this.tryAdmit(),
      refusal: () => this.refusal(),
      waitFor: (attempt) => this.#wait(attempt, own),
      settle: (permit, attempt, verdict, ended) => this.settle(permit, attempt, verdict, ended),
    };
    return new GuardedPolicy(guard, judgeByTables, this.role);
  }

  get role(): Role {
    return { kind: "bulkhead", state: this, name: this.name, waits: this.#limits.maxQueue > 0 };
  }

  stats(): BulkheadStats {
    const { success, failure, ignore, rejected, queueTimeouts } = this.#counts ?? nothing();
    return {
      name: this.name,
      maxConcurrent: this.#limits.maxConcurrent,
      maxQueue: this.#limits.maxQueue,
      running: this.#running,
      zombies: this.#zombies,
      waiting: this.#room?.size ?? 0,
      successes: success,
      failures: failure,
      ignored: ignore,
      rejected,
      queueTimeouts,
      abandoned: this.#room?.abandoned ?? 0,
    };
  }

  /**
   * Changes the limits that are named. More room is given to those who wait at once; with less, those who
   * run go on, and nobody is sent out of the queue.
   *
   * @throws {@link RangeError} as the constructor does; then nothing has changed.
   */
  configure(thresholds: BulkheadThresholds): void {
    checkOptions("Bulkhead.configure()", thresholds, placeNeeds);
    const before = this.#thresholds ?? this.#options;
    const next = { ...optionsIn(before, placeNeeds), ...optionsIn(thresholds, placeNeeds) };
    this.#limits = limitsOf(next);
    this.#thresholds = next;
    if (this.#room) this.#room.limits = this.#limits;
    this.#callIn();
  }

  tryAdmit(): number {
    // Who comes now overtakes nobody: while somebody waits, no slot is free.
    if (this.#taken < this.#limits.maxConcurrent) {
      this.#running += 1;
      return PERMIT;
    }
    const waiting = this.#room?.size ?? 0;
    return waiting >= this.#limits.maxQueue ? REFUSED : MUST_WAIT;
  }

  refusal(): RejectedError {
    return this.#reject("full");
  }

  waitFor(attempt: Attempt): Promise<number> {
    return this.#wait(attempt, plainClaim);
  }

  settle(_: number, attempt: Attempt, given: Verdict | undefined, ended: unknown): void {
    const verdict = given && this.#judge(given, ended, attempt);
    const { zombie } = attempt;
    if (zombie) this.#outlive(zombie);
    else this.#free();
    this.#counts ??= nothing();
    if (verdict) {
      this.#counts[verdict.outcome] += 1;
      this.#tellFailure(attempt.attempt, verdict, ended);
    } else {
      this.#counts.success += 1;
      if (this.#options.onSuccess) this.#tellSuccess(attempt.attempt);
    }
  }

  async #wait(attempt: Attempt, claim: Claim): Promise<number> {
    const { parent } = attempt;
    const permit = this.tryAdmit(); // A slot may have become free since it was told to wait.
    if (permit >= 0) return permit;
    if (permit === REFUSED) throw this.refusal();
    this.#room ??= this.#makeRoom();
    await this.#room.wait(parent, claim);
    if (!parent?.aborted) return PERMIT;
    this.#free(); // Called in, and abandoned before it could start.
    throw parent.reason;
  }

  get #taken(): number {
    return this.#options.releaseOnTimeout ? this.#running : this.#running + this.#zombies;
  }

  #free(): void {
    this.#running -= 1;
    this.#callIn();
  }

  #callIn(): void {
    const room = this.#room;
    while (room && room.size > 0 && this.#taken < this.#limits.maxConcurrent) {
      this.#running += 1;
      room.callIn(PERMIT);
    }
  }

  #outlive(zombie: Promise<unknown>): void {
    this.#zombies += 1;
    this.#free(); // Calls nobody in, where the zombie keeps the slot.
    const end = (): void => {
      this.#zombies -= 1;
      this.#callIn();
    };
    zombie.then(end, end);
  }

  #reject(reason: BulkheadFullError["reason"]): BulkheadFullError {
    this.#counts ??= nothing();
    this.#counts.rejected += 1;
    const { name, onReject, onListenerError = reportError, captureStack } = this.#options;
    if (onReject) notify(onReject, { bulkhead: name, reason }, onListenerError);
    return new BulkheadFullError(name, reason, captureStack);
  }

  #tellSuccess(attempt: number): void {
    const { name, onSuccess, onListenerError = reportError } = this.#options;
    if (onSuccess) notify(onSuccess, { bulkhead: name, attempt }, onListenerError);
  }

  #tellFailure(attempt: number, { outcome }: Verdict, thrown: unknown): void {
    const { name, onFailure, onListenerError = reportError } = this.#options;
    if (!onFailure) return;
    const event = { bulkhead: name, attempt, outcome, error: toError(thrown) };
    notify(onFailure, event, onListenerError);
  }

  /** It may take the judgement of those around it, or have its own. */
  #judge(given: Verdict, thrown: unknown, attempt: Attempt): Verdict {
    const { classifier } = this.#options;
    return classifier ? judgeOnce(classifier, thrown, attempt.parent, attempt) : given;
  }

  #guarded(): GuardedPolicy {
    this.#policy ??= new GuardedPolicy(this, judgeByTables);
    return this.#policy;
  }

  #makeRoom(): WaitingRoom {
    const { clock = systemClock } = this.#options;
    const lateError = (): Error => {
      this.#counts ??= nothing();
      this.#counts.queueTimeouts += 1;
      return this.#reject("queue-timeout");
    };
    return new WaitingRoom(this.#limits, { clock, lateError });
  }
}

type Counts = Record<Outcome | "rejected" | "queueTimeouts", number>;

const nothing = (): Counts => ({
  success: 0,
  failure: 0,
  ignore: 0,
  rejected: 0,
  queueTimeouts: 0,
});

/** All slots are alike. */
const PERMIT = 0;

function limitsOf(thresholds: BulkheadThresholds): BulkheadLimits & WaitingLimits {
  const { queueTimeoutMs } = thresholds;
  return {
    maxConcurrent: wholeNumber("maxConcurrent", thresholds.maxConcurrent ?? 10, 1),
    maxQueue: wholeNumber("maxQueue", thresholds.maxQueue ?? 0, 0),
    queueTimeoutMs:
      queueTimeoutMs === undefined ? Infinity : wholeNumber("queueTimeoutMs", queueTimeoutMs, 1),
  };
}
