/** Hedge: when the answer is slow to come, ask once more beside it, and take the first that comes. */

import {
  aClassifier,
  aClock,
  aFunction,
  aNumber,
  type Call,
  type CallContext,
  type Clock,
  checkOptions,
  Deadlines,
  type ErrorReporter,
  givenSignal,
  having,
  type Listener,
  type Needs,
  notify,
  numberBetween,
  type Policy,
  RejectedError,
  type Role,
  reportError,
  systemClock,
  toError,
  wholeNumber,
} from "../base/index.ts";
import { type Classifier, createClassifier } from "../classify/index.ts";
import { LatencyHistogram } from "../latency/index.ts";
import { HedgeBudget } from "./hedge-budget.ts";
import { Race, type RaceCourse } from "./hedge-race.ts";
import type { RaceState } from "./hedge-state.ts";

export interface HedgeOptions {
  /**
   * Milliseconds that an attempt may take before one more starts, 0 to 1e9; it starts late by a
   * sixty-fourth of them, or 1, at most. With a `percentile` it holds until enough calls are known.
   * @defaultValue by `percentile` alone: no hedge until then
   */
  readonly delayMs?: number;
  /**
   * The delay is what this share of the last calls took at most, 0.5 to 0.999: with 0.95, one call in
   * twenty is hedged. @defaultValue 0.95, or none where `delayMs` is given
   */
  readonly percentile?: number;
  /** Least milliseconds that a percentile can come to, 0 to 1e9. @defaultValue 1 */
  readonly minDelayMs?: number;
  /** Most milliseconds that a percentile can come to, `minDelayMs` to 1e9. @defaultValue 1e9 */
  readonly maxDelayMs?: number;
  /** Calls that a percentile is read from, 20 to 100_000. @defaultValue 1_000 */
  readonly windowCalls?: number;
  /** Attempts beside the first, 1 to 9. @defaultValue 1 */
  readonly maxHedges?: number;
  /** Bounds the share of calls that are hedged; share one between all hedges of a dependency.
   * @defaultValue one of its own: a hedge for every ten calls, ten at once */
  readonly budget?: HedgeBudget;
  /** Hears of every hedge and how it ended. @defaultValue nobody */
  readonly onHedge?: Listener<HedgeEvent>;
  /** Hears of what `onHedge` throws. @defaultValue the platform's `reportError`, or a warning */
  readonly onListenerError?: ErrorReporter;
  /** Says which failures the other attempts share. @defaultValue the tables of `@kintsugi/policy/classify` */
  readonly classifier?: Classifier;
  /** Starts the hedges, and measures. @defaultValue the system's */
  readonly clock?: Clock;
}

export const hedgeNeeds: Needs<HedgeOptions> = {
  delayMs: aNumber,
  percentile: aNumber,
  minDelayMs: aNumber,
  maxDelayMs: aNumber,
  windowCalls: aNumber,
  maxHedges: aNumber,
  budget: having("earn", "trySpend"),
  onHedge: aFunction,
  onListenerError: aFunction,
  classifier: aClassifier,
  clock: aClock,
};

/** `attempt` counts within the call: 2 is the first hedge. */
export type HedgeEvent = Readonly<
  | { kind: "started"; attempt: number }
  /** The budget is spent. */
  | { kind: "refused"; attempt: number }
  /** One of several attempts failed. */
  | { kind: "failed"; attempt: number; error: Error }
  /** A hedge was sooner than the attempts before it. */
  | { kind: "won"; attempt: number }
>;

/** Counted since the policy was made. */
export interface HedgeStats {
  readonly calls: number;
  readonly hedges: number;
  /** Calls that a hedge has answered. */
  readonly won: number;
  /** Calls that failed with all their attempts. */
  readonly failed: number;
  /** Calls that their caller left. */
  readonly left: number;
  /** Hedges that the budget refused. */
  readonly refused: number;
  /** Milliseconds before a hedge starts now; Infinity while too few calls are known. */
  readonly delayMs: number;
}

/** From so many calls on, a percentile means something. */
const ENOUGH_CALLS = 20;

/**
 * Sources: J. Dean and L. A. Barroso, "The Tail at Scale" (Communications of the ACM 56, 2013): a second
 * request after the 95th percentile; gRPC's proposal A6, "Hedging Policy", for the budget.
 *
 * Only for calls that may be made twice: reads, and writes with an idempotency key. The attempts that
 * lose are bidden stop by their signal, which says nothing about what they have done by then.
 *
 * @example
 * const hedge = new Hedge({ percentile: 0.95 });
 * const page = await hedge.execute(({ signal }) => fetch(url, { signal }));
 */
export class Hedge implements Policy {
  readonly #course: RaceCourse;
  readonly #clock: Clock;
  readonly #delayMs: number;
  readonly #minDelayMs: number;
  readonly #maxDelayMs: number;
  readonly #latencies: LatencyHistogram | undefined;
  readonly #budget: HedgeBudget;
  readonly #classifier: Classifier;
  readonly #onHedge: Listener<HedgeEvent> | undefined;
  readonly #onListenerError: ErrorReporter;
  #deadlines: Deadlines | undefined = undefined;
  #deadlinesMs = -1;
  readonly #counts = { calls: 0, hedges: 0, won: 0, failed: 0, left: 0, refused: 0 };

  /** @throws {@link RangeError} when an option is out of its range. */
  constructor(options: HedgeOptions = {}) {
    checkOptions("Hedge", options, hedgeNeeds);
    const share = options.percentile ?? (options.delayMs === undefined ? 0.95 : undefined);
    const windowCalls = numberBetween("windowCalls", options.windowCalls ?? 1_000, 20, 100_000);
    this.#delayMs =
      options.delayMs === undefined ? Infinity : numberBetween("delayMs", options.delayMs, 0, 1e9);
    this.#minDelayMs = numberBetween("minDelayMs", options.minDelayMs ?? 1, 0, 1e9);
    const maxDelayMs = options.maxDelayMs ?? 1e9;
    this.#maxDelayMs = numberBetween("maxDelayMs", maxDelayMs, this.#minDelayMs, 1e9);
    this.#latencies =
      share === undefined
        ? undefined
        : new LatencyHistogram(windowCalls, numberBetween("percentile", share, 0.5, 0.999));
    this.#budget = options.budget ?? new HedgeBudget();
    this.#onHedge = options.onHedge;
    this.#onListenerError = options.onListenerError ?? reportError;
    this.#clock = options.clock ?? systemClock;
    this.#classifier = options.classifier ?? createClassifier();
    const maxHedges = wholeNumber("maxHedges", options.maxHedges ?? 1, 1);
    this.#course = this.#courseOf(numberBetween("maxHedges", maxHedges, 1, 9));
  }

  get role(): Role {
    const startsAfterMs = this.#latencies ? 0 : this.#delayMs;
    return { kind: "hedge", state: this, startsAfterMs };
  }

  stats(): HedgeStats {
    return { ...this.#counts, delayMs: this.#currentDelayMs() };
  }

  /**
   * Makes the call, and makes it again beside itself while it is slow. The first success counts; an
   * attempt that fails leaves the others at work, unless its error's class says that they must fail too.
   * An abort ends all attempts and the wait at once. Each attempt has its own signal; it is never
   * aborted for the one that won, so that a body can be read.
   *
   * @throws what the first attempt threw when all have failed; what the others threw is told to
   * `onHedge`. What a call is thrown does not depend on whether it was hedged.
   */
  execute<T>(call: Call<T>, signal?: AbortSignal): Promise<T> {
    return this.#race(call, 1, signal, undefined);
  }

  within<T>(call: Call<T>, context: CallContext): Promise<T> {
    return this.#race(call, context.attempt, givenSignal(context), context);
  }

  #race<T>(
    call: Call<T>,
    attempt: number,
    parent: AbortSignal | undefined,
    outer: CallContext | undefined,
  ): Promise<T> {
    if (parent?.aborted) return Promise.reject(parent.reason);
    this.#counts.calls += 1;
    this.#budget.earn();
    const startedMs = this.#latencies ? this.#clock.monotonicMs() : 0;
    const race = new Race(this.#course, call, attempt, parent, outer);
    race.startedMs = startedMs;
    return race.run(this.#deadlinesNow());
  }

  /** A new list for a new delay; races under the old one end there. */
  #deadlinesNow(): Deadlines | undefined {
    const delayMs = this.#currentDelayMs();
    if (delayMs === Infinity) return undefined;
    if (!this.#deadlines || this.#deadlinesMs !== delayMs) {
      this.#deadlinesMs = delayMs;
      this.#deadlines = new Deadlines(delayMs, this.#clock);
    }
    return this.#deadlines;
  }

  #currentDelayMs(): number {
    const latencies = this.#latencies;
    if (!latencies || latencies.count < ENOUGH_CALLS) return this.#delayMs;
    return Math.min(this.#maxDelayMs, Math.max(this.#minDelayMs, latencies.percentileMs()));
  }

  #courseOf(maxHedges: number): RaceCourse {
    return {
      maxHedges,
      spend: (attempt) => {
        const isAllowed = this.#budget.trySpend();
        if (!isAllowed) this.#counts.refused += 1;
        if (!isAllowed) this.#tell({ kind: "refused", attempt });
        return isAllowed;
      },
      // Refused is not failed: another attempt may be let in, or is at work already.
      isFinal: (thrown) =>
        !(thrown instanceof RejectedError) && !this.#classifier.classify(thrown).retryable,
      hedged: (attempt) => {
        this.#counts.hedges += 1;
        this.#tell({ kind: "started", attempt });
      },
      failed: (attempt, thrown) => this.#tell({ kind: "failed", attempt, error: toError(thrown) }),
      ended: (state, hasFirstFailed, startedMs) => this.#ended(state, hasFirstFailed, startedMs),
    };
  }

  /**
   * The first attempt alone is measured. Where a hedge has won, how long the first would have taken is
   * not known, only that it is longer: so it counts with its time until then. Left out, the slow calls
   * would vanish from the window, and the delay sink with every hedge.
   */
  #ended(state: RaceState, hasFirstFailed: boolean, startedMs: number): void {
    if (state.kind === "failed") this.#counts.failed += 1;
    if (state.kind === "left") this.#counts.left += 1;
    if (state.kind !== "won") return;
    if (!hasFirstFailed) this.#latencies?.add(this.#clock.monotonicMs() - startedMs);
    if (state.winner === 1) return;
    this.#counts.won += 1;
    this.#tell({ kind: "won", attempt: state.winner });
  }

  #tell(event: HedgeEvent): void {
    if (this.#onHedge) notify(this.#onHedge, event, this.#onListenerError);
  }
}
