import { getEventListeners } from "node:events";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { settled } from "../base/fixtures/clocks.ts";
import { oneAtATime, scheduledClock } from "../base/fixtures/scheduled.ts";
import type { CallContext } from "../base/index.ts";
import {
  TimeoutError,
  type TimeoutEvent,
  type TimeoutOptions,
  TimeoutPolicy,
} from "./timeout-policy.ts";

type Way = "returns" | "throws" | "stops when bidden";
type Mode = "aggressive" | "cooperative";

const LEFT = "the caller left";
const DOWN = "down";
const TIMEOUT_MS = 10;

/** What has happened to one call, in order. */
type Log = readonly string[];

/** What the call must come to. */
function expected(mode: Mode, log: Log): string {
  const first = (...names: readonly string[]) => log.find((each) => names.includes(each));
  if (log[0] === "leaves") return LEFT; // Before it began: it is not made.
  if (mode === "aggressive") {
    const decisive = first("returns", "throws", "time is up", "leaves", "stops");
    if (decisive === "returns") return "answer";
    if (decisive === "throws") return DOWN;
    return decisive === "leaves" ? LEFT : "TimeoutError";
  }
  const end = first("returns", "throws", "stops");
  if (end === "returns") return "answer";
  const before = log.slice(0, log.indexOf(end ?? ""));
  if (before.includes("time is up")) return "TimeoutError";
  return end === "throws" ? DOWN : LEFT;
}

interface Caller {
  readonly turns: number;
  readonly way: Way;
  readonly leaves: boolean;
}

/** Calls through one policy, with what happens to each in order. */
class World {
  readonly logs: string[][] = [];
  readonly controllers: AbortController[] = [];
  /** How much had happened to each when it ended. */
  readonly endedAt: number[] = [];
  readonly #startedMs: number[] = [];
  readonly #scheduler: fc.Scheduler;
  readonly #clock;
  readonly #policy: TimeoutPolicy;

  constructor(scheduler: fc.Scheduler, options: Pick<TimeoutOptions, "mode" | "exact">) {
    this.#scheduler = scheduler;
    this.#clock = scheduledClock(scheduler);
    const onTimeout = ({ attempt }: TimeoutEvent): void => {
      this.logs[attempt]?.push("time is up");
      const lastedMs = this.#clock.monotonicMs() - (this.#startedMs[attempt] ?? 0);
      if (lastedMs < TIMEOUT_MS) this.logs[attempt]?.push("too early");
    };
    this.#policy = new TimeoutPolicy({
      timeoutMs: TIMEOUT_MS,
      clock: this.#clock,
      onTimeout,
      ...options,
    });
  }

  get pending(): number {
    return this.#clock.pending;
  }

  async run({ turns, way, leaves }: Caller, id: number): Promise<unknown> {
    const log: string[] = [];
    const controller = new AbortController();
    this.logs[id] = log;
    this.controllers[id] = controller;
    const leave = (): void => {
      log.push("leaves");
      controller.abort(LEFT);
    };
    if (leaves) void this.#later(`${id} leaves`).then(leave);
    await this.#later(`${id} begins`);
    this.#startedMs[id] = this.#clock.monotonicMs();
    const call = async (context: CallContext): Promise<string> => {
      log.push("begins");
      for (let turn = 0; turn < turns; turn += 1) await this.#later(`${id} works`);
      if (way === "stops when bidden") await bidden(context);
      log.push(way === "stops when bidden" ? "stops" : way);
      if (way === "stops when bidden") throw context.signal.reason;
      if (way === "throws") throw DOWN;
      return "answer";
    };
    const outcome = await this.#policy
      .within(call, { attempt: id, signal: controller.signal })
      .catch((thrown) => (thrown instanceof TimeoutError ? thrown.name : thrown));
    this.endedAt[id] = log.length;
    return outcome;
  }

  #later(name: string): Promise<void> {
    return this.#scheduler.schedule(Promise.resolve(), name);
  }
}

describe.each([
  { mode: "aggressive", exact: false },
  { mode: "cooperative", exact: false },
  { mode: "aggressive", exact: true },
] as const)("calls with limited time, $mode, with timers of their own: $exact", (options) => {
  const caller: fc.Arbitrary<Caller> = fc.record({
    turns: fc.constantFrom(0, 1, 3, 6),
    way: fc.constantFrom<Way>("returns", "throws", "stops when bidden"),
    leaves: fc.boolean(),
  });
  const callers = fc.array(caller, { minLength: 1, maxLength: 4 });

  it("end as what came first says, in any order, never early, and leave nothing", async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.scheduler(oneAtATime), callers, async (s, all) => {
        const world = new World(s, options);
        const { logs, endedAt, controllers } = world;
        const ends = Promise.all(all.map((each, id) => world.run(each, id)));
        await s.waitIdle();
        await settled();
        const outcomes = await ends;
        expect(outcomes).toEqual(logs.map((log) => expected(options.mode, log)));
        for (const outcome of outcomes) seen.add(String(outcome));
        expect(logs.flat()).not.toContain("too early");
        // Nobody's time is up after the end.
        const late = logs.map((log, id) => log.slice(endedAt[id]).includes("time is up"));
        expect(late).not.toContain(true);
        for (const { signal } of controllers) {
          expect(getEventListeners(signal, "abort")).toEqual([]);
        }
        expect(world.pending).toBe(0);
      }),
      { numRuns: 2_000 },
    );
    expect([...seen].sort()).toEqual(["TimeoutError", "answer", DOWN, LEFT]);
  });
});

const bidden = ({ signal }: CallContext): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve());
  });
