/**
 * Our circuit as the peer's users know it. What a call says of the dependency is decided outside, by the
 * window that users see; so here one failure opens the circuit and one success closes it:
 *
 *     closed ──── a failure, or `open()` ────▶ open ◀─────────────────┐
 *       ▲                                       │                     │
 *       │                        a timer, or the first who looks      │ the trial fails, or `open()`
 *       │                                       ▼                     │
 *       └── the trial succeeds, or `close()` ─ half-open ─────────────┘
 *
 * The timer runs only while it is open, and keeps no process from ending.
 */

import {
  type Attempt,
  type Cancel,
  firstAttempt,
  type Guard,
  REFUSED,
  type Verdict,
} from "../../base/index.ts";
import {
  CircuitBreaker,
  type CircuitThresholds,
  type CircuitTransition,
  type StoredCircuit,
} from "../../circuit-breaker/index.ts";
import type { BreakerClock } from "./breaker-clock.ts";

/** The verdict that opens it. */
export const BAD: Verdict = { outcome: "failure", retryable: false };

export interface CircuitOptions {
  readonly name: string;
  /** Milliseconds that it is open. */
  readonly resetMs: number;
  /** Milliseconds that a call may take; Infinity where nobody limits it. */
  readonly timeoutMs: number;
  readonly clock: BreakerClock;
  /** What an earlier process was. */
  readonly initial: Stored;
  readonly onChange: (kind: CircuitKind) => void;
}

export type CircuitKind = "closed" | "open" | "half-open";

export type Stored =
  | { readonly kind: "closed" | "half-open" }
  | { readonly kind: "open"; readonly openedAtMs: number | undefined };

export class ResettingCircuit {
  readonly #breaker: CircuitBreaker;
  readonly #guard: Guard;
  readonly #clock: BreakerClock;
  readonly #timeoutMs: number;
  readonly #onChange: (kind: CircuitKind) => void;
  #kind: CircuitKind;
  #resetMs: number;
  #cancel: Cancel | undefined = undefined;
  #isQuiet = false;
  #isStopped = false;

  constructor({ name, resetMs, timeoutMs, clock, initial, onChange }: CircuitOptions) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#resetMs = resetMs;
    this.#onChange = onChange;
    this.#kind = initial.kind;
    this.#breaker = new CircuitBreaker({
      name,
      ...this.#thresholds(),
      initialState: storedOf(initial, this.#openMs, this.#clock.epochMs()),
      onTransition: (transition) => this.#moved(transition),
      clock: this.#clock,
    });
    this.#guard = guardOf(this.#breaker);
  }

  get kind(): CircuitKind {
    return this.#kind;
  }

  /** Whether it waits for the call that will tell. */
  get isPending(): boolean {
    if (this.#kind !== "half-open") return false;
    const { state } = this.#breaker;
    if (state.kind !== "half-open") return true;
    return state.leases.every((endMs) => endMs <= this.#clock.monotonicMs());
  }

  /** Whether a call may start now. Who comes when its time has come need not wait for the timer. */
  get admits(): boolean {
    if (this.#kind === "closed") return true;
    if (this.#kind === "open") this.#look();
    return this.isPending;
  }

  /** Begins to wait, where it was open from the start. */
  start(): void {
    if (this.#kind === "open") this.#look();
  }

  tryAdmit(attempt: Attempt): number {
    return this.admits ? this.#guard.tryAdmit(attempt) : REFUSED;
  }

  settle(permit: number, attempt: Attempt, verdict: Verdict | undefined): void {
    this.#guard.settle(permit, attempt, verdict, undefined);
  }

  refusal(attempt: Attempt): ReturnType<Guard["refusal"]> {
    return this.#guard.refusal(attempt);
  }

  /** As a failure would, whatever it is; calls that are out no longer count. */
  open(): void {
    if (this.#kind === "open") return;
    if (this.#breaker.state.kind === "half-open") this.#resetQuietly();
    const attempt = firstAttempt(undefined);
    this.settle(this.#guard.tryAdmit(attempt), attempt, BAD);
  }

  close(): void {
    if (this.#kind !== "closed") this.#breaker.reset();
  }

  /** Milliseconds that it is open, from the next opening on. */
  set resetMs(ms: number) {
    if (ms === this.#resetMs) return;
    this.#resetMs = ms;
    this.#breaker.configure(this.#thresholds());
  }

  /** Sets no timer any more, and waits for no trial: it is as good as closed, unless a call opens it that is out. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelWait();
    if (this.#kind !== "closed") this.#resetQuietly();
    this.#kind = "closed";
  }

  get #openMs(): number {
    return wholeMs(this.#resetMs);
  }

  #thresholds(): CircuitThresholds {
    const timeout = this.#openMs;
    const callMs = this.#timeoutMs === Infinity ? 0 : wholeMs(this.#timeoutMs);
    return {
      window: "consecutive",
      failureThreshold: 1,
      successThreshold: 1,
      timeout,
      maxOpenMs: timeout,
      // A trial that its own time will end has its place until then.
      leaseMs: Math.max(2 * timeout, 2 * callMs),
    };
  }

  #moved({ to }: CircuitTransition): void {
    if (this.#isQuiet || to === this.#kind) return;
    this.#become(to);
    if (to === "open") this.#wait(this.#openMs);
  }

  #become(kind: CircuitKind): void {
    this.#cancelWait();
    this.#kind = kind;
    this.#onChange(kind);
  }

  #wait(ms: number): void {
    // Whoever hears of the opening may have closed it again.
    if (this.#kind !== "open" || this.#isStopped || this.#cancel) return;
    this.#cancel = this.#clock.background.after(Math.ceil(ms), () => {
      this.#cancel = undefined;
      this.#look();
    });
  }

  #cancelWait(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Timers may be early by a part of a millisecond. */
  #look(): void {
    const { state } = this.#breaker;
    const leftMs = state.kind === "open" ? state.untilMs - this.#clock.monotonicMs() : 0;
    if (leftMs > 0) this.#wait(leftMs);
    else this.#become("half-open");
  }

  #resetQuietly(): void {
    this.#isQuiet = true;
    this.#breaker.reset();
    this.#isQuiet = false;
  }
}

function guardOf({ layer }: CircuitBreaker): Guard {
  if (layer?.kind === "guard") return layer.guard;
  throw new TypeError("A circuit without a fallback is a guard");
}

function storedOf(initial: Stored, openMs: number, epochMs: number): StoredCircuit {
  switch (initial.kind) {
    case "closed":
      return { kind: "closed", epoch: 0, failures: 0 };
    case "half-open":
      return { kind: "half-open", epoch: 0, successes: 0 };
    case "open": {
      const { openedAtMs = epochMs } = initial;
      return { kind: "open", epoch: 0, openedAtMs, trialAtMs: openedAtMs + openMs };
    }
  }
}

/** As the circuit takes it: from 1, and short of where times are no longer whole. */
const wholeMs = (ms: number): number => Math.min(Math.max(1, Math.ceil(Number(ms)) || 1), 2 ** 48);
