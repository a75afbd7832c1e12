/** Circuit breaker: stop calling what keeps failing, and learn gently when it is well again. */

import {
  type Call,
  type CallContext,
  type Clock,
  type ErrorReporter,
  firstAttempt,
  givenSignal,
  type Listener,
  notify,
  type Outcome,
  type Policy,
  RejectedError,
  reportError,
  systemClock,
  toError,
  wholeNumber,
} from "../base/index.ts";
import { type Classifier, createClassifier, judge } from "../classify/index.ts";
import {
  admit,
  type CircuitLimits,
  type CircuitState,
  closed,
  fit,
  type Permit,
  reset,
  revive,
  type StoredCircuit,
  settle,
  toStored,
} from "./circuit-state.ts";

/** The limits of a circuit, as they can be changed while it works. */
export interface CircuitThresholds {
  /** Failures in a row that open the circuit. @defaultValue 5 */
  readonly failureThreshold?: number;
  /** Trials that must succeed to close it; no more than this many run at once. @defaultValue 2 */
  readonly successThreshold?: number;
  /** Milliseconds that an open circuit rejects calls before it admits a trial. @defaultValue 30_000 */
  readonly timeout?: number;
  /** Milliseconds after which a trial that has not settled loses its place. @defaultValue 2 * timeout */
  readonly leaseMs?: number;
}

export interface CircuitBreakerOptions<F = never> extends CircuitThresholds {
  /** Names the dependency in errors and events: `"openai-api"`. */
  readonly name: string;
  /** Answers the calls that the circuit refuses; those that failed throw as they did. @defaultValue none */
  readonly fallback?: (error: CircuitOpenError) => F | Promise<F>;
  /** What an error says about the dependency: only `failure` counts against it. @defaultValue by class */
  readonly outcomeOf?: (error: Error) => Outcome;
  /** Where an earlier process left off: what {@link CircuitBreaker.toJSON} said then. */
  readonly initialState?: StoredCircuit;
  /** Hears of every change of state, after it has taken effect. */
  readonly onTransition?: Listener<CircuitTransition>;
  /** Hears of what `onTransition` throws. @defaultValue the platform's `reportError`, or a warning */
  readonly onListenerError?: ErrorReporter;
  /** @defaultValue the tables of `@kintsugi/policy/classify` */
  readonly classifier?: Classifier;
  readonly clock?: Clock;
}

export interface CircuitTransition {
  readonly breaker: string;
  readonly from: CircuitState["kind"];
  readonly to: CircuitState["kind"];
}

/** Counted since the breaker was made; a reset does not change them. */
export interface CircuitStats {
  readonly name: string;
  readonly state: CircuitState["kind"];
  readonly isolated: boolean;
  readonly successes: number;
  readonly failures: number;
  /** Calls that ended and said nothing about the dependency. */
  readonly ignored: number;
  /** Calls that were refused, with or without a fallback. */
  readonly rejected: number;
  /** How often the circuit has opened. */
  readonly opened: number;
  /** Milliseconds until a trial is admitted; 0 where calls are admitted or nobody can tell. */
  readonly retryAfterMs: number;
}

/** Thrown in place of a call that the circuit does not admit. */
export class CircuitOpenError extends RejectedError {
  override readonly name = "CircuitOpenError";
  readonly code = "KINTSUGI_CIRCUIT_OPEN";
  readonly breaker: string;
  /** Whether somebody holds it open, so that no time closes it. */
  readonly isolated: boolean;

  constructor(breaker: string, retryAfterMs: number, isolated: boolean) {
    super(`Circuit "${breaker}" is ${isolated ? "isolated" : "open"}`, retryAfterMs);
    this.breaker = breaker;
    this.isolated = isolated;
  }
}

/** A hold on a circuit. It refuses all calls until the last hold is released. */
export interface Isolation extends Disposable {
  /** Harmless when called twice. */
  release(): void;
}

/**
 * @example
 * const breaker = new CircuitBreaker({ name: "openai-api", failureThreshold: 3 });
 * const answer = await breaker.execute(({ signal }) => askModel(prompt, { signal }));
 */
export class CircuitBreaker<F = never> implements Policy<F> {
  readonly name: string;
  /** The same circuit, without the fallback: a call that is refused throws. */
  readonly strict: Policy;
  declare readonly alternative?: F;
  readonly #fallback: ((error: CircuitOpenError) => F | Promise<F>) | undefined;
  readonly #outcomeOf: ((error: Error) => Outcome) | undefined;
  readonly #classifier: Classifier;
  readonly #onTransition: Listener<CircuitTransition> | undefined;
  readonly #onListenerError: ErrorReporter;
  readonly #clock: Clock;
  readonly #isolations = new Set<Isolation>();
  readonly #counts = { success: 0, failure: 0, ignore: 0, rejected: 0, opened: 0 };
  #thresholds: CircuitThresholds;
  #limits: CircuitLimits;
  #state: CircuitState;

  /** @throws {@link RangeError} when a threshold or a time is not a positive whole number. */
  constructor(options: CircuitBreakerOptions<F>) {
    this.name = options.name;
    this.#thresholds = thresholdsOf(options);
    this.#limits = limitsOf(options);
    this.#fallback = options.fallback;
    this.#outcomeOf = options.outcomeOf;
    this.#onTransition = options.onTransition;
    this.#onListenerError = options.onListenerError ?? reportError;
    this.#clock = options.clock ?? systemClock;
    this.#classifier = options.classifier ?? createClassifier({ clock: this.#clock });
    this.#state = options.initialState
      ? revive(options.initialState, this.#limits, this.#clock)
      : closed(0);
    this.strict = {
      execute: (call, signal) => this.#guard(call, firstAttempt(signal), undefined),
      within: (call, context) => this.#guard(call, context, undefined),
    };
  }

  /** A snapshot, safe to keep: states are never changed in place. */
  get state(): CircuitState {
    return this.#state;
  }

  /** A snapshot to store, for the `initialState` of a later process. */
  toJSON(): StoredCircuit {
    return toStored(this.#state, this.#clock);
  }

  stats(): CircuitStats {
    const { success, failure, ignore, rejected, opened } = this.#counts;
    const state = this.#state;
    const leftMs = state.kind === "open" ? state.untilMs - this.#clock.monotonicMs() : 0;
    return {
      name: this.name,
      state: state.kind,
      isolated: this.#isolations.size > 0,
      successes: success,
      failures: failure,
      ignored: ignore,
      rejected,
      opened,
      retryAfterMs: Math.max(0, Math.ceil(leftMs)),
    };
  }

  /**
   * Makes the call if the circuit admits it, and learns from how it ends.
   *
   * @throws {@link CircuitOpenError} when it is refused and there is no fallback; otherwise whatever
   * `call`, or the fallback, throws.
   */
  execute<T>(call: Call<T>, signal?: AbortSignal): Promise<T | F> {
    return this.within(call, firstAttempt(signal));
  }

  within<T>(call: Call<T>, context: CallContext): Promise<T | F> {
    return this.#guard(call, context, this.#fallback);
  }

  /** Refuses all calls, until what it returns is released; the state below goes on as it was. */
  isolate(): Isolation {
    const release = (): void => void this.#isolations.delete(isolation);
    const isolation: Isolation = { release, [Symbol.dispose]: release };
    this.#isolations.add(isolation);
    return isolation;
  }

  /** Closes the circuit and forgets its failures; calls that are still out no longer count. */
  reset(): void {
    this.#become(reset(this.#state));
  }

  /**
   * Changes the thresholds that are named, from the next call on.
   *
   * @throws {@link RangeError} as the constructor does; then nothing has changed.
   */
  configure(thresholds: CircuitThresholds): void {
    const next = { ...this.#thresholds, ...thresholdsOf(thresholds) };
    this.#limits = limitsOf(next);
    this.#thresholds = next;
    this.#become(fit(this.#state, this.#limits));
  }
  async #guard<T, A>(
    call: Call<T>,
    context: CallContext,
    fallback: ((error: CircuitOpenError) => A | Promise<A>) | undefined,
  ): Promise<T | A> {
    const permit = this.#admit();
    if (permit instanceof CircuitOpenError) {
      this.#counts.rejected += 1;
      if (fallback) return fallback(permit);
      throw permit;
    }
    try {
      const value = await call(context);
      this.#settle(permit, "success");
      return value;
    } catch (thrown) {
      this.#settle(permit, this.#outcome(thrown, givenSignal(context)));
      throw thrown;
    }
  }

  #admit(): Permit | CircuitOpenError {
    if (this.#isolations.size > 0) return new CircuitOpenError(this.name, 0, true);
    const admission = admit(this.#state, this.#limits, this.#clock.monotonicMs());
    if (!admission.admitted) return new CircuitOpenError(this.name, admission.retryAfterMs, false);
    this.#become(admission.state);
    return admission.permit;
  }

  #settle(permit: Permit, outcome: Outcome): void {
    this.#counts[outcome] += 1;
    this.#become(settle(this.#state, this.#limits, this.#clock.monotonicMs(), permit, outcome));
  }

  #outcome(thrown: unknown, signal: AbortSignal | undefined): Outcome {
    if (signal?.aborted || !this.#outcomeOf) return judge(this.#classifier, thrown, signal).outcome;
    return this.#outcomeOf(toError(thrown));
  }

  #become(next: CircuitState): void {
    const previous = this.#state;
    this.#state = next;
    if (next.kind === previous.kind) return;
    if (next.kind === "open") this.#counts.opened += 1;
    if (!this.#onTransition) return;
    const event = { breaker: this.name, from: previous.kind, to: next.kind };
    notify(this.#onTransition, event, this.#onListenerError);
  }
}

function limitsOf(thresholds: CircuitThresholds): CircuitLimits {
  const timeoutMs = wholeNumber("timeout", thresholds.timeout ?? 30_000, 1);
  return {
    failureThreshold: wholeNumber("failureThreshold", thresholds.failureThreshold ?? 5, 1),
    successThreshold: wholeNumber("successThreshold", thresholds.successThreshold ?? 2, 1),
    timeoutMs,
    leaseMs: wholeNumber("leaseMs", thresholds.leaseMs ?? 2 * timeoutMs, 1),
  };
}

/** The thresholds alone, where they come with other options. */
function thresholdsOf(options: CircuitThresholds): CircuitThresholds {
  const { failureThreshold, successThreshold, timeout, leaseMs } = options;
  return {
    ...(failureThreshold !== undefined && { failureThreshold }),
    ...(successThreshold !== undefined && { successThreshold }),
    ...(timeout !== undefined && { timeout }),
    ...(leaseMs !== undefined && { leaseMs }),
  };
}
