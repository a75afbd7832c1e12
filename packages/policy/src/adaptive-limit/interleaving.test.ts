import { getEventListeners } from "node:events";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { settled } from "../base/fixtures/clocks.ts";
import { oneAtATime } from "../base/fixtures/scheduled.ts";
import { leaveWork, seededRandom, systemClock } from "../base/index.ts";
import { AdaptiveLimiter } from "./adaptive-limiter.ts";
import { AdaptiveThrottle } from "./adaptive-throttle.ts";
import { LoadShedError } from "./load-shed-error.ts";

type Way = "answers" | "is overloaded" | "breaks" | "is outlived";

const thrown: Readonly<Record<string, unknown>> = {
  "is overloaded": { status: 503 },
  breaks: new TypeError("ours"),
  "is outlived": new Error("out of time"),
};

const caller = fc.record({
  way: fc.constantFrom<Way>("answers", "answers", "is overloaded", "breaks", "is outlived"),
  turns: fc.constantFrom(1, 1, 2, 5),
  leaves: fc.boolean(),
});
const callers = fc.array(caller, { minLength: 4, maxLength: 7, size: "max" });
/** Time moves between any two events. */
const times = fc.array(fc.constantFrom(1, 40, 200), { minLength: 1, maxLength: 6 });

/** Calls through one limiter, counted beside it. */
class World {
  nowMs = 0;
  inFlight = 0;
  refused = 0;
  left = 0;
  readonly seen: Set<string>;
  readonly limiter: AdaptiveLimiter;
  readonly #scheduler: fc.Scheduler;

  constructor(scheduler: fc.Scheduler, seen: Set<string>) {
    this.#scheduler = scheduler;
    this.seen = seen;
    this.limiter = new AdaptiveLimiter({
      name: "search",
      initialLimit: 3,
      minLimit: 2,
      maxLimit: 4,
      windowMs: 20,
      minSamples: 1,
      probeIntervalMs: 50,
      random: seededRandom("probe"),
      clock: { ...systemClock, monotonicMs: () => this.nowMs },
      onLimit: ({ to }) => void seen.add(`a limit of ${to}`),
    });
  }

  later(name: string): Promise<void> {
    return this.#scheduler.schedule(Promise.resolve(), name);
  }

  async call(way: Way, turns: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) {
      const made = this.limiter.execute(() => expect.fail("made"), signal);
      await expect(made).rejects.toBe(signal.reason);
      this.left += 1;
      this.seen.add("has left before");
      return;
    }
    const { limit, inFlight } = this.limiter.stats();
    expect(inFlight).toBe(this.inFlight);
    const isFull = inFlight >= limit;
    const end = this.limiter.execute(async (context) => {
      this.inFlight += 1;
      for (let turn = 0; turn < turns; turn += 1) await this.later(way);
      const work = way === "is outlived" ? this.later("the work ends") : undefined;
      if (work) leaveWork(context, work);
      const leave = (): void => {
        this.inFlight -= 1;
      };
      if (work) void work.then(leave);
      else leave();
      if (way !== "answers") throw thrown[way];
    }, signal);
    const error = await end.catch((reason: unknown) => reason);
    const isRefused = error instanceof LoadShedError;
    expect(isRefused).toBe(isFull);
    this.refused += isRefused ? 1 : 0;
    this.seen.add(isRefused ? "is refused" : way);
  }
}

describe("an adaptive limiter, in any order of its calls", () => {
  it("runs no more than its limit, counts every end once, and has all room free in the end", async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.scheduler(oneAtATime), callers, times, async (s, all, steps) => {
        const world = new World(s, seen);
        const controllers = all.map(() => new AbortController());
        const ends = all.map(async ({ way, turns, leaves }, id) => {
          const controller = controllers[id] ?? expect.fail("nobody");
          if (leaves) void world.later("leaves").then(() => controller.abort());
          await world.later("comes");
          await world.call(way, turns, controller.signal);
        });
        const moveOn = async (ms: number): Promise<void> => {
          world.nowMs += ms;
        };
        s.scheduleSequence(steps.map((ms) => ({ label: `${ms} ms`, builder: () => moveOn(ms) })));
        await s.waitIdle();
        await Promise.all(ends);
        await settled();
        const { successes, dropped, ignored, rejected, inFlight } = world.limiter.stats();
        const made = all.length - world.refused - world.left;
        expect([successes + dropped + ignored, rejected]).toEqual([made, world.refused]);
        expect(inFlight).toBe(0);
        for (const { signal } of controllers) {
          expect(getEventListeners(signal, "abort")).toEqual([]);
        }
      }),
      { numRuns: 2_000 },
    );
    expect([...seen].sort()).toEqual([
      "a limit of 2",
      "a limit of 4",
      "answers",
      "breaks",
      "has left before",
      "is outlived",
      "is overloaded",
      "is refused",
    ]);
  });
});

describe("an adaptive throttle, in any order of its calls", () => {
  it("counts each call when it ends, and each refusal at once", async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.scheduler(oneAtATime), callers, async (s, all) => {
        const throttle = new AdaptiveThrottle({
          name: "search",
          multiplier: 1,
          minRequests: 2,
          random: seededRandom(all.length),
          clock: { ...systemClock, monotonicMs: () => 0 },
        });
        const counts = { requests: 0, accepts: 0, rejected: 0 };
        const ends = all.map(async ({ way, turns, leaves }) => {
          const controller = new AbortController();
          if (leaves) void s.schedule(Promise.resolve(), "leaves").then(() => controller.abort());
          await s.schedule(Promise.resolve(), "comes");
          if (controller.signal.aborted) {
            const made = throttle.execute(() => expect.fail("made"), controller.signal);
            await expect(made).rejects.toBe(controller.signal.reason);
            seen.add("has left before");
            return;
          }
          const chance = throttle.stats().refusalChance;
          const end = throttle.execute(async () => {
            for (let turn = 0; turn < turns; turn += 1) await s.schedule(Promise.resolve(), way);
            if (way !== "answers") throw thrown[way];
          }, controller.signal);
          const error = await end.catch((reason: unknown) => reason);
          counts.requests += 1;
          if (error instanceof LoadShedError) {
            expect(chance).toBeGreaterThan(0);
            counts.rejected += 1;
            seen.add("is refused");
          } else {
            const isTurnedAway = way === "is overloaded" || way === "is outlived";
            if (!isTurnedAway || controller.signal.aborted) counts.accepts += 1;
            seen.add(way);
          }
          expect(throttle.stats()).toMatchObject(counts);
        });
        await s.waitIdle();
        await Promise.all(ends);
      }),
      { numRuns: 2_000 },
    );
    expect([...seen].sort()).toEqual([
      "answers",
      "breaks",
      "has left before",
      "is outlived",
      "is overloaded",
      "is refused",
    ]);
  });
});
