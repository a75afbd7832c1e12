/**
 * The circuit as calls pass it: the machine of circuit-state.ts, with the arrow that every successful
 * call takes (closed, and stays closed) laid out in place. A test holds the two against each other.
 */

import {
  type Attempt,
  type Clock,
  type ErrorReporter,
  type Guard,
  type Listener,
  notify,
  type Outcome,
  REFUSED,
  reportError,
  systemClock,
  toError,
  type Verdict,
} from "../base/index.ts";
import { type Classifier, judge } from "../classify/index.ts";
import {
  admit,
  type CircuitLimits,
  type CircuitState,
  fit,
  open,
  type Permit,
  reset,
  settle,
} from "./circuit-state.ts";
import { FailuresInARow, type FailureWindow } from "./failure-window.ts";
import { CircuitOpenError } from "./open-error.ts";

export interface CircuitTransition {
  readonly breaker: string;
  readonly from: CircuitState["kind"];
  readonly to: CircuitState["kind"];
}

/** What a circuit needs of its breaker's options. */
export interface CircuitOptions {
  readonly name: string;
  readonly captureStack?: boolean;
  readonly outcomeOf?: (error: Error) => Outcome;
  readonly onTransition?: Listener<CircuitTransition>;
  readonly onListenerError?: ErrorReporter;
  readonly classifier?: Classifier;
  readonly clock?: Clock;
}

/** A permit is the epoch in which it was given: a result of another epoch is old news. */
export class Circuit implements Guard {
  successes = 0;
  failures = 0;
  ignored = 0;
  rejected = 0;
  opened = 0;
  readonly #options: CircuitOptions;
  readonly #window: FailureWindow;
  #limits: CircuitLimits;
  /** What is true of the circuit, but for the failures of a closed one: the window has those. */
  #state: CircuitState;
  /** The epoch while calls are admitted without a question; else {@link REFUSED}. */
  #freePermit: number;
  #holds = 0;
  #retryAfterMs = 0;
  /** The places of trials; none are kept while the circuit is closed. */
  #trials: WeakMap<Attempt, Permit> | undefined = undefined;

  constructor(options: CircuitOptions, limits: CircuitLimits, state: CircuitState) {
    this.#options = options;
    this.#limits = limits;
    this.#state = state;
    this.#window = new FailuresInARow(state.kind === "closed" ? state.failures : 0);
    this.#freePermit = this.#permitOf(state);
  }

  get state(): CircuitState {
    const state = this.#state;
    return state.kind === "closed" ? { ...state, failures: this.#window.failures } : state;
  }

  get isIsolated(): boolean {
    return this.#holds > 0;
  }

  tryAdmit(attempt: Attempt): number {
    return this.#freePermit >= 0 ? this.#freePermit : this.#admit(attempt);
  }

  refusal(): CircuitOpenError {
    const { name, captureStack } = this.#options;
    return new CircuitOpenError(name, this.#retryAfterMs, this.isIsolated, captureStack);
  }

  settle(permit: number, attempt: Attempt, verdict: Verdict | undefined, ended: unknown): void {
    if (verdict) {
      this.#count(permit, attempt, this.#outcome(verdict, ended, attempt.parent));
      return;
    }
    if (permit !== this.#freePermit) {
      this.#count(permit, attempt, "success");
      return;
    }
    this.successes += 1;
    if (this.#window.record(false, this.#limits)) this.#open();
  }

  /** Holds are counted: calls are refused until as many are released. */
  hold(): void {
    this.#holds += 1;
    this.#freePermit = REFUSED;
  }

  release(): void {
    this.#holds -= 1;
    this.#freePermit = this.#permitOf(this.#state);
  }

  reset(): void {
    this.#window.clear();
    this.#become(reset(this.#state));
  }

  limit(limits: CircuitLimits): void {
    this.#limits = limits;
    this.#become(fit(this.#state, limits));
  }

  #admit(attempt: Attempt): number {
    if (this.isIsolated) return this.#refuse(0);
    const admission = admit(this.#state, this.#limits, this.#nowMs());
    if (!admission.admitted) return this.#refuse(admission.retryAfterMs);
    this.#trials ??= new WeakMap();
    this.#trials.set(attempt, admission.permit);
    this.#become(admission.state);
    return admission.permit.epoch;
  }

  #refuse(retryAfterMs: number): number {
    this.rejected += 1;
    this.#retryAfterMs = retryAfterMs;
    return REFUSED;
  }

  #count(epoch: number, attempt: Attempt, outcome: Outcome): void {
    if (outcome === "success") this.successes += 1;
    else if (outcome === "failure") this.failures += 1;
    else this.ignored += 1;
    if (epoch !== this.#state.epoch) return;
    if (this.#state.kind === "closed") {
      if (outcome === "ignore") return;
      if (this.#window.record(outcome === "failure", this.#limits)) this.#open();
      return;
    }
    const permit = this.#trials?.get(attempt) ?? { epoch, leaseEndMs: Infinity };
    const nowMs = this.#nowMs();
    this.#become(settle(this.#state, this.#limits, nowMs, permit, outcome));
  }

  #open(): void {
    const untilMs = this.#nowMs() + this.#limits.timeoutMs;
    this.#become(open(this.#state.epoch + 1, untilMs));
  }

  #become(next: CircuitState): void {
    const before = this.#state;
    this.#state = next;
    this.#freePermit = this.#permitOf(next);
    if (next.kind === before.kind) return;
    if (next.kind === "open") this.opened += 1;
    this.#window.clear();
    const { name, onTransition, onListenerError = reportError } = this.#options;
    const event = { breaker: name, from: before.kind, to: next.kind };
    if (onTransition) notify(onTransition, event, onListenerError);
  }

  /** The verdict of the frame holds, where the breaker has no judgement of its own. */
  #outcome({ outcome }: Verdict, thrown: unknown, signal: AbortSignal | undefined): Outcome {
    const { outcomeOf, classifier } = this.#options;
    if (outcomeOf && !signal?.aborted) return outcomeOf(toError(thrown));
    return classifier ? judge(classifier, thrown, signal).outcome : outcome;
  }

  #nowMs(): number {
    return (this.#options.clock ?? systemClock).monotonicMs();
  }

  #permitOf({ kind, epoch }: CircuitState): number {
    return kind === "closed" && this.#holds === 0 ? epoch : REFUSED;
  }
}
