/** All budgets of a limiter together, with the pause that a server asked for. */

import { Account } from "./account.ts";
import { Ledger } from "./ledger.ts";
import type { RateHeaders } from "./rate-headers.ts";
import type { Budget } from "./rate-state.ts";

/** What servers tell is taken for a minute's: of a longer one it is the careful reading. */
const TOLD_MS = 60_000;

export class Accounts {
  #burst: number;
  readonly #ledger = new Ledger();
  #accounts: Account[];
  #pausedUntilMs = 0;

  constructor(budgets: readonly Budget[], burst: number) {
    this.#burst = burst;
    this.#accounts = budgets.map((budget) => new Account(budget, burst));
  }

  /** Other budgets: those of the same kind keep what is spent, and those that a server alone told of stay. */
  change(budgets: readonly Budget[], burst: number, nowMs: number): void {
    this.#burst = burst;
    const before = this.#accounts;
    this.#accounts = budgets.map((budget) => {
      const { unit, perMs, amount } = budget;
      const same = before.find((each) => each.unit === unit && each.perMs === perMs);
      same?.want(amount, burst);
      return same ?? new Account(budget, burst, nowMs);
    });
    this.#accounts.push(...before.filter((account) => !this.#accounts.includes(account)));
  }

  /** Reservations that are out. */
  get reserved(): number {
    return this.#ledger.size;
  }

  pausedMs(nowMs: number): number {
    return Math.max(0, this.#pausedUntilMs - nowMs);
  }

  pause(untilMs: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, untilMs);
  }

  /** Whether one call of this cost could ever be admitted. */
  isTooLarge(tokens: number): boolean {
    return this.#accounts.some((account) => costIn(account, tokens, 1) > account.amount);
  }

  fits(tokens: number, nowMs: number): boolean {
    if (nowMs < this.#pausedUntilMs) return false;
    for (const account of this.#accounts) {
      if (!account.fits(costIn(account, tokens, 1), nowMs)) return false;
    }
    return true;
  }

  /** Milliseconds until so much fits, if nothing else is spent. */
  waitMs(tokens: number, requests: number, nowMs: number): number {
    return this.#accounts.reduce(
      (longest, account) =>
        Math.max(longest, account.waitMs(costIn(account, tokens, requests), nowMs)),
      this.pausedMs(nowMs),
    );
  }

  /** Reserves for one call, and returns its permit. */
  reserve(tokens: number, nowMs: number): number {
    for (const account of this.#accounts) account.spend(costIn(account, tokens, 1), nowMs);
    return this.#ledger.open(tokens, nowMs);
  }

  /** The call has ended, and cost what was reserved. */
  keep(permit: number): void {
    this.#ledger.close(permit);
  }

  /** The call has ended, and cost so much. */
  settle(permit: number, tokens: number, nowMs: number): void {
    const more = tokens - this.#ledger.costOf(permit);
    // What was too little is spent now; what was too much was spent at the start, and is taken from there.
    this.#charge(0, more, more > 0 ? nowMs : this.#ledger.timeOf(permit), nowMs);
    this.#ledger.close(permit);
  }

  /** The call never ran. */
  cancel(permit: number, nowMs: number): void {
    this.#charge(-1, -this.#ledger.costOf(permit), this.#ledger.timeOf(permit), nowMs);
    this.#ledger.close(permit);
  }

  learn({ limits }: RateHeaders, nowMs: number): void {
    for (const { unit, limit, remaining, resetMs } of limits) {
      const account = this.#told(unit) ?? this.#open(unit, limit, nowMs);
      if (!account) continue;
      if (limit !== undefined) account.cap(limit);
      if (remaining !== undefined) account.lower(remaining, resetMs ?? TOLD_MS, nowMs);
    }
  }

  list(nowMs: number): readonly (Budget & { readonly spent: number })[] {
    return this.#accounts.map((account) => ({
      unit: account.unit,
      amount: account.amount,
      perMs: account.perMs,
      spent: account.spent(nowMs),
    }));
  }

  #charge(requests: number, tokens: number, atMs: number, nowMs: number): void {
    for (const account of this.#accounts) {
      const cost = account.unit === "requests" ? requests : tokens;
      if (cost > 0) account.spend(cost, atMs);
      if (cost < 0) account.giveBack(-cost, atMs, nowMs);
    }
  }

  #told(unit: Budget["unit"]): Account | undefined {
    return this.#accounts.findLast((each) => each.unit === unit && each.perMs <= TOLD_MS);
  }

  #open(unit: Budget["unit"], amount: number | undefined, nowMs: number): Account | undefined {
    if (amount === undefined) return undefined;
    const account = new Account({ unit, amount, perMs: TOLD_MS }, this.#burst, nowMs);
    this.#accounts.push(account);
    return account;
  }
}

const costIn = ({ unit }: Account, tokens: number, requests: number): number =>
  unit === "requests" ? requests : tokens;
