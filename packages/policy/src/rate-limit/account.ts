/** One budget of a limiter: what is spent of it, and when more may be. */

import { type Budget, type Pace, paced, paceWaitMs } from "./rate-state.ts";
import { SlidingWindow } from "./sliding-window.ts";

export class Account {
  readonly unit: Budget["unit"];
  readonly perMs: number;
  /** What was asked for; a server may allow less. */
  #wanted: number;
  /** What a server allows; Infinity until it says. */
  #allowed = Infinity;
  #burst: number;
  readonly #sinceMs: number;
  readonly #window: SlidingWindow;
  #amount: number;
  /** Undefined where all may be spent at once: then the window alone holds. */
  #pace: Pace | undefined;
  #dueMs = 0;

  /**
   * @param burst - the share of the amount that may be spent at once
   * @param sinceMs - what was spent before, it does not know of
   */
  constructor({ unit, amount, perMs }: Budget, burst: number, sinceMs: number = -Infinity) {
    this.unit = unit;
    this.perMs = perMs;
    this.#wanted = amount;
    this.#burst = burst;
    this.#sinceMs = sinceMs;
    this.#window = new SlidingWindow(perMs);
    this.#amount = amount;
    this.#pace = paceOf(amount, perMs, burst);
  }

  get amount(): number {
    return this.#amount;
  }

  spent(nowMs: number): number {
    return this.#window.total(nowMs);
  }

  fits(cost: number, nowMs: number): boolean {
    if (this.#window.total(nowMs) + cost > this.#amount) return false;
    return !this.#pace || paceWaitMs(this.#dueMs, this.#pace, cost, nowMs) <= 0;
  }

  /** Milliseconds until `cost` fits, if nothing else is spent; more than the amount takes many windows. */
  waitMs(cost: number, nowMs: number): number {
    const wholeWindows = Math.max(0, Math.ceil(cost / this.#amount) - 1);
    const rest = cost - wholeWindows * this.#amount;
    const excess = this.#window.total(nowMs) + rest - this.#amount;
    const windowMs = excess > 0 ? this.#window.freesInMs(excess, nowMs) : 0;
    const paceMs = this.#pace ? paceWaitMs(this.#dueMs, this.#pace, rest, nowMs) : 0;
    return wholeWindows * this.perMs + Math.max(windowMs, paceMs);
  }

  spend(cost: number, nowMs: number): void {
    this.#window.total(nowMs);
    this.#window.spend(cost);
    if (this.#pace) this.#dueMs = paced(this.#dueMs, this.#pace, cost, nowMs);
  }

  /** Gives back what was spent at `atMs`. */
  giveBack(cost: number, atMs: number, nowMs: number): void {
    if (atMs <= this.#sinceMs) return; // Nobody knows which came first in that moment: it stays spent.
    this.#window.add(-cost, atMs);
    if (this.#pace) this.#dueMs = paced(this.#dueMs, this.#pace, -cost, nowMs);
  }

  /** The server allows `limit`: it is heeded where it is less than what was asked for. */
  cap(limit: number): void {
    this.#allowed = limit;
    this.#fit();
  }

  /** Another amount is asked for. */
  want(amount: number, burst: number): void {
    this.#wanted = amount;
    this.#burst = burst;
    this.#fit();
  }

  /** The server has only so much left: somebody else spends as well, or more was spent than was told. */
  lower(remaining: number, resetMs: number, nowMs: number): void {
    const unseen = this.#amount - this.#window.total(nowMs) - remaining;
    if (unseen > 0) this.#window.addSpread(unseen, resetMs);
  }

  #fit(): void {
    this.#amount = Math.min(this.#wanted, this.#allowed);
    this.#pace = paceOf(this.#amount, this.perMs, this.#burst);
  }
}

function paceOf(amount: number, perMs: number, burst: number): Pace | undefined {
  if (burst === 1) return undefined;
  const unitMs = perMs / amount;
  return { unitMs, aheadMs: Math.max(1, burst * amount) * unitMs };
}
