/** One attempt at a call, as all policies around it share it. */

import type { CallContext, Judgement, Judgements, Verdict } from "./call.ts";
import type { NestedRetry, SeriesSoFar } from "./nested-retry.ts";

/** How many attempts there have been, in 32 bits that start over; see {@link Attempt.isBefore}. */
let attempts = 0;

/** On a signal that an attempt has made: the attempt. A map of signals would cost more than the signal. */
const MAKER = Symbol.for("kintsugi.attempt");

/**
 * The context that a call is handed, and the place where policies note what they must know when it ends.
 * One is made for each attempt, and nothing besides: so what is rarely noted stands apart.
 */
export class Attempt implements CallContext, Judgements {
  /** 1 for the first. */
  readonly attempt: number;
  /** The caller's signal; undefined where nobody will ever abort. */
  readonly parent: AbortSignal | undefined;
  /** Monotonic milliseconds at which it began; -1 where no policy needed to know. */
  startedMs = -1;
  /** Its place among all attempts, by which the order of two is known without a clock. */
  readonly serial: number;
  /** Made when the signal is read that nobody else has. */
  protected controller: AbortController | undefined = undefined;
  readonly #outer: CallContext | undefined;
  /** Of the first two guards around it. */
  #permit = -1;
  #secondPermit = -1;
  #notes: Notes | undefined = undefined;

  /** @param outer An earlier or outer context: where there is no parent, they share their signal. */
  constructor(attempt: number, parent: AbortSignal | undefined, outer: CallContext | undefined) {
    this.attempt = attempt;
    this.parent = parent;
    this.#outer = outer;
    attempts = (attempts + 1) | 0;
    this.serial = attempts;
  }

  get signal(): AbortSignal {
    return this.parent ?? this.#outer?.signal ?? this.makeController().signal;
  }

  /** The signal that a policy further in must heed; undefined where nobody will ever abort. */
  get given(): AbortSignal | undefined {
    return this.parent;
  }

  /**
   * Work that goes on although the call has returned, as an aggressive timeout leaves it; settles with
   * the last of it. Undefined where there is none.
   */
  get zombie(): Promise<unknown> | undefined {
    return this.#notes?.zombie;
  }

  /** How it failed, once it has been judged. */
  get verdict(): Verdict | undefined {
    return this.#notes?.verdict;
  }

  set verdict(verdict: Verdict | undefined) {
    this.note().verdict = verdict;
  }

  /** What classifiers have said of its failure; undefined where there are none but the tables. */
  get judged(): Map<object, Judgement> | undefined {
    return this.#notes?.judged;
  }

  set judged(judged: Map<object, Judgement> | undefined) {
    this.note().judged = judged;
  }

  /** Why its time is over; undefined where it was not up before the end. */
  get expired(): Error | undefined {
    return this.#notes?.expired;
  }

  set expired(error: Error) {
    this.note().expired = error;
  }

  /** Milliseconds that it may still take, at most; Infinity where nobody limits it. */
  get leftMs(): number {
    return this.leftOutsideMs;
  }

  /** As `leftMs`, by the limits further out alone: time in which another attempt can begin. */
  get leftOutsideMs(): number {
    return this.#outer instanceof Attempt ? this.#outer.leftMs : Infinity;
  }

  /** The attempt of ours around it: by the context that it was given, or by the signal where it was passed on. */
  get around(): Attempt | undefined {
    if (this.#outer instanceof Attempt) return this.#outer;
    return (this.parent as { readonly [MAKER]?: Attempt } | undefined)?.[MAKER];
  }

  /** The retry whose first attempt it was, once that has failed. */
  get series(): SeriesSoFar | undefined {
    return this.#notes?.series;
  }

  set series(series: SeriesSoFar) {
    this.note().series = series;
  }

  /** The last retry further in that has failed. */
  get nested(): NestedRetry | undefined {
    return this.#notes?.nested;
  }

  set nested(retry: NestedRetry | undefined) {
    this.note().nested = retry;
  }

  /** Monotonic milliseconds at which it was let in, where it had to wait for that; else `startedMs`. */
  get begunMs(): number {
    return this.#notes?.begunMs ?? this.startedMs;
  }

  set begunMs(nowMs: number) {
    this.note().begunMs = nowMs;
  }

  /** Notes work that goes on without the call, here and in every context around, before the call ends. */
  leave(work: Promise<unknown>): void {
    const notes = this.note();
    notes.zombie = notes.zombie ? Promise.allSettled([notes.zombie, work]) : work;
    if (this.#outer) leaveWork(this.#outer, work);
  }

  /** The call is about to be made; `abandon` is told what ends it before its call does. */
  begin(_abandon: ((reason: unknown) => void) | undefined): void {}

  /** The call has settled, or nobody waits for it any more. */
  end(): void {}

  /** The call has thrown; returns why. */
  fail(thrown: unknown): unknown {
    return thrown;
  }

  keepPermit(place: number, permit: number): void {
    if (place === 0) this.#permit = permit;
    else if (place === 1) this.#secondPermit = permit;
    else this.note().permits[place - 2] = permit;
  }

  permitAt(place: number): number {
    if (place === 0) return this.#permit;
    return place === 1 ? this.#secondPermit : (this.#notes?.permits[place - 2] ?? -1);
  }

  /** Whether an attempt of that serial began after it; in order over half of all 32 bits. */
  isBefore(serial: number): boolean {
    return ((serial - this.serial) | 0) > 0;
  }

  protected makeController(): AbortController {
    if (this.controller) return this.controller;
    this.controller = new AbortController();
    (this.controller.signal as { [MAKER]?: Attempt })[MAKER] = this;
    return this.controller;
  }

  /** Not private by its name: a private method would take a field of each attempt. */
  protected note(): Notes {
    this.#notes ??= {
      permits: [],
      zombie: undefined,
      verdict: undefined,
      expired: undefined,
      series: undefined,
      nested: undefined,
      begunMs: undefined,
      judged: undefined,
    };
    return this.#notes;
  }
}

/** What few attempts have to note. */
export interface Notes {
  /** Of the third guard and those further in. */
  readonly permits: number[];
  zombie: Promise<unknown> | undefined;
  verdict: Verdict | undefined;
  expired: Error | undefined;
  series: SeriesSoFar | undefined;
  nested: NestedRetry | undefined;
  begunMs: number | undefined;
  judged: Map<object, Judgement> | undefined;
}

/**
 * The context of a first attempt. A caller that never gives up brings no signal: one is made when the
 * call asks for it, and never shared, so that no listeners pile up on it.
 */
export function firstAttempt(signal: AbortSignal | undefined): Attempt {
  return new Attempt(1, signal, undefined);
}

/** The context of another attempt at the same call: same signal, other number. */
export function laterAttempt(earlier: CallContext, attempt: number): Attempt {
  return new Attempt(attempt, givenSignal(earlier), earlier);
}

/**
 * The signal of a context where somebody may abort it; undefined where nobody ever will. A policy can
 * so pay for listening only where there is something to hear.
 */
export function givenSignal(context: CallContext): AbortSignal | undefined {
  return context instanceof Attempt ? context.given : context.signal;
}

/**
 * Says that work under this context goes on although its call will return now: whoever counts what runs
 * reads it in `Attempt.zombie`. Contexts of other houses do not listen.
 */
export function leaveWork(context: CallContext, work: Promise<unknown>): void {
  const { leave } = context as { readonly leave?: unknown };
  if (typeof leave === "function") leave.call(context, work);
}
