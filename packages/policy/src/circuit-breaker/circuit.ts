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
  MUST_WAIT,
  notify,
  type Outcome,
  REFUSED,
  reportError,
  systemClock,
  toError,
  type Verdict,
} from "../base/index.ts";
import { type Classifier, judgeOnce } from "../classify/index.ts";
import { type CallWindow, callWindow, isSameWindow } from "./call-window.ts";
import { admit, type CircuitState, fit, type Permit, reset, settle } from "./circuit-state.ts";
import { CircuitOpenError } from "./open-error.ts";
import type { BreakerLimits } from "./thresholds.ts";
import { TrialLine } from "./trial-line.ts";
import { FAILED, FINE, isTooMuch, SLOW } from "./window-state.ts";

export interface CircuitTransition {
  readonly breaker: string;
  readonly from: CircuitState["kind"];
  readonly to: CircuitState["kind"];
  /** Whether others who share the circuit have brought it about. @defaultValue false */
  readonly byOthers?: boolean;
}

/** What a circuit asks of those with whom it shares its state. Nothing here waits, or throws. */
export interface CircuitShare {
  /** Whether one of them holds it open on purpose. */
  readonly isHeld: boolean;
  /** Milliseconds after which it is worth asking again for a trial; Infinity where that will be told. */
  readonly askAgainMs: number;
  /** Whether a trial may begin now. Where it may not, the right to one is asked for. */
  tryTrial(): boolean;
  /** A call has ended that the circuit has learnt from, or what it has learnt is enough now. */
  settled(before: CircuitState, after: CircuitState, outcome: Outcome): void;
  hold(): void;
  release(): void;
  reset(): void;
}

/** Joins a circuit to those that share it; undefined where they have parted already. */
export interface CircuitJoin {
  join(circuit: Circuit, clock: Clock): CircuitShare | undefined;
}

/** What a circuit needs of its breaker's options. */
export interface CircuitOptions {
  readonly name: string;
  readonly captureStack?: boolean;
  readonly outcomeOf?: (error: Error) => Outcome;
  readonly onTransition?: Listener<CircuitTransition>;
  readonly onListenerError?: ErrorReporter;
  readonly classifier?: Classifier;
  readonly sharing?: CircuitJoin;
  readonly clock?: Clock;
}

/** The permit of a call from which nothing is learnt: no epoch comes so far. */
const UNCOUNTED = 2 ** 30 - 1;

const NOBODY = { admitted: false, retryAfterMs: 0 } as const;

/** A permit is the epoch in which it was given: a result of another epoch is old news. */
export class Circuit implements Guard {
  successes = 0;
  failures = 0;
  ignored = 0;
  slow = 0;
  rejected = 0;
  opened = 0;
  readonly #options: CircuitOptions;
  #limits: BreakerLimits;
  #window: CallWindow;
  /** What is true of the circuit, but for the failures of a closed one: the window has those. */
  #state: CircuitState;
  /** What calls are admitted with that need no question; else {@link REFUSED}. */
  #freePermit = REFUSED;
  /** The epoch while all that a success must do is stand in the window; else {@link REFUSED}. */
  #plainEpoch = REFUSED;
  #holds = 0;
  #retryAfterMs = 0;
  /** The places of calls that have a lease. */
  #leases: WeakMap<Attempt, Permit> | undefined = undefined;
  #line: TrialLine | undefined = undefined;
  #share: CircuitShare | undefined = undefined;

  constructor(options: CircuitOptions, limits: BreakerLimits, state: CircuitState) {
    this.#options = options;
    this.#limits = limits;
    this.#state = state;
    this.#window = callWindow(limits, state.kind === "closed" ? state.failures : 0);
    this.#open();
    this.#share = options.sharing?.join(this, options.clock ?? systemClock);
  }

  get name(): string {
    return this.#options.name;
  }

  get state(): CircuitState {
    const state = this.#state;
    if (state.kind !== "closed") return state;
    if (this.#limits.window === "time") this.#window.forget(this.#nowMs());
    return { ...state, failures: this.#window.failures };
  }

  get limits(): BreakerLimits {
    return this.#limits;
  }

  get isIsolated(): boolean {
    return this.#holds > 0 || this.#share?.isHeld === true;
  }

  get waiting(): number {
    return this.#line?.size ?? 0;
  }

  tryAdmit(attempt: Attempt): number {
    if (this.#limits.slowCallMs !== Infinity) this.#stamp(attempt);
    return this.#freePermit >= 0 ? this.#freePermit : this.#admit(attempt);
  }

  async waitFor(attempt: Attempt): Promise<number> {
    this.#line ??= this.#makeLine();
    const place = this.#line.wait(attempt.parent);
    this.#callIn();
    const permit = await place;
    if (this.#limits.slowCallMs !== Infinity) this.#stamp(attempt);
    this.#keep(attempt, permit);
    return permit.epoch;
  }

  refusal(): CircuitOpenError {
    const { name, captureStack } = this.#options;
    return new CircuitOpenError(name, this.#retryAfterMs, this.isIsolated, captureStack);
  }

  settle(permit: number, attempt: Attempt, verdict: Verdict | undefined, ended: unknown): void {
    if (verdict) {
      const own = this.#judge(verdict, ended, attempt);
      this.#learn(permit, attempt, own.outcome, own.retryAfterMs);
      return;
    }
    const { window, slowCallMs } = this.#limits;
    if (permit !== this.#plainEpoch || slowCallMs !== Infinity) {
      this.#learn(permit, attempt, "success", undefined);
      return;
    }
    this.successes += 1;
    this.#window.note(FINE, window === "time" ? this.#nowMs() : 0);
    // One more call may be the one from which on a rate says something.
    if (this.#window.failures > 0 && isTooMuch(this.#window, this.#limits)) {
      this.#move(permit, attempt, "success", false, undefined);
    }
  }

  /** Holds are counted: calls are refused until as many are released. */
  hold(): void {
    this.#holds += 1;
    if (this.#holds === 1) this.#share?.hold();
    this.look();
  }

  release(): void {
    this.#holds -= 1;
    if (this.#holds === 0) this.#share?.release();
    this.#open();
  }

  reset(): void {
    this.#become(reset(this.#state));
    this.#share?.reset();
    this.#callIn();
  }

  /** Others who share it have brought it there; whoever takes it over has it look again. */
  take(state: CircuitState): void {
    if (this.#limits.mode === "disabled") return;
    this.#become(state, true);
  }

  /** Looks again whom it may let in: something around its state has changed. */
  look(): void {
    this.#open();
    this.#callIn();
  }

  limit(limits: BreakerLimits): void {
    if (!isSameWindow(limits, this.#limits)) this.#window = callWindow(limits);
    this.#limits = limits;
    if (this.#line) this.#line.limits = limits;
    const before = this.#state;
    this.#become(fit(before, limits));
    if (this.#state.kind !== before.kind) this.#share?.settled(before, this.#state, "success");
    this.#callIn();
  }

  #admit(attempt: Attempt): number {
    if (this.#share) this.#open(); // What others hold may have ended.
    if (this.isIsolated) return this.#refuse(0);
    this.#callIn(); // Nobody overtakes those who wait.
    const nowMs = this.#nowMs();
    const admission = this.#admission(nowMs);
    if (admission.admitted) {
      this.#keep(attempt, admission.permit);
      this.#become(admission.state);
      return admission.permit.epoch;
    }
    if (this.#limits.mode === "metrics-only") {
      this.rejected += 1;
      return UNCOUNTED;
    }
    const mayWait = !this.#isShut(nowMs) && this.waiting < this.#limits.maxQueue;
    return mayWait ? MUST_WAIT : this.#refuse(admission.retryAfterMs);
  }

  #refuse(retryAfterMs: number): number {
    this.rejected += 1;
    this.#retryAfterMs = retryAfterMs;
    return REFUSED;
  }

  /** How long a call takes counts from here: it may have waited for what stands around the circuit. */
  #stamp(attempt: Attempt): void {
    const nowMs = this.#nowMs();
    if (attempt.startedMs < 0) attempt.startedMs = nowMs;
    else if (nowMs - attempt.startedMs >= 1) attempt.begunMs = nowMs;
  }

  #keep(attempt: Attempt, permit: Permit): void {
    if (permit.leaseEndMs === Infinity) return;
    this.#leases ??= new WeakMap();
    this.#leases.set(attempt, permit);
  }

  /** Counts how a call ended, and moves the circuit where it says something about it. */
  #learn(
    permit: number,
    attempt: Attempt,
    outcome: Outcome,
    retryAfterMs: number | undefined,
  ): void {
    if (outcome === "success") this.successes += 1;
    else if (outcome === "failure") this.failures += 1;
    else this.ignored += 1;
    const { slowCallMs, mode, window } = this.#limits;
    const isTimed = slowCallMs !== Infinity && attempt.begunMs >= 0 && outcome !== "ignore";
    const nowMs = isTimed || window === "time" ? this.#nowMs() : 0;
    const isSlow = isTimed && nowMs - attempt.begunMs >= slowCallMs;
    if (isSlow) this.slow += 1;
    if (permit !== this.#state.epoch || mode === "disabled") return;
    if (this.#state.kind === "closed" && outcome !== "ignore") {
      const mark = (outcome === "failure" ? FAILED : FINE) | (isSlow ? SLOW : FINE);
      this.#window.note(mark, nowMs);
    }
    this.#move(permit, attempt, outcome, isSlow, retryAfterMs);
  }

  #move(
    epoch: number,
    attempt: Attempt,
    outcome: Outcome,
    isSlow: boolean,
    retryAfterMs: number | undefined,
  ): void {
    const isPlain = epoch === this.#plainEpoch;
    if (isPlain && (outcome === "ignore" || !isTooMuch(this.#window, this.#limits))) return;
    const permit = this.#leases?.get(attempt) ?? { epoch, leaseEndMs: Infinity };
    const end = { outcome, isSlow, retryAfterMs };
    const before = this.#state;
    this.#become(settle(before, this.#limits, this.#nowMs(), permit, end, this.#window));
    this.#share?.settled(before, this.#state, outcome);
    this.#callIn();
  }

  #become(next: CircuitState, byOthers = false): void {
    const before = this.#state;
    this.#state = next;
    this.#open();
    if (next.epoch !== before.epoch) this.#window.clear();
    if (next.kind === before.kind) return;
    if (next.kind === "open") this.opened += 1;
    const { name, onTransition, onListenerError = reportError } = this.#options;
    const event = {
      breaker: name,
      from: before.kind,
      to: next.kind,
      ...(byOthers && { byOthers }),
    };
    if (onTransition) notify(onTransition, event, onListenerError);
  }

  /** The verdict of the frame holds, where the breaker has no judgement of its own. */
  #judge(given: Verdict, thrown: unknown, attempt: Attempt): Verdict {
    const { outcomeOf, classifier, onListenerError = reportError } = this.#options;
    const { parent } = attempt;
    if (outcomeOf && !parent?.aborted) {
      try {
        return { ...given, outcome: outcomeOf(toError(thrown)) };
      } catch (error) {
        notify(onListenerError, error, reportError); // The call must not end with it.
      }
    }
    return classifier ? judgeOnce(classifier, thrown, parent, attempt) : given;
  }

  /** Lets calls past without a question, where there is none to ask. */
  #open(): void {
    const { mode } = this.#limits;
    const state = this.#state;
    const isPlain = state.kind === "closed" && !state.ramp && mode !== "disabled";
    this.#plainEpoch = isPlain ? state.epoch : REFUSED;
    this.#freePermit = mode === "disabled" ? UNCOUNTED : this.#plainEpoch;
    if (this.isIsolated) this.#freePermit = REFUSED;
  }

  /** Gives the places that there are to those who wait, or sends them all away. */
  #callIn(): void {
    const line = this.#line;
    if (!line || line.size === 0) return;
    const nowMs = this.#nowMs();
    while (line.size > 0) {
      const admission = this.#nextAdmission(nowMs);
      if (!admission.admitted) break;
      this.#become(admission.state);
      line.callIn(admission.permit);
    }
    const state = this.#state;
    if (this.#isShut(nowMs)) {
      const retryAfterMs = state.kind === "open" ? Math.ceil(state.untilMs - nowMs) : 0;
      line.turnAll(() => this.#turnAway(this.isIsolated ? 0 : retryAfterMs));
      return;
    }
    const ends = leasesOf(state).filter((endMs) => endMs > nowMs);
    const laterMs = Math.min(Math.min(...ends) - nowMs, this.#share?.askAgainMs ?? Infinity);
    line.lookAgain(laterMs, () => this.#callIn());
  }

  #nextAdmission(nowMs: number): ReturnType<typeof admit> {
    if (this.#isShut(nowMs)) return NOBODY;
    if (this.#limits.mode === "normal") return this.#admission(nowMs);
    const permit = { epoch: UNCOUNTED, leaseEndMs: Infinity };
    return { admitted: true, state: this.#state, permit };
  }

  /** As the state says, and for a trial those who share it. */
  #admission(nowMs: number): ReturnType<typeof admit> {
    const admission = admit(this.#state, this.#limits, nowMs);
    const share = this.#limits.mode === "normal" ? this.#share : undefined;
    if (!share || !admission.admitted || admission.state.kind !== "half-open") return admission;
    return share.tryTrial() ? admission : NOBODY;
  }

  /** Whether nobody gets in who waits. */
  #isShut(nowMs: number): boolean {
    const state = this.#state;
    return this.isIsolated || (state.kind === "open" && nowMs < state.untilMs);
  }

  #turnAway(retryAfterMs: number): CircuitOpenError {
    this.#refuse(retryAfterMs);
    return this.refusal();
  }

  #makeLine(): TrialLine {
    const { clock = systemClock } = this.#options;
    return new TrialLine(this.#limits, clock, () => this.#turnAway(0));
  }

  #nowMs(): number {
    return (this.#options.clock ?? systemClock).monotonicMs();
  }
}

function leasesOf(state: CircuitState): readonly number[] {
  if (state.kind === "closed") return state.ramp?.leases ?? [];
  return state.kind === "half-open" ? state.leases : [];
}
