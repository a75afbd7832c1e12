import fc from "fast-check";
import { expect, it } from "vitest";

import { oneAtATime, scheduledClock } from "../../base/fixtures/scheduled.ts";
import { CircuitBreaker } from "./breaker.ts";

/** What may follow on what the circuit told last. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  closed: ["open"],
  open: ["halfOpen", "close"],
  halfOpen: ["open", "close"],
  close: ["open"],
};

type Ending = "succeeds" | "fails";
type Job = readonly [ending: Ending, turns: number, before: number];

const job: fc.Arbitrary<Job> = fc.tuple(
  fc.constantFrom<Ending>("succeeds", "fails"),
  fc.constantFrom(0, 1, 4, 15),
  fc.nat(12),
);

/** A breaker with two places, whose actions go on by chance. */
function setup(s: fc.Scheduler, isLimited: boolean, seen: Set<string>) {
  const clock = scheduledClock(s);
  let running = 0;
  let trials = 0;
  let last = "closed";
  const turn = (what: string): Promise<void> => s.schedule(Promise.resolve(), what);
  const action = async (ending: Ending, turns: number): Promise<string> => {
    running += 1;
    if (breaker.halfOpen) trials += 1;
    expect(running).toBeLessThanOrEqual(2);
    expect(trials).toBeLessThanOrEqual(1);
    for (let count = 0; count < turns; count += 1) await turn("the action goes on");
    running -= 1;
    if (ending === "fails") throw new Error("failed");
    return ending;
  };
  const breaker = new CircuitBreaker(action, {
    clock,
    capacity: 2,
    timeout: isLimited ? 5 : false,
    rollingCountTimeout: 1e9,
    resetTimeout: 10,
    volumeThreshold: 2,
  });
  for (const event of ["open", "halfOpen", "close"] as const) {
    breaker.on(event, () => {
      expect(arrows[last]).toContain(event);
      seen.add(`${last} ${event}`);
      last = event;
      trials = 0;
    });
  }
  const call = async ([ending, turns, before]: Job): Promise<string> => {
    for (let count = 0; count < before; count += 1) await turn("the caller waits");
    try {
      return await breaker.fire(ending, turns);
    } catch (thrown) {
      return thrown instanceof Error && "code" in thrown ? String(thrown.code) : "failed";
    }
  };
  return { clock, breaker, call };
}

it("calls end, trials are alone and places come back, in any order of what happens", async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(oneAtATime),
      fc.array(job, { minLength: 1, maxLength: 8, size: "max" }),
      fc.boolean(),
      async (s, jobs, isLimited) => {
        const { clock, breaker, call } = setup(s, isLimited, seen);
        const calls = Promise.all(jobs.map(call));
        await s.waitFor(calls);
        const ends = await calls;
        for (const end of ends) seen.add(end);
        await s.waitIdle();
        const count = (...some: string[]): number =>
          ends.filter((end) => some.includes(end)).length;
        expect(breaker.stats).toMatchObject({
          fires: jobs.length,
          rejects: count("EOPENBREAKER"),
          semaphoreRejections: count("ESEMLOCKED"),
          timeouts: count("ETIMEDOUT"),
          successes: count("succeeds"),
          failures: count("failed", "ETIMEDOUT", "ESEMLOCKED"),
        });
        expect(breaker.semaphore.count).toBe(2);
        breaker.shutdown();
        expect(clock.pending).toBe(0);
      },
    ),
    { numRuns: 2_000 },
  );
  expect([...seen].toSorted()).toEqual([
    "EOPENBREAKER",
    "ESEMLOCKED",
    "ETIMEDOUT",
    "close open",
    "closed open",
    "failed",
    "halfOpen close",
    "halfOpen open",
    "open halfOpen",
    "succeeds",
  ]);
});
