/** The calls that began in one window, until nearly all of them have ended. */

import type { Verdict } from "../base/index.ts";
import type { LatencyWindow } from "./limit-state.ts";

export type CallEnd = "successes" | "dropped" | "ignored";

/** Whether a failure is one that a server in trouble causes. */
export function isOverload({ outcome, retryable }: Verdict): boolean {
  return outcome === "failure" || retryable;
}

/** Those that hang do not hold up the rest. */
const NEARLY_ALL = 0.9;

/**
 * A window is closed by who began in it, not by who ended in it: those that end first are the short ones,
 * and those that began before ran under another limit.
 *
 * A permit is the time at which its call began, and a mark of its cohort.
 */
export class Cohort {
  #startMs = 0;
  /** 1 to 3 in turn; calls that begin when it is closed have the mark 0. */
  #mark = 0;
  #isClosed = false;
  #begun = 0;
  #mostInFlight = 0;
  #latencySumMs = 0;
  readonly #ended = { successes: 0, dropped: 0, ignored: 0 };

  start(nowMs: number, inFlight: number): void {
    this.#startMs = nowMs;
    this.#mark = (this.#mark % 3) + 1;
    this.#isClosed = false;
    this.#begun = 0;
    this.#mostInFlight = inFlight;
    this.#latencySumMs = 0;
    this.#ended.successes = 0;
    this.#ended.dropped = 0;
    this.#ended.ignored = 0;
  }

  closeIfFull(nowMs: number, windowMs: number, minSamples: number): void {
    if (this.#begun >= minSamples && nowMs - this.#startMs >= windowMs) this.#isClosed = true;
  }

  /** A call begins; returns its permit. */
  join(nowMs: number, inFlight: number): number {
    if (inFlight > this.#mostInFlight) this.#mostInFlight = inFlight;
    const stamp = stampOf(nowMs) * MARKS;
    if (this.#isClosed) return stamp;
    this.#begun += 1;
    return stamp + this.#mark;
  }

  end(permit: number, nowMs: number, end: CallEnd): void {
    const latencyMs = elapsedMs(permit, nowMs);
    const isOlder = latencyMs > nowMs - this.#startMs + 1 / STAMPS_PER_MS;
    if (permit % MARKS !== this.#mark || isOlder) return; // A straggler with the mark of today.
    this.#ended[end] += 1;
    if (end === "successes") this.#latencySumMs += latencyMs;
  }

  get isOver(): boolean {
    const { successes, dropped, ignored } = this.#ended;
    return this.#isClosed && successes + dropped + ignored >= NEARLY_ALL * this.#begun;
  }

  /** What it came to; undefined where no call says anything about load. */
  get window(): LatencyWindow | undefined {
    const { successes, dropped } = this.#ended;
    if (successes + dropped === 0) return undefined;
    return {
      latencyMs: successes === 0 ? Infinity : this.#latencySumMs / successes,
      droppedShare: dropped / (successes + dropped),
      mostInFlight: this.#mostInFlight,
    };
  }
}

const MARKS = 4;
const STAMPS_PER_MS = 16;

/** With the mark in 30 bits, which start over after 4.6 hours: small whole numbers cost nothing to hand on. */
const STAMPS = 2 ** 28;

const stampOf = (nowMs: number): number => Math.floor(nowMs * STAMPS_PER_MS) % STAMPS;

const elapsedMs = (permit: number, nowMs: number): number =>
  ((stampOf(nowMs) - Math.floor(permit / MARKS) + STAMPS) % STAMPS) / STAMPS_PER_MS;
