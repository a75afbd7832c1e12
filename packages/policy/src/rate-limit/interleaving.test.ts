import { getEventListeners } from "node:events";
import fc from "fast-check";
import { expect, it } from "vitest";

import { settled } from "../base/fixtures/clocks.ts";
import { oneAtATime, scheduledClock } from "../base/fixtures/scheduled.ts";
import { RateLimiter } from "./rate-limiter.ts";

type Way = "calls" | "is told to wait" | "settles" | "cancels";

const REQUESTS = 2;
const TOKENS = 20;

/** What was spent, and when. */
interface Spending {
  readonly atMs: number;
  tokens: number;
  requests: number;
}

class World {
  readonly spendings: Spending[] = [];
  readonly seen: Set<string>;
  readonly #scheduler: fc.Scheduler;
  readonly #clock;
  readonly limiter: RateLimiter;
  #pausedUntilMs = 0;

  constructor(scheduler: fc.Scheduler, seen: Set<string>) {
    this.seen = seen;
    this.#scheduler = scheduler;
    this.#clock = scheduledClock(scheduler);
    this.limiter = new RateLimiter({
      name: "model",
      requestsPerSecond: REQUESTS,
      tokensPerMinute: TOKENS,
      maxQueue: 3,
      queueTimeoutMs: 1_500,
      clock: this.#clock,
    });
  }

  get pending(): number {
    return this.#clock.pending;
  }

  later(name: string): Promise<void> {
    return this.#scheduler.schedule(Promise.resolve(), name);
  }

  async ask(way: Way, cost: number, actual: number, signal: AbortSignal): Promise<void> {
    if (way === "settles" || way === "cancels") {
      const reservation = await this.limiter.reserve({ cost }, signal);
      const spending = this.#spend(cost);
      await this.later(way);
      if (way === "settles") {
        reservation.settle(actual);
        if (actual > cost) this.spendings.push(this.#now(actual - cost, 0));
        else spending.tokens = actual;
      } else {
        reservation.cancel();
        Object.assign(spending, { tokens: 0, requests: 0 });
      }
      return;
    }
    await this.limiter.with({ cost }).execute(async () => {
      this.#spend(cost);
      await this.later(way);
      if (way === "calls") return;
      const untilMs = signal.aborted ? 0 : this.#clock.monotonicMs() + 700; // Who has left is not heeded.
      this.#pausedUntilMs = Math.max(this.#pausedUntilMs, untilMs);
      throw { status: 429, headers: { "retry-after": "0.7" }, name: "told to wait" };
    }, signal);
  }

  #spend(tokens: number): Spending {
    const spending = this.#now(tokens, 1);
    expect(spending.atMs).toBeGreaterThanOrEqual(this.#pausedUntilMs);
    this.spendings.push(spending);
    this.#check(spending.atMs);
    return spending;
  }

  #now(tokens: number, requests: number): Spending {
    return { atMs: this.#clock.monotonicMs(), tokens, requests };
  }

  /** Each admission finds room in both windows. */
  #check(nowMs: number): void {
    const within = (perMs: number) => this.spendings.filter(({ atMs }) => atMs > nowMs - perMs);
    const requests = within(1_000).reduce((sum, each) => sum + each.requests, 0);
    const tokens = within(60_000).reduce((sum, each) => sum + each.tokens, 0);
    expect(requests).toBeLessThanOrEqual(REQUESTS);
    expect(tokens).toBeLessThanOrEqual(TOKENS);
  }
}

it("a rate limiter keeps its limits in any order of its callers, and leaves nothing behind", async () => {
  const caller = fc.record({
    way: fc.constantFrom<Way>("calls", "calls", "is told to wait", "settles", "cancels"),
    cost: fc.constantFrom(1, 1, 1, 7, 25),
    actual: fc.constantFrom(0, 1, 9),
    leaves: fc.boolean(),
  });
  const seen = new Set<string>();
  const callers = fc.array(caller, { minLength: 3, maxLength: 8, size: "max" });
  await fc.assert(
    fc.asyncProperty(fc.scheduler(oneAtATime), callers, async (scheduler, all) => {
      const world = new World(scheduler, seen);
      const controllers = all.map(() => new AbortController());
      const ends = all.map(async ({ way, cost, actual, leaves }, id) => {
        const controller = controllers[id] ?? expect.fail("nobody");
        if (leaves) void world.later("leaves").then(() => controller.abort("left"));
        await world.later("comes");
        await world.ask(way, cost, actual, controller.signal).then(
          () => seen.add(way),
          (error) => {
            if (error?.constructor?.name === "AssertionError") throw error;
            seen.add(error.reason ?? error.name ?? error);
          },
        );
      });
      await scheduler.waitIdle();
      await Promise.all(ends);
      await settled();
      expect(world.limiter.stats()).toMatchObject({ reserved: 0, waiting: 0 });
      expect(world.pending).toBe(0);
      for (const { signal } of controllers) expect(getEventListeners(signal, "abort")).toEqual([]);
    }),
    { numRuns: 2_000 },
  );
  expect([...seen].sort()).toEqual([
    "calls",
    "cancels",
    "left",
    "paused",
    "queue-timeout",
    "settles",
    "spent",
    "told to wait",
    "too-large",
  ]);
});
