import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  type End,
  freshWatchdog,
  type Input,
  LOCK_HELD_CODE,
  nextTickMs,
  type Order,
  step,
  TICK_MS,
  type WatchdogLimits,
  type WatchdogState,
} from "./watchdog-state.ts";

const limits: WatchdogLimits = {
  restart: {
    initialDelayMs: 100,
    maxDelayMs: 5_000,
    intensity: 3,
    periodMs: 60_000,
    whenExhausted: "retry",
  },
  hangMs: 2_000,
  startMs: 4_000,
  stopMs: 3_000,
};

/** A machine, the process that its orders start and end, and a clock that moves only when told to. */
function setup(given: WatchdogState = freshWatchdog(0)) {
  let state = given;
  let nowMs = 0;
  let lives = false;
  const orders: Order[] = [];
  const send = (input: Input, waitMs = 0): readonly Order[] => {
    nowMs += waitMs;
    const move = step(state, input, limits, nowMs, 0);
    state = move.state;
    if (input.kind === "ended") lives = false;
    if (input.kind === "adopted") lives = true;
    if (move.orders.some(({ kind }) => kind === "start")) lives = true;
    orders.push(...move.orders);
    return move.orders;
  };
  const end = (end: End): readonly Order[] => send({ kind: "ended", end });
  const look = (times: number): readonly Order[] =>
    Array.from({ length: times }, () => send({ kind: "tick" }, TICK_MS)).flat();
  return {
    send,
    end,
    look,
    start: () => send({ kind: "tick" }),
    ready: () => send({ kind: "heard", ready: true }),
    beat: () => send({ kind: "heard", ready: false }),
    orders,
    get state() {
      return state;
    },
    get nowMs() {
      return nowMs;
    },
    get lives() {
      return lives;
    },
  };
}

const kinds = (orders: readonly Order[]): readonly string[] =>
  orders.map((order) => (order.kind === "tell" ? order.type : order.kind));

describe("a runtime that dies", () => {
  it("is started again at once, and later each time that it dies young", () => {
    const world = setup();
    const { start, ready, end } = world;
    expect(kinds(start())).toEqual(["start"]);
    const waits: number[] = [];
    for (let death = 0; death < 3; death += 1) {
      ready();
      expect(kinds(end({ kind: "crash" }))).toEqual(["runtime.crashed"]);
      const { phase } = world.state;
      const waitMs = phase.kind === "waiting" ? phase.untilMs - world.nowMs : Number.NaN;
      waits.push(waitMs);
      expect(kinds(world.send({ kind: "tick" }, waitMs))).toEqual(["start"]);
    }
    expect(waits).toEqual([0, 50, 100]);
    expect(kinds(end({ kind: "crash" }))).toEqual(["runtime.crashed", "runtime.crash-looping"]);
  });

  it("has no fresh count for having been ready for a moment", () => {
    const world = setup();
    const { start, ready, end, send } = world;
    start();
    for (let death = 0; death < limits.restart.intensity; death += 1) {
      ready();
      send({ kind: "heard", ready: false }, 1_800);
      expect(kinds(end({ kind: "crash" }))).toEqual(["runtime.crashed"]);
      send({ kind: "tick" }, 1_000);
    }
    ready();
    send({ kind: "heard", ready: false }, 1_800);
    expect(kinds(end({ kind: "crash" }))).toEqual(["runtime.crashed", "runtime.crash-looping"]);
  });

  it("has a fresh count when it had been well for a period", () => {
    const world = setup();
    const { start, ready, end, send } = world;
    start();
    for (let death = 0; death < 20; death += 1) {
      ready();
      send({ kind: "heard", ready: false }, limits.restart.periodMs);
      end({ kind: "crash" });
      expect(nextTickMs(world.state, world.nowMs)).toBe(0);
      expect(kinds(start())).toEqual(["start"]);
    }
    expect(world.state.crashes).toBe(20);
  });

  it("is left alone when it ended on purpose", () => {
    const { start, ready, end } = setup();
    start();
    ready();
    expect(end({ kind: "on-purpose" })).toContainEqual({ kind: "leave", code: 0, sweep: true });
  });
});

describe("a runtime that refuses", () => {
  it.each([69, 78])("before it was ever ready ends the watch with its code %d", (code) => {
    const { start, end } = setup();
    start();
    expect(end({ kind: "refused", code })).toContainEqual({ kind: "leave", code, sweep: false });
  });

  it("after it was ready once has crashed like any other", () => {
    const { start, ready, end } = setup();
    start();
    ready();
    end({ kind: "crash" });
    start();
    expect(kinds(end({ kind: "refused", code: 69 }))).toEqual(["runtime.crashed"]);
  });

  it("the folder because another has it is no crash, and is tried again ten times", () => {
    const world = setup();
    const { start, end, send } = world;
    start();
    for (let time = 0; time < 10; time += 1) {
      expect(end({ kind: "lock-held" })).toEqual([]);
      expect(kinds(send({ kind: "tick" }, 1_000))).toEqual(["start"]);
    }
    const leave = { kind: "leave", code: LOCK_HELD_CODE, sweep: false };
    expect(end({ kind: "lock-held" })).toContainEqual(leave);
    expect(world.state.crashes).toBe(0);
  });
});

describe("a runtime that falls silent", () => {
  const looks = limits.hangMs / TICK_MS;

  it("is killed when it has been silent for hangMs, and started again", () => {
    const world = setup();
    const { start, ready, look, end } = world;
    start();
    ready();
    expect(look(looks - 1)).toEqual([]);
    expect(kinds(look(1))).toEqual(["runtime.hung", "kill"]);
    expect(kinds(end({ kind: "crash" }))).toEqual([]);
    expect(world.state).toMatchObject({ hangs: 1, crashes: 1 });
    expect(kinds(start())).toEqual(["start"]);
  });

  it("has longer to boot", () => {
    const { start, look } = setup();
    start();
    expect(look(limits.startMs / TICK_MS - 1)).toEqual([]);
    expect(kinds(look(1))).toEqual(["runtime.hung", "kill"]);
  });

  it("has no longer to boot because it beats: only being ready ends a boot", () => {
    const { start, look, beat } = setup();
    start();
    for (let time = 1; time < limits.startMs / TICK_MS; time += 1) {
      expect(look(1)).toEqual([]);
      beat();
    }
    const startingMs = limits.startMs;
    expect(look(1)).toEqual([
      expect.objectContaining({ payload: expect.objectContaining({ startingMs }) }),
      { kind: "kill" },
    ]);
  });

  it("lives as long as it beats", () => {
    const { start, ready, look, beat } = setup();
    start();
    ready();
    for (let time = 0; time < 10; time += 1) {
      expect(look(looks - 1)).toEqual([]);
      beat();
    }
  });

  it("is not blamed for the time in which the watchdog itself was late", () => {
    const { start, ready, send, look } = setup();
    start();
    ready();
    expect(send({ kind: "tick" }, 3_600_000)).toEqual([]);
    expect(look(looks - 3)).toEqual([]);
    expect(kinds(look(1))).toEqual(["runtime.hung", "kill"]);
  });
});

describe("a stop", () => {
  it("asks, waits for stopMs, kills, and leaves when the end is seen", () => {
    const { start, ready, send, look, end } = setup();
    start();
    ready();
    expect(send({ kind: "stop", form: "down" })).toEqual([{ kind: "terminate", why: "down" }]);
    expect(look(limits.stopMs / TICK_MS - 1)).toEqual([]);
    expect(kinds(look(1))).toEqual(["kill"]);
    expect(kinds(end({ kind: "crash" }))).toEqual(["runtime.stopped", "leave"]);
  });

  it("kills at once in its hard form, also in the middle of a soft one", () => {
    const { start, send } = setup();
    start();
    send({ kind: "stop", form: "down" });
    expect(kinds(send({ kind: "stop", form: "kill" }))).toEqual(["kill"]);
    expect(kinds(send({ kind: "stop", form: "kill" }))).toEqual([]);
  });

  it("is brought to its end, also by a watchdog that is asked to leave alone", () => {
    const { start, send, end } = setup();
    start();
    send({ kind: "stop", form: "down" });
    expect(send({ kind: "detach" })).toEqual([]);
    expect(kinds(end({ kind: "on-purpose" }))).toEqual(["runtime.stopped", "leave"]);
  });

  it("gives up a process that no signal ends, and says so by its code", () => {
    const { start, send, look } = setup();
    start();
    send({ kind: "stop", form: "kill" });
    const orders = look(200);
    expect(kinds(orders)).toEqual(["kill", "kill", "kill", "leave"]);
    expect(orders.at(-1)).toEqual({ kind: "leave", code: 1, sweep: true });
  });
});

describe("a restart that was asked for", () => {
  it("starts the next life at the end of the last, and counts no crash", () => {
    const world = setup();
    const { start, ready, send, end } = world;
    start();
    ready();
    expect(send({ kind: "restart" })).toEqual([{ kind: "terminate", why: "restart" }]);
    expect(kinds(end({ kind: "on-purpose" }))).toEqual(["start"]);
    expect(world.state.crashes).toBe(0);
  });

  it("holds no earlier death against the next life", () => {
    const world = setup();
    const { start, send, end } = world;
    start();
    end({ kind: "crash" });
    start();
    send({ kind: "restart" });
    end({ kind: "on-purpose" });
    end({ kind: "crash" });
    expect(nextTickMs(world.state, world.nowMs)).toBe(0);
  });

  it("does not wait for a back-off", () => {
    const { start, end, send } = setup();
    start();
    for (let death = 0; death < 4; death += 1) {
      end({ kind: "crash" });
      send({ kind: "tick" }, 1_000);
    }
    end({ kind: "crash" });
    expect(kinds(send({ kind: "restart" }))).toEqual(["start"]);
  });
});

describe("a watchdog, in any history", () => {
  const anyEnd = fc.constantFrom<End>(
    { kind: "on-purpose" },
    { kind: "lock-held" },
    { kind: "refused", code: 78 },
    { kind: "crash" },
    { kind: "crash" },
    { kind: "crash" },
  );
  const anyInput: fc.Arbitrary<Input> = fc.oneof(
    { weight: 14, arbitrary: fc.constant<Input>({ kind: "tick" }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("heard"), ready: fc.boolean() }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("ended"), end: anyEnd }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("adopted"), ready: fc.boolean() }) },
    { weight: 1, arbitrary: fc.constant<Input>({ kind: "restart" }) },
    { weight: 1, arbitrary: fc.constant<Input>({ kind: "detach" }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("stop"),
        form: fc.constantFrom<"down" | "kill">("down", "kill"),
      }),
    },
  );
  const anyStep = fc.record({ input: anyInput, waitMs: fc.integer({ min: 0, max: 700 }) });

  it("has one runtime at most, none after a stop, and never forgets to start one", () => {
    const arrows = new Set<string>();

    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 150, size: "max" }), (steps) => {
        const world = setup();
        let stopped = false;
        for (const { input, waitMs } of steps) {
          // Only what lives can end, speak or be found.
          if ((input.kind === "ended" || input.kind === "heard") && !world.lives) continue;
          if (input.kind === "adopted" && world.state.phase.kind !== "waiting") continue;
          const before = world.state;
          const lived = world.lives;
          const orders = world.send(input, waitMs);
          const { phase } = world.state;
          if (phase.kind !== before.phase.kind) arrows.add(`${before.phase.kind} > ${phase.kind}`);
          if (before.phase.kind === "left") expect(orders).toEqual([]);
          if (input.kind === "stop") stopped = true;
          const starts = orders.filter(({ kind }) => kind === "start").length;
          expect(starts).toBeLessThanOrEqual(stopped || (lived && input.kind !== "ended") ? 0 : 1);
          if (orders.some(({ kind }) => kind === "leave")) expect(phase.kind).toBe("left");
        }
        if (world.state.phase.kind !== "waiting") return;
        expect(kinds(world.send({ kind: "tick" }, 60_000))).toContain("start");
      }),
      { numRuns: 1_500 },
    );

    // A property that never got there proves nothing: these are the arrows of the drawing, all of them.
    expect([...arrows].sort()).toEqual([
      "ending > left",
      "ending > starting",
      "ending > stopping",
      "ending > waiting",
      "running > ending",
      "running > left",
      "running > stopping",
      "running > waiting",
      "starting > ending",
      "starting > left",
      "starting > running",
      "starting > stopping",
      "starting > waiting",
      "stopping > left",
      "waiting > left",
      "waiting > running",
      "waiting > starting",
    ]);
  });
});
