/**
 * Our circuit, with a breaker of the user's to say when it opens and a back-off to say for how long.
 *
 * It stands as a guard in front of the circuit: what the breaker thinks of a call is what the circuit
 * hears of it. States, trials, waiting callers and late results are the circuit's own affair.
 */

import {
  type Attempt,
  type Clock,
  type Guard,
  type RejectedError,
  reportError,
  type Verdict,
} from "../../base/index.ts";
import {
  type BreakerLimits,
  Circuit,
  CircuitOpenError,
  type CircuitTransition,
  type CircuitState as EngineState,
  limitsOf,
} from "../../circuit-breaker/index.ts";
import type { IBackoff, IBackoffFactory } from "./backoff.ts";
import type { IBreaker } from "./breakers.ts";
import { contextOf, NOTHING_SAID } from "./call.ts";
import { CircuitState } from "./circuit-state.ts";
import type { FailureReason, IDefaultPolicyContext } from "./contract.ts";
import { BrokenCircuitError, IsolatedCircuitError, TaskCancelledError } from "./errors.ts";
import { Failure } from "./executor.ts";

/** What a back-off of the open time is told. */
export interface IHalfOpenAfterBackoffContext extends IDefaultPolicyContext {
  /** How often the circuit has opened without having closed: 1 for the first time. */
  attempt: number;
  /** The failure that opened it. */
  result: FailureReason<unknown>;
}

export interface IHalfOpenSamplingOptions {
  /** Trials that are let through before it closes; whole, from 1. */
  calls: number;
  /** Share of them that may fail; from 0, below 1. */
  threshold: number;
}

export interface JudgedCircuitOptions {
  readonly breaker: IBreaker;
  readonly backoff: IBackoffFactory<IHalfOpenAfterBackoffContext>;
  readonly sampling: IHalfOpenSamplingOptions;
  readonly clock: Clock;
  /** Hears of a state after it has taken effect. */
  readonly onState: (state: CircuitState) => void;
}

/** Milliseconds after which a trial that has not ended loses its place: nobody waits for it for ever. */
const LEASE_MS = 60_000;

const STATES: Readonly<Record<EngineState["kind"], CircuitState>> = {
  closed: CircuitState.Closed,
  open: CircuitState.Open,
  "half-open": CircuitState.HalfOpen,
};

export class JudgedCircuit implements Guard {
  lastFailure: FailureReason<unknown> | undefined = undefined;
  holds = 0;
  /** How often it has opened without having closed; while half-open, as if it had once more. */
  attemptNo = 0;
  readonly #options: JudgedCircuitOptions;
  readonly #circuit: Circuit;
  #backoff: IBackoff<IHalfOpenAfterBackoffContext> | undefined = undefined;
  /** What the circuit's state is below all holds. */
  #below: CircuitState;
  #epoch: number;
  /** Trials that have failed since it was half-open. */
  #failedTrials = 0;

  /** @param revived A state that was stored. */
  constructor(options: JudgedCircuitOptions, revived: Revived | undefined) {
    this.#options = options;
    if (revived) {
      this.attemptNo = revived.attemptNo;
      this.#backoff = revived.backoff;
      this.lastFailure = revived.failure;
    }
    const state: EngineState = revived
      ? openState(revived, options.clock)
      : { kind: "closed", epoch: 0, failures: 0 };
    this.#below = STATES[state.kind];
    this.#epoch = state.epoch;
    this.#circuit = new Circuit(
      { name: "circuit", clock: options.clock, onTransition: (event) => this.#follow(event) },
      this.#limits(options.sampling.calls),
      state,
    );
  }

  get state(): CircuitState {
    return this.holds > 0 ? CircuitState.Isolated : this.#below;
  }

  /** Milliseconds since the epoch at which it opened; undefined where it is not open. */
  get openedAt(): number | undefined {
    const { state } = this.#circuit;
    const { clock } = this.#options;
    if (state.kind !== "open") return undefined;
    return Math.round(clock.epochMs() - (clock.monotonicMs() - state.openedMs));
  }

  hold(): void {
    this.holds += 1;
    this.#circuit.hold();
  }

  release(): void {
    this.holds -= 1;
    this.#circuit.release();
  }

  tryAdmit(attempt: Attempt): number {
    return this.#circuit.tryAdmit(attempt);
  }

  refusal(): RejectedError {
    return refusalOf(this.#circuit.refusal());
  }

  async waitFor(attempt: Attempt): Promise<number> {
    try {
      return await this.#circuit.waitFor(attempt);
    } catch (thrown) {
      throw thrown instanceof CircuitOpenError ? refusalOf(thrown) : new TaskCancelledError();
    }
  }

  settle(permit: number, attempt: Attempt, verdict: Verdict | undefined, ended: unknown): void {
    const reason = verdict && ended instanceof Failure ? ended.reason : undefined;
    if (reason) this.lastFailure = reason;
    // A result of an earlier state is old news: the breaker need not hear of it.
    const heard = permit === this.#epoch ? this.#heard(attempt, verdict, reason) : verdict;
    this.#circuit.settle(permit, attempt, heard, ended);
  }

  #heard(
    attempt: Attempt,
    verdict: Verdict | undefined,
    reason: FailureReason<unknown> | undefined,
  ): Verdict | undefined {
    const { breaker, sampling } = this.#options;
    if (this.#below === CircuitState.HalfOpen) {
      // What is no failure of the user's choice says that the other side is there.
      if (!reason) return undefined;
      this.#failedTrials += 1;
      if (this.#failedTrials <= sampling.threshold * sampling.calls) return undefined;
      said(() => breaker.failure(CircuitState.HalfOpen));
      return this.#opening(attempt, reason);
    }
    if (!verdict) said(() => breaker.success(CircuitState.Closed));
    if (!reason) return verdict;
    const isToOpen = said(() => breaker.failure(CircuitState.Closed));
    return isToOpen ? this.#opening(attempt, reason) : NOTHING_SAID;
  }

  /** Opens the circuit, for as long as the back-off says: not at all where it says nothing. */
  #opening(attempt: Attempt, result: FailureReason<unknown>): Verdict {
    const isAgain = this.#below === CircuitState.HalfOpen && this.#backoff !== undefined;
    if (!isAgain) this.attemptNo = 1;
    const context = contextOf<IHalfOpenAfterBackoffContext>(attempt, {
      attempt: this.attemptNo,
      result,
    });
    const before = (isAgain && this.#backoff) || this.#options.backoff;
    const next = said(() => {
      const backoff = before.next(context);
      return { backoff, openMs: backoff.duration };
    });
    if (!next) return NOTHING_SAID;
    this.#backoff = next.backoff;
    return { outcome: "failure", retryable: false, retryAfterMs: next.openMs };
  }

  #follow({ from, to }: CircuitTransition): void {
    const { breaker, onState } = this.#options;
    this.#below = STATES[to];
    this.#epoch = this.#circuit.state.epoch;
    if (to === "half-open") {
      this.#failedTrials = 0;
      this.attemptNo += 1;
    } else if (to === "closed" && from === "half-open") {
      said(() => breaker.success(CircuitState.HalfOpen));
    }
    if (this.holds === 0) onState(this.#below);
  }

  /**
   * One failure that it hears of opens it, for the time that comes with it. Who comes while all trials
   * are out waits; once it has closed, those who wait are let in by a ramp, and nobody else is held up.
   */
  #limits(calls: number): BreakerLimits {
    const waiting = (): number => this.#circuit.waiting;
    return {
      ...limitsOf({ failureThreshold: 1, successThreshold: calls }, 0),
      timeoutMs: 0,
      maxOpenMs: Infinity,
      leaseMs: LEASE_MS,
      maxQueue: Infinity,
      queueTimeoutMs: Infinity,
      get rampCalls() {
        return waiting();
      },
    };
  }
}

/** An open state that was stored, with the back-off as far as it had come. */
export interface Revived {
  readonly openedAt: number;
  readonly attemptNo: number;
  readonly backoff: IBackoff<IHalfOpenAfterBackoffContext>;
  readonly failure: FailureReason<unknown>;
}

/** Wall clocks jump: it waits no longer than it would have without the restart. */
function openState({ openedAt, attemptNo, backoff }: Revived, clock: Clock): EngineState {
  const openMs = Math.max(0, backoff.duration);
  const leftMs = Math.min(openedAt + openMs - clock.epochMs(), openMs);
  const untilMs = clock.monotonicMs() + leftMs;
  return { kind: "open", epoch: 0, openedMs: untilMs - openMs, untilMs, openings: attemptNo };
}

/** What a part of the user's throws is reported: no call ends with it, and no place is lost. */
function said<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch (error) {
    reportError(error);
    return undefined;
  }
}

const refusalOf = ({ isolated, retryAfterMs }: CircuitOpenError): RejectedError =>
  isolated ? new IsolatedCircuitError() : new BrokenCircuitError(undefined, retryAfterMs);
