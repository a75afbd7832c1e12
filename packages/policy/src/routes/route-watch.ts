/** Watches the requests of a server by their routes: figures, deadlines, load that is shed. */

import {
  aClock,
  aFunction,
  aNumber,
  anObject,
  backgroundClock,
  type Cancel,
  type Clock,
  checkOptions,
  firstAttempt,
  type Guard,
  having,
  type Listener,
  MUST_WAIT,
  mustBe,
  type Need,
  type Needs,
  numberBetween,
  RejectedError,
  systemClock,
  wholeNumber,
} from "../base/index.ts";
import type { BurstRules } from "./burst-state.ts";
import { type RouteEvent, RouteFigures, type RouteStats } from "./route-figures.ts";
import { type Arrival, type BusyAnswer, busyAnswer, Visit, type VisitRules } from "./visit.ts";

export interface RouteWatchOptions {
  /**
   * Milliseconds, above 0, in which a request must begin to be answered; else it gets 503, and its signal
   * is aborted. @defaultValue no limit
   */
  readonly timeoutMs?: number;
  /** The same by route, as `"GET /export"`; Infinity for one that has no limit. @defaultValue none */
  readonly timeouts?: Readonly<Record<string, number>>;
  /**
   * Lets requests in or turns them away with 503 before their handler runs: a `Bulkhead` or an
   * `AdaptiveLimiter`. @defaultValue all are let in
   */
  readonly limit?: Guard;
  /**
   * What a 503 asks its client to wait where nothing else says it, in milliseconds from 0; told in whole
   * seconds, at least one. @defaultValue 1_000
   */
  readonly retryAfterMs?: number;
  /** When errors are a burst. @defaultValue 10 errors in 60_000 ms */
  readonly errorBurst?: {
    /** A whole number from 1 to 1,000. @defaultValue 10 */
    readonly errors?: number;
    /** Milliseconds, above 0. @defaultValue 60_000 */
    readonly windowMs?: number;
  };
  /** Which statuses are errors of the server. @defaultValue 500 and above */
  readonly isError?: (status: number) => boolean;
  /** Routes with figures of their own, a whole number from 1; the rest share one row. @defaultValue 200 */
  readonly maxRoutes?: number;
  /** Requests of a route whose times are remembered, a whole number from 1. @defaultValue 1_000 */
  readonly windowRequests?: number;
  readonly onEvent?: Listener<RouteEvent>;
  readonly clock?: Clock;
}

/** How a guard is told from anything else. */
const aGuard: Need = {
  words: "a Bulkhead, an AdaptiveLimiter or another guard",
  fits: having("tryAdmit", "refusal", "settle").fits,
};

const needs: Needs<RouteWatchOptions> = {
  timeoutMs: aNumber,
  timeouts: anObject,
  limit: aGuard,
  retryAfterMs: aNumber,
  errorBurst: anObject,
  isError: aFunction,
  maxRoutes: aNumber,
  windowRequests: aNumber,
  onEvent: aFunction,
  clock: aClock,
};

const burstNeeds: Needs<NonNullable<RouteWatchOptions["errorBurst"]>> = {
  errors: aNumber,
  windowMs: aNumber,
};

const aWatch: Need = having("enter", "leave");

/**
 * For adapters: refuses what watches nothing, and options that are none.
 *
 * @throws {@link RangeError} naming what is wrong.
 */
export function checkWatch(watch: unknown, options: unknown): void {
  mustBe("The watch of watchRoutes()", watch, aWatch);
  checkOptions("watchRoutes()", options, { routeOf: aFunction });
}

/** How a request is let in, or why it is not. */
export type Entry =
  | { readonly kind: "let-in"; readonly visit: Visit }
  | { readonly kind: "turned-away"; readonly answer: BusyAnswer };

/**
 * One for a server, or for each part of it that has limits of its own. Its memory is bounded, whatever
 * addresses are asked for.
 *
 * @example
 * const watch = new RouteWatch({ timeoutMs: 10_000, limit: new AdaptiveLimiter({ name: "http" }) });
 * watch.onEvent((event) => event.kind === "burst-began" && page(event.route));
 * const slow = watch.stats().filter(({ p95Ms }) => p95Ms > 1_000);
 */
export class RouteWatch implements Disposable {
  readonly #figures: RouteFigures;
  readonly #limit: Guard | undefined;
  readonly #rules: VisitRules;
  readonly #retryAfterMs: number;
  readonly #visits = new WeakMap<object, Visit>();

  /** @throws {@link RangeError} when an option is out of its range. */
  constructor(options: RouteWatchOptions = {}) {
    checkOptions("RouteWatch", options, needs);
    const { timeoutMs, timeouts = {}, errorBurst = {}, clock = systemClock } = options;
    for (const [route, ms] of Object.entries(timeouts)) {
      numberBetween(`timeouts["${route}"]`, ms, Number.MIN_VALUE, Infinity);
    }
    this.#figures = new RouteFigures({
      maxRoutes: wholeNumber("maxRoutes", options.maxRoutes ?? 200, 1),
      windowRequests: wholeNumber("windowRequests", options.windowRequests ?? 1_000, 1),
      burst: burstOf(errorBurst),
      clock: options.clock ?? backgroundClock, // Nobody waits for the end of a burst.
    });
    this.#limit = options.limit;
    this.#retryAfterMs = numberBetween("retryAfterMs", options.retryAfterMs ?? 1_000, 0, 1e12);
    this.#rules = {
      clock,
      figures: this.#figures,
      limit: options.limit,
      timeoutMs: numberBetween("timeoutMs", timeoutMs ?? Infinity, Number.MIN_VALUE, Infinity),
      timeouts: new Map(Object.entries(timeouts)),
      retryAfterMs: this.#retryAfterMs,
      isError: options.isError ?? ((status) => status >= 500),
    };
    if (options.onEvent) this.#figures.events.add(options.onEvent);
  }

  /** Adds a listener; returns what removes it. */
  onEvent(listener: Listener<RouteEvent>): Cancel {
    return this.#figures.events.add(listener);
  }

  /** Routes in the order in which they were first asked for. */
  stats(): readonly RouteStats[] {
    return this.#figures.stats();
  }

  /**
   * The signal of a request that is on its way, by what its handler was given: aborted when its deadline
   * is over or its client has left. One that never aborts where the request is not watched.
   */
  signalOf(request: object): AbortSignal {
    return this.#visits.get(request)?.signal ?? new AbortController().signal;
  }

  /** For adapters: a request has come. Where its limit has a queue, the entry has to be waited for. */
  enter(arrival: Arrival): Entry | Promise<Entry> {
    const limit = this.#limit;
    const visit = new Visit(arrival, this.#rules);
    this.#visits.set(arrival.request, visit);
    const attempt = firstAttempt(undefined);
    if (!limit) return this.#letIn(visit);
    const permit = limit.tryAdmit(attempt);
    if (permit >= 0) {
      visit.admitted(attempt, permit);
      return this.#letIn(visit);
    }
    if (permit !== MUST_WAIT || !limit.waitFor)
      return this.#turnAway(arrival, limit.refusal(attempt));
    const waiting = firstAttempt(visit.signal);
    return limit.waitFor(waiting).then(
      (late) => {
        visit.admitted(waiting, late);
        return this.#letIn(visit);
      },
      // One who has left the queue was not turned away, and hears no answer.
      (refusal) => (visit.isOver ? goneAway() : this.#turnAway(arrival, refusal)),
    );
  }

  /** For adapters: the client has left, also out of the queue. Harmless when the request is over. */
  leave(request: object): void {
    this.#visits.get(request)?.left();
  }

  /** Stops the timers of bursts that go on. What is on its way stays watched. */
  [Symbol.dispose](): void {
    this.#figures[Symbol.dispose]();
  }

  #letIn(visit: Visit): Entry {
    visit.begin();
    return { kind: "let-in", visit };
  }

  #turnAway({ route, unmatched }: Arrival, refusal: unknown): Entry {
    const told = refusal instanceof RejectedError ? refusal.retryAfterMs : 0;
    const retryAfterMs = told > 0 ? told : this.#retryAfterMs;
    this.#figures.shed(route() ?? unmatched, retryAfterMs);
    return { kind: "turned-away", answer: busyAnswer("The server is busy", retryAfterMs) };
  }
}

const goneAway = (): Entry => ({
  kind: "turned-away",
  answer: busyAnswer("The client has left", 0),
});

function burstOf(burst: NonNullable<RouteWatchOptions["errorBurst"]>): BurstRules {
  checkOptions("errorBurst", burst, burstNeeds, "errorBurst.");
  const { errors = 10, windowMs = 60_000 } = burst;
  wholeNumber("errorBurst.errors", errors, 1);
  return {
    errors: numberBetween("errorBurst.errors", errors, 1, 1_000),
    windowMs: numberBetween("errorBurst.windowMs", windowMs, Number.MIN_VALUE, 1e12),
  };
}
