import { getEventListeners } from "node:events";
import fc from "fast-check";
import { expect, it } from "vitest";

import { settled } from "../base/fixtures/clocks.ts";
import { oneAtATime, scheduledClock } from "../base/fixtures/scheduled.ts";
import { type CallContext, seededRandom } from "../base/index.ts";
import { ChaosPolicy } from "./chaos-policy.ts";

const LEFT = "the caller left";

/** What a call must come to, by what happened to it. */
function expected(log: readonly string[]): string {
  if (log[0] === "leaves") return LEFT; // It is not even begun.
  const waits = log.indexOf("latency");
  if (waits >= 0 && log[waits + 1] === "leaves") return LEFT;
  if (log.includes("error")) return "ChaosError";
  if (log.includes("result")) return "made up";
  return log.includes("is cut") ? "cut" : "answer";
}

/** Calls through one policy, with what happens to each in order. */
class World {
  readonly logs: string[][];
  readonly controllers: readonly AbortController[];
  readonly policy: ChaosPolicy<string>;
  readonly #scheduler: fc.Scheduler;
  readonly #clock;

  constructor(scheduler: fc.Scheduler, calls: number, seed: number) {
    this.#scheduler = scheduler;
    this.#clock = scheduledClock(scheduler);
    this.logs = Array.from({ length: calls }, () => []);
    this.controllers = Array.from({ length: calls }, () => new AbortController());
    this.policy = new ChaosPolicy({
      enabled: true,
      latencyRate: 0.5,
      latencyMaxMs: 5,
      errorRate: 0.2,
      resultRate: 0.2,
      result: () => "made up",
      abortRate: 0.4,
      random: seededRandom(seed),
      clock: this.#clock,
      onFault: ({ fault, attempt }) => void this.logs[attempt]?.push(fault),
    });
  }

  get pending(): number {
    return this.#clock.pending;
  }

  later(name: string): Promise<void> {
    return this.#scheduler.schedule(Promise.resolve(), name);
  }

  async run(id: number, turns: number, leaves: boolean): Promise<string> {
    const controller = this.controllers[id] ?? expect.fail("nobody");
    const log = this.logs[id] ?? expect.fail("nobody");
    const leave = (): void => {
      log.push("leaves");
      controller.abort(LEFT);
    };
    if (leaves) void this.later(`${id} leaves`).then(leave);
    await this.later(`${id} begins`);
    const call = async (context: CallContext): Promise<string> => {
      log.push("made");
      void context.signal;
      for (let turn = 0; turn < turns; turn += 1) await this.later(`${id} works`);
      const isCut = context.signal.aborted;
      if (isCut) expect([LEFT, "ChaosError"]).toContain(nameOf(context.signal.reason));
      if (isCut) log.push("is cut");
      return isCut ? "cut" : "answer";
    };
    return this.policy.within(call, { attempt: id, signal: controller.signal }).catch(nameOf);
  }
}

it("chaos does to each call what it says, in any order, and leaves nothing behind", async () => {
  const caller = fc.record({ turns: fc.constantFrom(0, 1, 3), leaves: fc.boolean() });
  const callers = fc.array(caller, { minLength: 1, maxLength: 5 });
  const switches = fc.array(fc.boolean(), { maxLength: 2 });
  const property = fc.asyncProperty(
    fc.scheduler(oneAtATime),
    callers,
    switches,
    fc.nat(),
    async (s, all, isOns, seed) => {
      const world = new World(s, all.length, seed);
      const { policy, logs } = world;
      for (const isOn of isOns) {
        const turn = (): void => (isOn ? policy.enable() : policy.disable());
        void world.later("switch").then(turn);
      }
      const ends = Promise.all(all.map((each, id) => world.run(id, each.turns, each.leaves)));
      await s.waitIdle();
      await settled();
      const outcomes = await ends;
      expect(outcomes).toEqual(logs.map(expected));
      for (const outcome of outcomes) seen.add(outcome);
      const faults = (name: string) => logs.flat().filter((each) => each === name).length;
      const { enabled: _, calls, ...counts } = policy.stats();
      for (const [name, count] of Object.entries(counts)) expect(count).toBe(faults(name));
      expect(calls).toBeLessThanOrEqual(all.length);
      if (calls < all.length) seen.add("switched off");
      expect(world.pending).toBe(0);
      for (const { signal } of world.controllers) {
        expect(getEventListeners(signal, "abort")).toEqual([]);
      }
    },
  );
  const seen = new Set<string>();
  await fc.assert(property, { numRuns: 2_000 });
  expect([...seen].sort()).toEqual([
    "ChaosError",
    "answer",
    "cut",
    "made up",
    "switched off",
    LEFT,
  ]);
});

const nameOf = (reason: unknown): string => (reason instanceof Error ? reason.name : `${reason}`);
