/** One hedged call: starts its attempts, takes the first that succeeds and cuts the others short. */

import {
  type Call,
  type CallContext,
  type Cancel,
  type Clock,
  CutContext,
  KintsugiError,
} from "../base/index.ts";
import { atStart, fail, hedge, leave, mayHedge, type RaceState, succeed } from "./hedge-state.ts";

/** The reason of an attempt's signal when it is not needed any more. Nobody is thrown this. */
export class HedgeLostError extends KintsugiError {
  override readonly name = "HedgeLostError";
  readonly code = "KINTSUGI_HEDGE_LOST";
  /** 1 for the first. */
  readonly attempt: number;

  constructor(attempt: number) {
    super(`Attempt ${attempt} was cut short: another one has decided the call`);
    this.attempt = attempt;
  }
}

/** What a race asks of its policy, and tells it. */
export interface RaceCourse {
  readonly clock: Clock;
  readonly maxHedges: number;
  /** Takes what a hedge costs; false where there is too much hedging already. */
  spend(attempt: number): boolean;
  /** Whether the other attempts cannot end better either. */
  isFinal(thrown: unknown): boolean;
  hedged(attempt: number): void;
  failed(attempt: number, thrown: unknown): void;
  /** `isFirstOut` when the first attempt has not settled. */
  ended(state: RaceState, isFirstOut: boolean, startedMs: number): void;
}

export class Race<T> {
  readonly answer: Promise<T>;
  readonly #course: RaceCourse;
  readonly #call: Call<T>;
  readonly #firstNumber: number;
  readonly #outer: AbortSignal | undefined;
  readonly #startedMs: number;
  readonly #first: CutContext;
  /** Attempts from the second on; hardly any call has one. */
  #hedges: CutContext[] | undefined;
  #state: RaceState = atStart;
  #firstThrown: { readonly thrown: unknown } | undefined;
  #resolve!: (value: T) => void;
  #reject!: (thrown: unknown) => void;
  #cancel: Cancel | undefined;
  #abandon: (() => void) | undefined;

  /** @param delayMs Milliseconds between two attempts; Infinity where there is only one. */
  constructor(
    course: RaceCourse,
    call: Call<T>,
    context: CallContext,
    outer: AbortSignal | undefined,
    delayMs: number,
    startedMs: number,
  ) {
    this.#course = course;
    this.#call = call;
    this.#firstNumber = context.attempt;
    this.#outer = outer;
    this.#startedMs = startedMs;
    this.#first = new CutContext(context.attempt);
    this.answer = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (outer) this.#listen(outer);
    if (mayHedge(this.#state, course.maxHedges)) this.#arm(delayMs);
    this.#run(1, this.#first);
  }

  #listen(outer: AbortSignal): void {
    this.#abandon = () => {
      if (!this.#become(leave(this.#state))) return;
      this.#first.cut(outer.reason);
      for (const context of this.#hedges ?? []) context.cut(outer.reason);
      this.#reject(outer.reason);
    };
    outer.addEventListener("abort", this.#abandon, { once: true });
  }

  #arm(delayMs: number): void {
    if (delayMs === Infinity) return;
    this.#cancel = this.#course.clock.after(delayMs, () => this.#hedge(delayMs));
  }

  #hedge(delayMs: number): void {
    const attempt = (this.#hedges?.length ?? 0) + 2;
    if (!this.#course.spend(attempt)) return;
    this.#state = hedge(this.#state, this.#course.maxHedges);
    const context = new CutContext(this.#firstNumber + attempt - 1);
    this.#hedges ??= [];
    this.#hedges.push(context);
    this.#course.hedged(attempt);
    if (mayHedge(this.#state, this.#course.maxHedges)) this.#arm(delayMs);
    this.#run(attempt, context);
  }

  #run(attempt: number, context: CutContext): void {
    // Both stay attached: an attempt that fails when all is over is nobody's unhandled rejection.
    started(this.#call, context).then(
      (value) => this.#succeed(attempt, value),
      (thrown: unknown) => this.#fail(attempt, thrown),
    );
  }

  #succeed(attempt: number, value: T): void {
    if (!this.#become(succeed(this.#state, attempt))) return;
    if (this.#hedges) this.#cutOthers(attempt);
    this.#resolve(value);
  }

  #fail(attempt: number, thrown: unknown): void {
    if (this.#state.kind !== "racing") return;
    if (attempt === 1) this.#firstThrown = { thrown };
    const isFinal = this.#state.out > 1 && this.#course.isFinal(thrown);
    if (this.#hedges) this.#course.failed(attempt, thrown);
    if (!this.#become(fail(this.#state, attempt, isFinal))) return;
    if (isFinal) this.#cutOthers(attempt);
    this.#reject(isFinal || !this.#firstThrown ? thrown : this.#firstThrown.thrown);
  }

  #cutOthers(attempt: number): void {
    if (attempt !== 1) this.#first.cut(new HedgeLostError(1));
    this.#hedges?.forEach((context, index) => {
      if (index + 2 !== attempt) context.cut(new HedgeLostError(index + 2));
    });
  }

  /** Whether that was the end: then no timer and no listener is left. */
  #become(next: RaceState): boolean {
    if (next === this.#state) return false;
    this.#state = next;
    if (next.kind === "racing") return false;
    this.#cancel?.();
    if (this.#abandon) this.#outer?.removeEventListener("abort", this.#abandon);
    const hasWon = next.kind === "won" && next.winner === 1;
    this.#course.ended(next, !hasWon && this.#firstThrown === undefined, this.#startedMs);
    return true;
  }
}

/** What `call` throws at once is what its promise comes to. */
function started<T>(call: Call<T>, context: CallContext): Promise<T> {
  try {
    return Promise.resolve(call(context));
  } catch (thrown) {
    return Promise.reject(thrown);
  }
}
