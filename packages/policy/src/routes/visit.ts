/** One request on its way through a server. */

import type { Attempt, Cancel, Clock, Guard, Verdict } from "../base/index.ts";
import { KintsugiError } from "../base/index.ts";
import { TimeoutError } from "../timeout/index.ts";
import type { RouteFigures } from "./route-figures.ts";

/** What an adapter knows of a request. */
export interface Arrival {
  /** What handlers are given, and ask for the signal with. */
  readonly request: object;
  /** `"GET /orders/:id"`; undefined as long as it is not known. */
  readonly route: () => string | undefined;
  /** Stands for the route where none fits, as `"GET unmatched"`. */
  readonly unmatched: string;
  /** Whether the answer has begun: then no deadline counts any more. */
  readonly hasBegun: () => boolean;
}

/** What a client gets whose request is not served. */
export interface BusyAnswer {
  readonly status: 503;
  readonly headers: Readonly<Record<"retry-after" | "content-type", string>>;
  /** JSON. */
  readonly body: string;
}

export interface VisitRules {
  readonly clock: Clock;
  readonly figures: RouteFigures;
  readonly limit: Guard | undefined;
  readonly timeoutMs: number;
  readonly timeouts: ReadonlyMap<string, number>;
  readonly retryAfterMs: number;
  readonly isError: (status: number) => boolean;
}

/** Why a signal is aborted whose client has left. */
export class ClientLeftError extends KintsugiError {
  /** As the platform's own. */
  override readonly name = "AbortError";
  readonly code = "KINTSUGI_CLIENT_LEFT";

  constructor() {
    super("The client has left");
  }
}

/** As nginx notes it: nobody is there to see a status. */
const LEFT = 499;

const failed: Verdict = { outcome: "failure", retryable: true };
const ignored: Verdict = { outcome: "ignore", retryable: false };

export class Visit {
  readonly #arrival: Arrival;
  readonly #rules: VisitRules;
  readonly #controller = new AbortController();
  readonly #startedMs: number;
  #attempt: Attempt | undefined;
  #permit = -1;
  #cancel: Cancel | undefined;
  #onTimeUp: ((answer: BusyAnswer) => void) | undefined;
  #work: Promise<unknown> | undefined;
  #isOver = false;

  constructor(arrival: Arrival, rules: VisitRules) {
    this.#arrival = arrival;
    this.#rules = rules;
    this.#startedMs = rules.clock.monotonicMs();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  admitted(attempt: Attempt, permit: number): void {
    this.#attempt = attempt;
    this.#permit = permit;
    // Its client left between the permit and here.
    if (this.#isOver) this.#rules.limit?.settle(permit, attempt, ignored, LEFT);
  }

  /** Its time runs: until the answer begins, from when the request came. */
  begin(): void {
    this.#wake(this.#limitMs());
  }

  /** `answer` is to be given in place of the handler's. */
  whenTimeIsUp(answer: (busy: BusyAnswer) => void): void {
    this.#onTimeUp = answer;
  }

  /** What goes on when the time is up: it keeps its place until it has ended. */
  runs(work: Promise<unknown>): void {
    this.#work = work;
  }

  /** It was answered. Harmless when it is over already. */
  end(status: number): void {
    const isError = this.#rules.isError(status);
    this.#close(status, isError ? "error" : "answered", isError ? failed : undefined);
  }

  /** Its client has left, or left the queue. Harmless when it is over already. */
  left(): void {
    if (this.#isOver) return;
    this.#close(LEFT, "left", ignored);
    this.#controller.abort(new ClientLeftError());
  }

  /** Where the route is not known yet, the shortest of all limits: by then it is. */
  #limitMs(): number {
    const { timeoutMs, timeouts } = this.#rules;
    const route = this.#arrival.route();
    if (route !== undefined) return timeouts.get(route) ?? timeoutMs;
    return Math.min(timeoutMs, ...timeouts.values());
  }

  #wake(limitMs: number): void {
    if (this.#isOver || limitMs === Infinity) return;
    const { clock } = this.#rules;
    const leftMs = limitMs - (clock.monotonicMs() - this.#startedMs);
    this.#cancel = clock.after(Math.max(0, Math.ceil(leftMs)), () => {
      if (this.#arrival.hasBegun()) return;
      const { timeouts, timeoutMs } = this.#rules;
      const full = timeouts.get(this.#arrival.route() ?? "") ?? timeoutMs;
      if (full > limitMs) this.#wake(full);
      else this.#timeUp(full);
    });
  }

  #timeUp(limitMs: number): void {
    const route = this.#name();
    if (this.#work) this.#attempt?.leave(this.#work);
    this.#close(503, "timed-out", failed);
    this.#controller.abort(new TimeoutError(limitMs, route));
    this.#onTimeUp?.(busyAnswer("The request took too long", this.#rules.retryAfterMs));
  }

  #close(
    status: number,
    outcome: Parameters<RouteFigures["ended"]>[3],
    verdict: Verdict | undefined,
  ): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancel?.();
    const { clock, figures, limit } = this.#rules;
    if (this.#attempt) limit?.settle(this.#permit, this.#attempt, verdict, status);
    figures.ended(this.#name(), status, clock.monotonicMs() - this.#startedMs, outcome);
  }

  #name(): string {
    return this.#arrival.route() ?? this.#arrival.unmatched;
  }
}

export function busyAnswer(error: string, retryAfterMs: number): BusyAnswer {
  return {
    status: 503,
    headers: {
      "retry-after": String(Math.max(1, Math.ceil(retryAfterMs / 1_000))),
      "content-type": "application/json",
    },
    body: JSON.stringify({ error }),
  };
}
