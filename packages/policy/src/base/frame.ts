/**
 * One frame around a call for a retry, a row of guards and a timeout together:
 *
 *     begin ──▶ admit ──▶ run ─── returns ──▶ settle ──▶ answer
 *       ▲         │        └───── throws ───▶ settle ─┐
 *       │         └─── refused ───────────────────────┤
 *       └───────────────── after a wait ── again ─────┴── give up ──▶ throw
 *
 * Policies one inside the other pay for a promise and a context each. A frame pays once, and a call that
 * succeeds passes none of what failures need.
 */

import { Attempt, givenSignal } from "./attempt.ts";
import type { Call, CallContext, Judge } from "./call.ts";
import type { Clock } from "./clock.ts";
import { rejectSoon } from "./errors.ts";
import { type Guard, MUST_WAIT, permitOf } from "./guard.ts";
import type { Retry } from "./retry.ts";
import { TimedAttempt, type TimeLimit } from "./timed-attempt.ts";

export interface FrameLayers {
  /** Judges each failure once, for the retry and all guards. */
  readonly judge: Judge;
  /** The outermost. @defaultValue one attempt */
  readonly retry?: Retry | undefined;
  /** From the outermost to the innermost. @defaultValue none */
  readonly guards?: readonly Guard[];
  /** The innermost. @defaultValue no limit */
  readonly limit?: TimeLimit | undefined;
  /** Whether a call is made whose caller has left before it began, as peers do. @defaultValue false */
  readonly makesAborted?: boolean;
  /** Makes of the end what is returned. @defaultValue the answer, or what was thrown */
  readonly ending?: Ending | undefined;
}

/** What becomes of a call's end. `made` says how often the call was made: 0 where it was refused. */
export interface Ending {
  /** Read when the first attempt begins, for its `startedMs`. */
  readonly clock?: Clock;
  answered(value: unknown, first: Attempt, made: number): unknown;
  failed(thrown: unknown, first: Attempt, made: number): unknown;
}

const NONE: readonly Guard[] = [];

export class Frame {
  readonly #judge: Judge;
  readonly #retry: Retry | undefined;
  readonly #guards: readonly Guard[];
  readonly #limit: TimeLimit | undefined;
  readonly #ending: Ending | undefined;
  readonly #clock: Clock | undefined;
  readonly #makesAborted: boolean;
  /** Runs the attempts after the first; made with the first of them. */
  #rest: Frame | undefined = undefined;

  constructor({ judge, retry, guards = NONE, limit, ending, makesAborted = false }: FrameLayers) {
    this.#judge = judge;
    this.#retry = retry;
    this.#guards = guards;
    this.#limit = limit;
    this.#ending = ending;
    this.#makesAborted = makesAborted;
    this.#clock = ending?.clock ?? retry?.clock;
  }

  /** @throws whatever its layers or `call` throw, where there is no ending that makes something of it. */
  execute<T>(call: Call<T>, signal: AbortSignal | undefined): Promise<T> {
    return this.#run(call, this.#attempt(1, signal, undefined));
  }

  /** As `execute`, inside another policy. */
  within<T>(call: Call<T>, context: CallContext): Promise<T> {
    return this.#run(call, this.#attempt(context.attempt, givenSignal(context), context));
  }

  #attempt(
    number: number,
    parent: AbortSignal | undefined,
    outer: CallContext | undefined,
  ): Attempt {
    const limit = this.#limit;
    return limit
      ? new TimedAttempt(limit, number, parent, outer)
      : new Attempt(number, parent, outer);
  }

  #run<T>(call: Call<T>, attempt: Attempt): Promise<T> {
    if (this.#clock) attempt.startedMs = this.#clock.monotonicMs();
    if (this.#isGivenUp(attempt)) return this.#refuse(call, attempt, attempt.parent?.reason, 0);
    let place = 0;
    for (const guard of this.#guards) {
      const permit = guard.tryAdmit(attempt);
      if (permit < 0) return this.#notAdmitted(call, attempt, place, permit);
      attempt.keepPermit(place, permit);
      place += 1;
    }
    return this.#begin(call, attempt);
  }

  #isGivenUp({ parent }: Attempt): boolean {
    return (parent?.aborted ?? false) && !this.#makesAborted;
  }

  #notAdmitted<T>(call: Call<T>, attempt: Attempt, place: number, permit: number): Promise<T> {
    const guard = this.#guards[place] as Guard; // It has just answered.
    return permit === MUST_WAIT && guard.waitFor
      ? this.#wait(call, attempt, place)
      : this.#refuse(call, attempt, guard.refusal(attempt), place);
  }

  /** Admission by a guard that must wait, and by those further in. */
  async #wait<T>(call: Call<T>, attempt: Attempt, from: number): Promise<T> {
    let place = from;
    try {
      attempt.keepPermit(place, await (this.#guards[place] as Waiting).waitFor(attempt));
      for (place += 1; place < this.#guards.length; place += 1) {
        attempt.keepPermit(place, await permitOf(this.#guards[place] as Guard, attempt));
      }
      if (this.#isGivenUp(attempt)) throw attempt.parent?.reason;
    } catch (refusal) {
      return this.#refuse(call, attempt, refusal, place);
    }
    return this.#begin(call, attempt);
  }

  #refuse<T>(call: Call<T>, attempt: Attempt, reason: unknown, admitted: number): Promise<T> {
    this.#settle(attempt, reason, admitted);
    return this.#conclude(call, attempt, reason, 0);
  }

  /**
   * Hung on the call's own promise: an async function would cost twice as much.
   */
  #begin<T>(call: Call<T>, attempt: Attempt): Promise<T> {
    if (this.#limit?.isAggressive) return this.#race(call, attempt as TimedAttempt); // As it made it.
    attempt.begin(undefined);
    let answer: T | Promise<T>;
    try {
      answer = call(attempt);
    } catch (thrown) {
      return this.#conclude(call, attempt, this.#fail(attempt, thrown), 1);
    }
    if (!isPromise(answer)) return Promise.resolve(this.#succeed(attempt, answer));
    return Promise.resolve(answer).then(
      (value) => this.#succeed(attempt, value),
      (thrown) => {
        const reason = this.#fail(attempt, thrown);
        if (this.#retry ?? this.#ending) return this.#conclude(call, attempt, reason, 1);
        throw reason;
      },
    );
  }

  /** Waits for the call, its time or its caller's abort, whichever comes first. */
  #race<T>(call: Call<T>, attempt: TimedAttempt): Promise<T> {
    let resolve!: (value: T | PromiseLike<T>) => void;
    let reject!: (reason: unknown) => void;
    // In place, and not `withResolvers`: this is compiled into the frame.
    const promise = new Promise<T>((yes, no) => {
      resolve = yes;
      reject = no;
    });
    const win = (value: T): void => {
      if (!attempt.isOver) resolve(this.#succeed(attempt, value));
    };
    const lose = (thrown: unknown): void => {
      if (attempt.isOver) return;
      attempt.end();
      this.#settle(attempt, thrown, this.#guards.length);
      if (this.#retry ?? this.#ending) resolve(this.#conclude(call, attempt, thrown, 1));
      else reject(thrown);
    };
    attempt.begin(lose);
    try {
      const answer = call(attempt);
      if (!isPromise(answer)) win(answer);
      else {
        attempt.work = answer;
        // Both stay attached: a call that fails after its time is nobody's unhandled rejection.
        Promise.resolve(answer).then(win, lose);
      }
    } catch (thrown) {
      lose(thrown);
    }
    return promise;
  }

  /** Why the attempt has failed, which all its guards hear. */
  #fail(attempt: Attempt, thrown: unknown): unknown {
    const reason = attempt.fail(thrown);
    this.#settle(attempt, reason, this.#guards.length);
    return reason;
  }

  #succeed<T>(attempt: Attempt, value: T): T {
    attempt.end();
    const guards = this.#guards;
    for (let place = guards.length - 1; place >= 0; place -= 1) {
      guards[place]?.settle(attempt.permitAt(place), attempt, undefined, value);
    }
    const ending = this.#ending;
    return ending ? (ending.answered(value, attempt, 1) as T) : value; // Its maker types it.
  }

  /** An attempt has failed that so many guards had admitted. */
  #settle(attempt: Attempt, thrown: unknown, admitted: number): void {
    if (admitted === 0 && !this.#retry) return;
    const verdict = this.#judge(thrown, attempt.parent, attempt);
    attempt.verdict = verdict;
    for (let place = admitted - 1; place >= 0; place -= 1) {
      this.#guards[place]?.settle(attempt.permitAt(place), attempt, verdict, thrown);
    }
  }

  /** What the call comes to, when its first attempt has failed. */
  #conclude<T>(call: Call<T>, first: Attempt, thrown: unknown, made: number): Promise<T> {
    const ending = this.#ending;
    if (!this.#retry) return ending ? failed(ending, thrown, first, made) : rejectSoon(thrown);
    let calls = made;
    const counted: Call<T> = (context) => {
      calls += 1;
      return call(context);
    };
    const rest = this.#withoutRetry();
    const end = this.#retry.after<T>(thrown, first, {
      next: (attempt) => rest.#attempt(attempt, first.parent, first),
      run: (later) => rest.#run(counted, later),
      judge: this.#judge,
    });
    if (!ending) return end;
    return end.then(
      (value) => ending.answered(value, first, calls) as T,
      (last: unknown) => ending.failed(last, first, calls) as T,
    );
  }

  #withoutRetry(): Frame {
    this.#rest ??= new Frame({ judge: this.#judge, guards: this.#guards, limit: this.#limit });
    return this.#rest;
  }
}

/** An ending may throw: that is then how the call ends. */
async function failed<T>(
  ending: Ending,
  thrown: unknown,
  first: Attempt,
  made: number,
): Promise<T> {
  return ending.failed(thrown, first, made) as T; // Its maker types it.
}

type Waiting = Guard & Required<Pick<Guard, "waitFor">>;

function isPromise<T>(answer: T | Promise<T>): answer is Promise<T> {
  if (answer instanceof Promise) return true;
  // A function may be a promise as well, as the builders of some queries are.
  if ((typeof answer !== "object" && typeof answer !== "function") || answer === null) return false;
  return "then" in answer && typeof answer.then === "function";
}
