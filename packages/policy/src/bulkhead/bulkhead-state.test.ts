import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { manualClock, settled } from "../base/fixtures/clocks.ts";
import { type CallContext, type Clock, leaveWork } from "../base/index.ts";
import { waiting } from "../waiting/index.ts";
import { Bulkhead } from "./bulkhead.ts";
import {
  admitted,
  arrive,
  type BulkheadLimits,
  type BulkheadState,
  type CallPhase,
  count,
  empty,
  end,
  leave,
} from "./bulkhead-state.ts";

const queueTimeoutMs = 50;

/** A clock all of whose timers fire at once, between two microtasks. */
function burstClock() {
  const pending = new Set<() => void>();
  const clock: Clock = {
    ...manualClock(),
    after(_, fn) {
      pending.add(fn);
      return () => void pending.delete(fn);
    },
  };
  const fireAll = (): void => {
    for (const fn of pending) {
      pending.delete(fn);
      fn();
    }
  };
  return { clock, pending, fireAll };
}

interface Step {
  readonly action: "arrive" | "end" | "outlive" | "work ends" | "abort" | "wait" | "configure";
  readonly priority: number;
  readonly key: string;
  readonly weight: number;
  readonly which: number;
}

/** A real bulkhead beside the rule, with all calls that are out; compared after every step. */
class CheckedBulkhead {
  state: BulkheadState = empty;
  readonly #clock = manualClock();
  readonly #bulkhead: Bulkhead;
  readonly #calls = new Map<number, ReturnType<CheckedBulkhead["startCall"]>>();
  #limits: BulkheadLimits;

  constructor(limits: BulkheadLimits) {
    this.#limits = limits;
    this.#bulkhead = new Bulkhead({ name: "db", ...limits, queueTimeoutMs, clock: this.#clock });
  }

  async live(id: number, { action, which, ...claim }: Step): Promise<void> {
    const one = (phase: CallPhase): number | undefined => {
      const ids = [...this.#calls.keys()].filter((other) => this.state.phases[other] === phase);
      return ids[which % Math.max(ids.length, 1)];
    };
    if (action === "arrive") {
      this.state = arrive(this.state, this.#limits, { id, ...claim });
      this.#calls.set(id, this.startCall(id, claim)); // It runs at once where there is room.
    } else if (action === "wait") await this.#wait(which % queueTimeoutMs);
    else if (action === "configure") this.#configure(1 + (which % 4));
    else if (action === "end") this.#end(one("running"), false);
    else if (action === "outlive") this.#end(one("running"), true);
    else if (action === "work ends") this.#endWork(one("zombie"));
    else this.#abort(one("waiting"));
    await settled();
    this.#check();
  }

  startCall(id: number, claim: { priority: number; key: string; weight: number }) {
    const returned = Promise.withResolvers<void>();
    const work = Promise.withResolvers<void>();
    const controller = new AbortController();
    const call = {
      returned,
      work,
      controller,
      arrivedMs: this.#clock.monotonicMs(),
      context: undefined as CallContext | undefined,
      phase: "waiting" as CallPhase,
    };
    this.#bulkhead
      .with(claim)
      .execute((context) => {
        expect(this.state.phases[id]).toBe("running");
        call.phase = "running";
        call.context = context;
        return returned.promise;
      }, controller.signal)
      .then(
        () => {
          call.phase = "ended";
        },
        (error: Error) => {
          const outlived = error.message === "out of time" ? "zombie" : "left";
          call.phase = error.message.endsWith("is full") ? "refused" : outlived;
        },
      );
    return call;
  }

  #end(id: number | undefined, goesOn: boolean): void {
    const call = this.#calls.get(id ?? -1);
    if (id === undefined || !call?.context) return;
    if (goesOn) {
      leaveWork(call.context, call.work.promise);
      call.returned.reject(new Error("out of time"));
    } else call.returned.resolve();
    this.state = end(this.state, this.#limits, id, goesOn);
  }

  #endWork(id: number | undefined): void {
    const call = this.#calls.get(id ?? -1);
    if (id === undefined || !call) return;
    call.phase = "ended";
    call.work.reject(new Error("too late to matter"));
    this.state = end(this.state, this.#limits, id, false);
  }

  #abort(id: number | undefined): void {
    if (id === undefined) return;
    this.#calls.get(id)?.controller.abort(new Error("user left"));
    this.state = leave(this.state, id);
  }

  async #wait(ms: number): Promise<void> {
    await this.#clock.advance(ms);
    const isLate = (id: number): boolean =>
      (this.#calls.get(id)?.arrivedMs ?? 0) + queueTimeoutMs <= this.#clock.monotonicMs();
    this.state = waiting(this.state.line).filter(isLate).reduce(leave, this.state);
  }

  #configure(maxConcurrent: number): void {
    this.#limits = { ...this.#limits, maxConcurrent };
    this.#bulkhead.configure({ maxConcurrent });
    this.state = admitted(this.state, this.#limits);
  }

  #check(): void {
    const phases = [...this.#calls].map(([id, { phase }]) => [id, phase]);
    expect(Object.fromEntries(phases)).toEqual(this.state.phases);
    expect(this.#bulkhead.stats()).toMatchObject({
      running: count(this.state, "running"),
      zombies: count(this.state, "zombie"),
      waiting: count(this.state, "waiting"),
    });
    expect(this.#clock.pending).toBe(count(this.state, "waiting"));
  }
}

describe("a bulkhead, in any history", () => {
  const step: fc.Arbitrary<Step> = fc.record({
    action: fc.oneof(
      { weight: 8, arbitrary: fc.constant<Step["action"]>("arrive") },
      { weight: 4, arbitrary: fc.constantFrom<Step["action"]>("end", "outlive", "work ends") },
      { weight: 2, arbitrary: fc.constantFrom<Step["action"]>("abort", "wait") },
      { weight: 1, arbitrary: fc.constant<Step["action"]>("configure") },
    ),
    priority: fc.constantFrom(0, 0, 0, 5),
    key: fc.constantFrom("a", "b", "c"),
    weight: fc.integer({ min: 1, max: 2 }),
    which: fc.nat(),
  });
  const anyLimits = fc.record({
    maxConcurrent: fc.integer({ min: 1, max: 3 }),
    maxQueue: fc.integer({ min: 0, max: 5 }),
  });

  it("does what the rule says, and loses no slot", async () => {
    const arrows = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        anyLimits,
        fc.array(step, { maxLength: 80, size: "max" }),
        async (limits, steps) => {
          const bulkhead = new CheckedBulkhead(limits);
          for (const [id, each] of steps.entries()) {
            const before = bulkhead.state.phases;
            await bulkhead.live(id, each);
            for (const [call, phase] of Object.entries(bulkhead.state.phases)) {
              const earlier = before[Number(call)] ?? "arrives";
              if (earlier !== phase) arrows.add(`${earlier} > ${phase}`);
            }
          }
        },
      ),
      { numRuns: 60 },
    );
    // A property that never got there proves nothing: these are the arrows of the drawing.
    expect([...arrows].sort()).toEqual([
      "arrives > refused",
      "arrives > running",
      "arrives > waiting",
      "running > ended",
      "running > zombie",
      "waiting > left",
      "waiting > running",
      "zombie > ended",
    ]);
  });
});

describe("a bulkhead, however its calls interleave", () => {
  const limits = { maxConcurrent: 2, maxQueue: 3 };

  it("never runs too many, starts them in order, and has all slots free in the end", async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(fc.boolean()), async (scheduler, aborts) => {
        const { clock, fireAll, pending } = burstClock();
        const bulkhead = new Bulkhead({ name: "db", ...limits, queueTimeoutMs: 10, clock });
        const started: number[] = [];
        let running = 0;
        const ask = async (id: number): Promise<void> => {
          const controller = new AbortController();
          if (aborts[id]) {
            void scheduler
              .schedule(Promise.resolve(), `abort ${id}`)
              .then(() => controller.abort());
          }
          const ends = bulkhead.execute(async () => {
            started.push(id);
            running += 1;
            expect(running).toBeLessThanOrEqual(limits.maxConcurrent);
            await scheduler.schedule(Promise.resolve(), `end ${id}`);
            running -= 1;
          }, controller.signal);
          await ends.then(
            () => seen.add("ended"),
            (error: Error) => seen.add(error.message),
          );
        };
        const asked = Array.from({ length: 8 }, (_, id) =>
          scheduler.schedule(Promise.resolve(), `arrive ${id}`).then(() => ask(id)),
        );
        const late = scheduler.schedule(Promise.resolve(), "late").then(fireAll);
        await scheduler.waitFor(Promise.all([...asked, late]));
        expect(bulkhead.stats()).toMatchObject({ running: 0, waiting: 0, zombies: 0 });
        expect(pending.size).toBe(0);
        expect(new Set(started).size).toBe(started.length);
      }),
      { numRuns: 2_000 },
    );
    expect([...seen].sort()).toEqual([
      'Bulkhead "db" had no room in time',
      'Bulkhead "db" is full',
      "This operation was aborted",
      "ended",
    ]);
  });
});
