/** One hedged call: starts its attempts, takes the first that succeeds and cuts the others short. */

import {
  type AbortLink,
  type Call,
  type CallContext,
  type Child,
  CutContext,
  type Deadline,
  type Deadlines,
  hearAbort,
  KintsugiError,
  leaveWork,
  UNLISTED,
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
  readonly maxHedges: number;
  /** Takes what a hedge costs; false where there is too much hedging already. */
  spend(attempt: number): boolean;
  /** Whether the other attempts cannot end better either. */
  isFinal(thrown: unknown): boolean;
  hedged(attempt: number): void;
  failed(attempt: number, thrown: unknown): void;
  /** `hasFirstFailed` when the first attempt has settled, and not won. */
  ended(state: RaceState, hasFirstFailed: boolean, startedMs: number): void;
}

/** An attempt beside the first, and what settles with it. */
interface Beside {
  readonly context: CutContext;
  readonly over: Promise<void>;
}

/** It is the first attempt as well, and its node in the deadlines. */
export class Race<T> extends CutContext implements Deadline, Child {
  dueMs: number = UNLISTED;
  earlier: Deadline | undefined = undefined;
  later: Deadline | undefined = undefined;
  readonly #course: RaceCourse;
  readonly #call: Call<T>;
  readonly #around: CallContext | undefined;
  #deadlines: Deadlines | undefined = undefined;
  #link: AbortLink | undefined = undefined;
  /** Hardly any call has one. */
  #hedges: Beside[] | undefined = undefined;
  #state: RaceState = atStart;
  #over: Promise<void> | undefined = undefined;
  #firstThrown: { readonly thrown: unknown } | undefined = undefined;
  #resolve!: (value: T) => void;
  #reject!: (thrown: unknown) => void;

  constructor(
    course: RaceCourse,
    call: Call<T>,
    attempt: number,
    parent: AbortSignal | undefined,
    outer: CallContext | undefined,
  ) {
    super(attempt, parent, outer);
    this.#course = course;
    this.#call = call;
    this.#around = outer;
  }

  /** @param deadlines When hedges start; undefined where none does. */
  run(deadlines: Deadlines | undefined): Promise<T> {
    const answer = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (this.parent) this.#link = hearAbort(this.parent, this);
    this.#deadlines = deadlines;
    deadlines?.add(this);
    this.#over = this.#start(1, this);
    return answer;
  }

  /** It is slow: one more attempt starts. */
  expire(): void {
    const attempt = (this.#hedges?.length ?? 0) + 2;
    if (!this.#course.spend(attempt)) return;
    this.#state = hedge(this.#state, this.#course.maxHedges);
    const context = new CutContext(this.attempt + attempt - 1, this.parent, this.#around);
    this.#course.hedged(attempt);
    if (mayHedge(this.#state, this.#course.maxHedges)) this.#deadlines?.add(this);
    this.#hedges ??= [];
    this.#hedges.push({ context, over: this.#start(attempt, context) });
  }

  /** The caller has left. */
  forsake(reason: unknown): void {
    if (!this.#become(leave(this.#state))) return;
    this.#leaveWork();
    this.cut(reason);
    for (const { context } of this.#hedges ?? []) context.cut(reason);
    this.#reject(reason);
  }

  /** Both stay attached: an attempt that fails when all is over is nobody's unhandled rejection. */
  #start(attempt: number, context: CutContext): Promise<void> {
    return promised(this.#call, context).then(
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
    this.#leaveWork();
    if (attempt !== 1) this.cut(new HedgeLostError(1));
    this.#hedges?.forEach(({ context }, index) => {
      if (index + 2 !== attempt) context.cut(new HedgeLostError(index + 2));
    });
  }

  /** Whoever counts what runs must know of all attempts that go on; those that have ended hold up nobody. */
  #leaveWork(): void {
    if (!this.#around) return;
    const works = [this.#over, ...(this.#hedges ?? []).map(({ over }) => over)];
    leaveWork(this.#around, Promise.all(works));
  }

  /** Whether that was the end: then it is in no list any more. */
  #become(next: RaceState): boolean {
    if (next === this.#state) return false;
    this.#state = next;
    if (next.kind === "racing") return false;
    this.#deadlines?.remove(this);
    this.#link?.leave();
    this.#course.ended(next, this.#firstThrown !== undefined, this.startedMs);
    return true;
  }
}

/** What `call` throws at once is what its promise comes to. */
function promised<T>(call: Call<T>, context: CallContext): Promise<T> {
  try {
    return Promise.resolve(call(context));
  } catch (thrown) {
    return Promise.reject(thrown);
  }
}
