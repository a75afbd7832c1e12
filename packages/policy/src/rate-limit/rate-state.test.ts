import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { manualClock } from "../base/fixtures/clocks.ts";
import { RateLimiter, type Reservation } from "./rate-limiter.ts";
import { RateLimitedError } from "./rate-options.ts";
import {
  type Budget,
  paced,
  paceWaitMs,
  phaseOf,
  type RateState,
  spentWithin,
  unspent,
} from "./rate-state.ts";

const budgets: readonly Budget[] = [
  { unit: "requests", amount: 3, perMs: 1_000 },
  { unit: "tokens", amount: 100, perMs: 60_000 },
];

/** A slot counts until all of it is old: for a sixtieth of the window longer than it must. */
const careful = budgets.map((budget) => ({ ...budget, perMs: (budget.perMs * 61) / 60 }));

interface Step {
  readonly action: "ask" | "settle" | "cancel" | "pause";
  readonly waitMs: number;
  readonly cost: number;
  readonly which: number;
}

/** A real limiter beside the rule, with all reservations that are out. */
class CheckedLimiter {
  state: RateState = unspent;
  readonly #clock = manualClock();
  readonly #limiter = new RateLimiter({
    name: "model",
    requestsPerSecond: 3,
    tokensPerMinute: 100,
    whenFull: "reject",
    clock: this.#clock,
  });
  readonly #out: { readonly reservation: Reservation; readonly index: number }[] = [];

  get phase(): string {
    return phaseOf(this.state, budgets, 1, this.#clock.monotonicMs());
  }

  async live({ action, waitMs, cost, which }: Step): Promise<void> {
    await this.#clock.advance(waitMs);
    this.#clock.jump(which % 2 === 0 ? -3_600_000 : 3_600_000);
    const nowMs = this.#clock.monotonicMs();
    if (action === "ask") await this.#ask(cost, nowMs);
    else if (action === "pause") this.#pause(cost * 100, nowMs);
    else {
      const [taken] = this.#out.splice(which % Math.max(this.#out.length, 1), 1);
      if (taken && action === "settle") this.#settle(taken, cost, nowMs);
      if (taken && action === "cancel") this.#cancel(taken);
    }
    const { budgets: real, reserved } = this.#limiter.stats();
    expect(reserved).toBe(this.#out.length);
    for (const [place, budget] of budgets.entries()) {
      const spent = real[place]?.spent ?? -1;
      expect(spent).toBeGreaterThanOrEqual(spentWithin(this.state, budget, nowMs));
      const most = spentWithin(this.state, careful[place] ?? budget, nowMs);
      expect(spent).toBeLessThanOrEqual(most);
    }
  }

  async #ask(cost: number, nowMs: number): Promise<void> {
    try {
      const reservation = await this.#limiter.reserve({ cost });
      expect(phaseOf(this.state, budgets, cost, nowMs)).toBe("open");
      this.#out.push({ reservation, index: this.state.spendings.length });
      this.#spend(cost, 1, nowMs);
    } catch (error) {
      if (!(error instanceof RateLimitedError)) throw error;
      const phase = phaseOf(this.state, careful, cost, nowMs);
      expect(error.reason).toBe(phase);
      expect(error.retryAfterMs).toBeGreaterThan(0);
    }
  }

  #pause(ms: number, nowMs: number): void {
    this.#limiter.pause(ms);
    const pausedUntilMs = Math.max(this.state.pausedUntilMs, nowMs + ms);
    this.state = { ...this.state, pausedUntilMs };
  }

  #settle(
    { reservation, index }: { reservation: Reservation; index: number },
    cost: number,
    nowMs: number,
  ) {
    reservation.settle(cost);
    if (cost > reservation.cost) this.#spend(cost - reservation.cost, 0, nowMs);
    else this.#change(index, cost, 1);
  }

  #cancel({ reservation, index }: { reservation: Reservation; index: number }): void {
    reservation.cancel();
    this.#change(index, 0, 0);
  }

  #spend(tokens: number, requests: number, atMs: number): void {
    const spendings = [...this.state.spendings, { atMs, tokens, requests }];
    this.state = { ...this.state, spendings };
  }

  #change(index: number, tokens: number, requests: number): void {
    const spendings = this.state.spendings.map((spending, place) =>
      place === index ? { ...spending, tokens, requests } : spending,
    );
    this.state = { ...this.state, spendings };
  }
}

it("what was spent is old a whole window later, and not before", () => {
  const [budget] = budgets as readonly [Budget];
  const state: RateState = { ...unspent, spendings: [{ atMs: 500, tokens: 7, requests: 1 }] };
  expect([1_499, 1_500].map((nowMs) => spentWithin(state, budget, nowMs))).toEqual([1, 0]);
});

describe("a rate limiter, in any history and whatever the wall clock does", () => {
  const step: fc.Arbitrary<Step> = fc.record({
    action: fc.oneof(
      { weight: 8, arbitrary: fc.constant<Step["action"]>("ask") },
      { weight: 3, arbitrary: fc.constantFrom<Step["action"]>("settle", "cancel") },
      { weight: 1, arbitrary: fc.constant<Step["action"]>("pause") },
    ),
    waitMs: fc.constantFrom(0, 0, 1, 17, 300, 1_000, 1_016, 9_000, 60_000),
    cost: fc.integer({ min: 1, max: 60 }),
    which: fc.nat(),
  });

  it("spends no more than the rule allows, and hardly less", async () => {
    const arrows = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 100, size: "max" }), async (steps) => {
        const limiter = new CheckedLimiter();
        for (const each of steps) {
          const before = limiter.phase;
          await limiter.live(each);
          if (limiter.phase !== before) arrows.add(`${before} > ${limiter.phase}`);
        }
      }),
      { numRuns: 60 },
    );
    // A property that never got there proves nothing: these are the arrows of the drawing.
    expect([...arrows].sort()).toEqual([
      "open > paused",
      "open > spent",
      "paused > open",
      "paused > spent",
      "spent > open",
      "spent > paused",
    ]);
  });
});

describe("a paced budget", () => {
  const pace = { unitMs: 10, aheadMs: 50 };

  it("lets no span hold more than what may run ahead and what its time is worth", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            waitMs: fc.integer({ min: 0, max: 60 }),
            cost: fc.integer({ min: 1, max: 5 }),
          }),
          {
            maxLength: 100,
            size: "max",
          },
        ),
        (steps) => {
          const taken: { readonly atMs: number; readonly cost: number }[] = [];
          let dueMs = 0;
          let nowMs = 0;
          for (const { waitMs, cost } of steps) {
            nowMs += waitMs;
            if (paceWaitMs(dueMs, pace, cost, nowMs) > 0) continue;
            dueMs = paced(dueMs, pace, cost, nowMs);
            taken.push({ atMs: nowMs, cost });
            for (const { atMs } of taken) {
              const held = taken.filter((each) => each.atMs >= atMs);
              const sum = held.reduce((total, each) => total + each.cost, 0);
              expect(sum * pace.unitMs).toBeLessThanOrEqual(pace.aheadMs + nowMs - atMs);
            }
          }
        },
      ),
    );
  });

  it("says exactly how long to wait", () => {
    const dueMs = paced(0, pace, 5, 0);
    expect(paceWaitMs(dueMs, pace, 2, 0)).toBe(20);
    expect(paceWaitMs(dueMs, pace, 2, 20)).toBe(0);
  });

  it("lets go what is dearer than all that may run ahead when nothing has, and is paid afterwards", () => {
    expect(paceWaitMs(0, pace, 8, 0)).toBe(0);
    const dueMs = paced(0, pace, 8, 0);
    expect(paceWaitMs(dueMs, pace, 1, 0)).toBe(40);
  });
});
