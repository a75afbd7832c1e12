/** What is known of the requests of each route; routes that are too many share one row. */

import { type Cancel, type Clock, Listeners } from "../base/index.ts";
import { LatencyHistogram } from "../latency/index.ts";
import {
  afterError,
  asOf,
  type BurstRules,
  type BurstState,
  calm,
  calmAtMs,
} from "./burst-state.ts";

/**
 * How a request ended: answered; with an error of the server; too late for its deadline; or its client had
 * left.
 */
export type RequestOutcome = "answered" | "error" | "timed-out" | "left";

/** Measures of a server: told to who listens, never stored. */
export type RouteEvent =
  | {
      readonly kind: "request-ended";
      readonly route: string;
      /** 499 where the client left before there was one. */
      readonly status: number;
      readonly durationMs: number;
      readonly outcome: RequestOutcome;
    }
  | {
      readonly kind: "request-shed";
      readonly route: string;
      /** What the client was told to wait. */
      readonly retryAfterMs: number;
    }
  | {
      readonly kind: "burst-began";
      readonly route: string;
      /** So many within the window. */
      readonly errors: number;
      readonly windowMs: number;
    }
  | { readonly kind: "burst-ended"; readonly route: string; readonly lastedMs: number };

/** One route, as counted since the watch was made; percentiles are of its last requests. */
export interface RouteStats {
  /** `"GET /orders/:id"`, `"GET unmatched"`, or `"other"` for all beyond `maxRoutes`. */
  readonly route: string;
  /** Requests that have ended, those that were shed not among them. */
  readonly requests: number;
  /** Requests that ended with an error of the server, those with `timeouts` among them. */
  readonly errors: number;
  readonly timeouts: number;
  /** Requests that were turned away before their handler ran. */
  readonly shed: number;
  /** Requests whose client left first. */
  readonly left: number;
  /** Milliseconds that 50, 95 and 99 % of the requests took at most; 0 where none has ended. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** Errors within the window of the rule for bursts, at most as many as make one. */
  readonly recentErrors: number;
  /** Whether errors come in a burst now. */
  readonly isBursting: boolean;
}

export interface FigureRules {
  readonly maxRoutes: number;
  readonly windowRequests: number;
  readonly burst: BurstRules;
  readonly clock: Clock;
}

/** The row of all routes beyond the limit. */
const OTHER = "other";

interface Row {
  readonly route: string;
  readonly counts: {
    requests: number;
    errors: number;
    timeouts: number;
    shed: number;
    left: number;
  };
  readonly latencies: LatencyHistogram;
  burst: BurstState;
  cancel: Cancel | undefined;
}

export class RouteFigures implements Disposable {
  readonly events: Listeners<RouteEvent> = new Listeners();
  readonly #rules: FigureRules;
  readonly #rows = new Map<string, Row>();
  #isDisposed = false;

  constructor(rules: FigureRules) {
    this.#rules = rules;
  }

  ended(route: string, status: number, durationMs: number, outcome: RequestOutcome): void {
    const row = this.#row(route);
    row.counts.requests += 1;
    if (outcome === "left") row.counts.left += 1;
    // How long a client had patience says nothing about the server.
    else row.latencies.add(durationMs);
    if (outcome === "timed-out") row.counts.timeouts += 1;
    if (this.events.isHeard) {
      this.events.tell({ kind: "request-ended", route: row.route, status, durationMs, outcome });
    }
    if (outcome === "error" || outcome === "timed-out") this.#error(row);
  }

  shed(route: string, retryAfterMs: number): void {
    const row = this.#row(route);
    row.counts.shed += 1;
    if (!this.events.isHeard) return;
    this.events.tell({ kind: "request-shed", route: row.route, retryAfterMs });
  }

  stats(): readonly RouteStats[] {
    const nowMs = this.#rules.clock.monotonicMs();
    return [...this.#rows.values()].map((row) => {
      this.#look(row, nowMs);
      const { route, counts, latencies, burst } = row;
      return {
        route,
        ...counts,
        p50Ms: latencies.shareMs(0.5),
        p95Ms: latencies.shareMs(0.95),
        p99Ms: latencies.shareMs(0.99),
        recentErrors: burst.errorsMs.length,
        isBursting: burst.kind === "burst",
      };
    });
  }

  /** Sets no timer any more, and stops those that are set. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    for (const row of this.#rows.values()) row.cancel?.();
  }

  #row(route: string): Row {
    const known = this.#rows.get(route);
    if (known) return known;
    // One place is kept for all the rest.
    if (route !== OTHER && this.#rows.size >= this.#rules.maxRoutes) return this.#row(OTHER);
    const row: Row = {
      route,
      counts: { requests: 0, errors: 0, timeouts: 0, shed: 0, left: 0 },
      latencies: new LatencyHistogram(this.#rules.windowRequests, 0.5),
      burst: calm,
      cancel: undefined,
    };
    this.#rows.set(route, row);
    return row;
  }

  #error(row: Row): void {
    row.counts.errors += 1;
    const { burst: rules, clock } = this.#rules;
    const nowMs = clock.monotonicMs();
    this.#look(row, nowMs);
    const before = row.burst;
    row.burst = afterError(before, rules, nowMs);
    if (before.kind === "burst" || row.burst.kind === "calm") return;
    if (this.events.isHeard) this.events.tell({ kind: "burst-began", route: row.route, ...rules });
    this.#wake(row, nowMs);
  }

  /** Ends a burst whose time has come; a timer sees to it where no request does. */
  #look(row: Row, nowMs: number): void {
    const before = row.burst;
    row.burst = asOf(before, this.#rules.burst, nowMs);
    if (before.kind === "calm" || row.burst.kind === "burst") return;
    row.cancel?.();
    row.cancel = undefined;
    if (!this.events.isHeard) return;
    const lastedMs = nowMs - before.sinceMs;
    this.events.tell({ kind: "burst-ended", route: row.route, lastedMs });
  }

  #wake(row: Row, nowMs: number): void {
    if (this.#isDisposed) return;
    const { burst, clock } = this.#rules;
    const waitMs = Math.max(1, Math.ceil(calmAtMs(row.burst, burst) - nowMs));
    row.cancel = clock.after(waitMs, () => {
      const laterMs = clock.monotonicMs();
      this.#look(row, laterMs);
      if (row.burst.kind === "burst") this.#wake(row, laterMs);
    });
  }
}
