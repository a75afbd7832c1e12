/** The guards of a name: one of each, however many executors pass them, and whatever is configured. */

import { AdaptiveLimiter, type AdaptiveLimiterStats } from "../adaptive-limit/index.ts";
import { type Clock, optionsIn, type Policy, type Random } from "../base/index.ts";
import { Bulkhead, type BulkheadStats, placeNeeds } from "../bulkhead/index.ts";
import {
  CircuitBreaker,
  type CircuitBreakerOptions,
  type CircuitStats,
  thresholdNeeds,
} from "../circuit-breaker/index.ts";
import type { Classifier } from "../classify/index.ts";
import {
  type RateClaim,
  RateLimiter,
  type RateLimiterStats,
  rateNeeds,
} from "../rate-limit/index.ts";
import type { CallPolicies } from "./settings.ts";

/** What those of an executor are made with, where they are not there yet. */
export interface GuardSources {
  readonly clock?: Clock;
  readonly random?: Random;
  readonly classifier?: Classifier;
}

export interface GuardStats {
  readonly circuitBreaker?: CircuitStats;
  readonly rateLimit?: RateLimiterStats;
  readonly bulkhead?: BulkheadStats;
  readonly adaptiveLimit?: AdaptiveLimiterStats;
}

export class Guards {
  readonly #name: string;
  readonly #onTransition: CircuitBreakerOptions["onTransition"];
  #circuit: CircuitBreaker<unknown> | undefined;
  /** A circuit that somebody made by hand keeps the thresholds that it was given. */
  #isByHand = false;
  #limiter: RateLimiter | undefined;
  #bulkhead: Bulkhead | undefined;
  #adaptive: AdaptiveLimiter | undefined;
  /** What the circuit does while its executors have policies; undefined then. */
  #modeBefore: CircuitStats["mode"] | undefined;

  constructor(name: string, onTransition: CircuitBreakerOptions["onTransition"]) {
    this.#name = name;
    this.#onTransition = onTransition;
  }

  get circuit(): CircuitBreaker<unknown> | undefined {
    return this.#circuit;
  }

  stats(): GuardStats {
    return {
      ...(this.#circuit && { circuitBreaker: this.#circuit.stats() }),
      ...(this.#limiter && { rateLimit: this.#limiter.stats() }),
      ...(this.#bulkhead && { bulkhead: this.#bulkhead.stats() }),
      ...(this.#adaptive && { adaptiveLimit: this.#adaptive.stats() }),
    };
  }

  /**
   * Those of the policies in their order, as they are wanted now. The circuit is the only one that may
   * refuse what is usable by itself, so it comes first: where it does, nothing has changed.
   */
  row(policies: CallPolicies, sources: GuardSources, claim: RateClaim | undefined): Policy[] {
    const { circuitBreaker, rateLimit, bulkhead, adaptiveLimit } = policies;
    const row: Policy[] = [];
    if (circuitBreaker) row.push(this.#breaker(circuitBreaker, sources).strict);
    if (rateLimit) {
      const limiter = this.#rateLimiter(rateLimit, sources);
      row.push(claim ? limiter.with(claim) : limiter);
    }
    if (bulkhead) {
      const places = this.#places(bulkhead, sources);
      row.push(claim ? places.with(claim) : places);
    }
    if (adaptiveLimit) row.push(this.#limit(adaptiveLimit, sources));
    return row;
  }

  /** What stays when all policies are taken away: that somebody holds the circuit open. */
  rowWhenOff(): Policy[] {
    return this.#circuit ? [this.#circuit.strict] : [];
  }

  /**
   * Those that are there already follow at once, for the sake of who waits; what is not usable by itself
   * has been refused before. The circuit comes first, as in {@link Guards.row}.
   */
  configure({ circuitBreaker, rateLimit, bulkhead }: CallPolicies): void {
    if (circuitBreaker) this.#limitCircuit(circuitBreaker);
    if (rateLimit) this.#limiter?.configure(optionsIn(rateLimit, rateNeeds));
    if (bulkhead) this.#bulkhead?.configure(optionsIn(bulkhead, placeNeeds));
  }

  /** The circuit as somebody wants it who has no executor. */
  circuitByHand<F>(options: CircuitBreakerOptions<F>): CircuitBreaker<unknown> {
    if (this.#circuit) return this.#circuit;
    this.#isByHand = true;
    return this.#makeCircuit(options);
  }

  /** While they are off, the circuit neither refuses nor learns; then it is as it was. */
  turn(isOn: boolean): void {
    if (!isOn) this.#modeBefore ??= this.#circuit?.stats().mode ?? "normal";
    const mode = isOn ? this.#modeBefore : "disabled";
    if (isOn) this.#modeBefore = undefined;
    if (mode) this.#circuit?.configure({ mode });
  }

  #breaker(
    thresholds: NonNullable<CallPolicies["circuitBreaker"]>,
    sources: GuardSources,
  ): CircuitBreaker<unknown> {
    if (!this.#circuit) {
      return this.#makeCircuit({ ...withoutChance(sources), ...thresholds, name: this.#name });
    }
    if (!this.#isByHand) this.#limitCircuit(thresholds);
    return this.#circuit;
  }

  #makeCircuit<F>(options: CircuitBreakerOptions<F>): CircuitBreaker<unknown> {
    const { onTransition } = options;
    const isOff = this.#modeBefore !== undefined;
    if (isOff) this.#modeBefore = options.mode ?? "normal";
    this.#circuit = new CircuitBreaker<unknown>({
      ...options,
      ...(isOff && { mode: "disabled" }),
      onTransition: (transition) => {
        this.#onTransition?.(transition);
        return onTransition?.(transition);
      },
    });
    return this.#circuit;
  }

  #limitCircuit(options: NonNullable<CallPolicies["circuitBreaker"]>): void {
    const thresholds = optionsIn(options, thresholdNeeds);
    if (this.#modeBefore === undefined) this.#circuit?.configure(thresholds);
    else {
      this.#circuit?.configure({ ...thresholds, mode: "disabled" });
      this.#modeBefore = thresholds.mode ?? this.#modeBefore;
    }
  }

  #rateLimiter(
    options: NonNullable<CallPolicies["rateLimit"]>,
    sources: GuardSources,
  ): RateLimiter {
    if (this.#limiter) this.#limiter.configure(optionsIn(options, rateNeeds));
    this.#limiter ??= new RateLimiter({ ...withoutChance(sources), ...options, name: this.#name });
    return this.#limiter;
  }

  #places(options: NonNullable<CallPolicies["bulkhead"]>, sources: GuardSources): Bulkhead {
    if (this.#bulkhead) this.#bulkhead.configure(optionsIn(options, placeNeeds));
    this.#bulkhead ??= new Bulkhead({ ...withoutChance(sources), ...options, name: this.#name });
    return this.#bulkhead;
  }

  /** What it has learnt is worth more than other options: those of the first executor hold. */
  #limit(
    options: NonNullable<CallPolicies["adaptiveLimit"]>,
    sources: GuardSources,
  ): AdaptiveLimiter {
    const { classifier: _, ...own } = sources;
    this.#adaptive ??= new AdaptiveLimiter({ ...own, ...options, name: this.#name });
    return this.#adaptive;
  }
}

/** Guards that decide nothing by chance. */
function withoutChance({ random: _, ...own }: GuardSources): Omit<GuardSources, "random"> {
  return own;
}
