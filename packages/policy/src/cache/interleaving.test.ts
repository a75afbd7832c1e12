import { getEventListeners } from "node:events";
import fc from "fast-check";
import { expect, it } from "vitest";

import { settled } from "../base/fixtures/clocks.ts";
import { oneAtATime } from "../base/fixtures/scheduled.ts";
import { type CallContext, systemClock } from "../base/index.ts";
import { CachePolicy } from "./cache-policy.ts";

interface Caller {
  readonly controller: AbortController;
  /** Calls that began before the last deletion that it knows of. */
  readonly outdated: number;
  outcome: "waiting" | "answered" | "failed" | "left";
  value?: number;
  reason?: unknown;
}

const CUT = "the call was cut short";

/** What has happened in one history; time moves by the steps of the test alone. */
class World {
  nowMs = 0;
  outdated = 0;
  readonly callers: Caller[] = [];
  readonly flights: { readonly context: CallContext; isOver: boolean }[] = [];
  readonly cache: CachePolicy = new CachePolicy({
    ttlMs: 2,
    staleWhileRevalidateMs: 1,
    maxStaleMs: 3,
    clock: { ...systemClock, monotonicMs: () => this.nowMs },
  });

  ask(call: (context: CallContext) => Promise<number>): void {
    const { outdated } = this;
    const caller: Caller = { controller: new AbortController(), outdated, outcome: "waiting" };
    this.callers.push(caller);
    const { signal } = caller.controller;
    this.cache
      .for("k")
      .execute(call, signal)
      .then(
        (value) => Object.assign(caller, { outcome: "answered", value }),
        (reason: unknown) =>
          Object.assign(caller, { outcome: signal.aborted ? "left" : "failed", reason }),
      );
  }

  delete(): void {
    this.outdated = this.flights.length;
    this.cache.delete("k");
  }

  /** Calls that can be boarded. */
  get flying(): number {
    const current = this.flights.slice(this.outdated);
    return current.filter(({ context, isOver }) => !isOver && !context.signal.aborted).length;
  }

  get waiting(): number {
    return this.callers.filter(({ outcome }) => outcome === "waiting").length;
  }
}

/** What holds when everything is over; `seen` takes in what there was. */
function check({ cache, callers, flights, waiting }: World, seen: Set<string>): void {
  expect(waiting).toBe(0);
  for (const { controller, outdated, outcome, value, reason } of callers) {
    seen.add(outcome);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    // Nobody is answered with what was deleted before, nor cut short because others left.
    if (outcome === "answered") expect(value).toBeGreaterThan(outdated);
    expect(reason).not.toBe(CUT);
  }
  const { inFlight, shared, stale, renewals, hits, misses } = cache.stats();
  expect(inFlight).toBe(0);
  expect(flights).toHaveLength(misses + renewals);
  for (const [name, count] of Object.entries({ shared, stale, renewals, hits })) {
    if (count > 0) seen.add(name);
  }
  if (flights.some(({ context }) => context.signal.aborted)) seen.add("abandoned");
}

it("answers everybody who stays with one call at a time, whatever the order", async () => {
  const seen = new Set<string>();
  const action = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom("ask", "ask", "leave", "time") },
    { weight: 1, arbitrary: fc.constant("delete") },
  );
  const actions = fc.array(action, { minLength: 3, maxLength: 25, size: "max" });
  const endings = fc.infiniteStream(fc.boolean());
  await fc.assert(
    fc.asyncProperty(fc.scheduler(oneAtATime), actions, endings, async (s, steps, ways) => {
      const world = new World();
      const failures: string[] = [];
      const call = async (context: CallContext): Promise<number> => {
        const flight = { context, isOver: false };
        const number = world.flights.push(flight);
        void context.signal;
        if (world.flying > 1) failures.push(`${world.flying} calls at once`);
        await s.schedule(Promise.resolve(), `flight ${number}`);
        flight.isOver = true;
        if (context.signal.aborted) throw CUT;
        if (!ways.next().value) throw new Error(`flight ${number}`);
        return number;
      };
      const take = (step: string): void => {
        if (step === "ask") world.ask(call);
        if (step === "time") world.nowMs += 1;
        if (step === "delete") world.delete();
        const staying = world.callers.find(({ outcome }) => outcome === "waiting");
        if (step === "leave") staying?.controller.abort();
      };
      s.scheduleSequence(steps.map((step) => ({ label: step, builder: async () => take(step) })));
      await s.waitIdle();
      await settled();
      expect(failures).toEqual([]);
      check(world, seen);
    }),
    { numRuns: 2_000 },
  );
  expect([...seen].sort()).toEqual([
    "abandoned",
    "answered",
    "failed",
    "hits",
    "left",
    "renewals",
    "shared",
    "stale",
  ]);
});
