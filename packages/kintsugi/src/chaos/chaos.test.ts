import { describe, expect, it, onTestFinished, vi } from "vitest";

import type { Host, ProcessIdentity } from "../host/index.ts";
import { type Fact, fact, type MemoryDisk, memoryDisk, memoryStore } from "../store/index.ts";
import type { Components, ComponentView } from "../supervise/index.ts";
import { manualClock } from "../testing/index.ts";
import { type ChaosOptions, createChaos } from "./chaos.ts";
import type { ChaosEntry } from "./types.ts";

const identity = (pid: number): ProcessIdentity => ({ pid, startTicks: "1", bootId: "boot" });

/** One life of a runtime: what is on `disk` outlives it. */
async function setup(
  plan: readonly ChaosEntry[],
  given: Partial<ChaosOptions> & { disk?: MemoryDisk; clock?: ReturnType<typeof manualClock> } = {},
) {
  const { disk = memoryDisk(), clock = manualClock(), ...options } = given;
  const store = memoryStore({ clock, disk });
  const view = { phase: "running", incarnation: 1, identity: identity(42) } as ComponentView;
  const web = { view };
  const happened: string[] = [];
  const sendFault = vi.fn((component: string, sent: object): void => {
    happened.push(`${component} ${JSON.stringify(sent)}`);
  });
  const signal = (target: ProcessIdentity, name: string, group = false): boolean => {
    happened.push(`${name} ${target.pid}${group ? " group" : ""}`);
    return true;
  };
  const errors: unknown[] = [];
  const chaos = createChaos({
    clock,
    store,
    host: { processes: { self: identity(1), signal } as unknown as Host["processes"] },
    components: {
      get: (name) => (name === "web" ? web.view : undefined),
    } as Partial<Components> as Components,
    sendFault,
    progressOf: async () => undefined,
    plan,
    enabled: true,
    onError: (error) => errors.push(error),
    ...options,
  });
  onTestFinished(() => chaos.stop());
  const fired = async (): Promise<readonly Fact[]> => store.facts.latest(10, ["chaos.fired"]);
  const started = chaos.start();
  await clock.advance(0);
  await started;
  return { clock, disk, store, web, happened, sendFault, errors, chaos, fired };
}

const kill = (name: string, ms: number, target = "web"): ChaosEntry => ({
  name,
  at: { kind: "after", ms },
  fault: { kind: "kill", target },
});

describe("a plan of chaos", () => {
  it("does nothing at all unless it is switched on", async () => {
    const { clock, happened, store } = await setup([kill("first", 0)], { enabled: false });
    await clock.advance(10_000);
    expect(happened).toEqual([]);
    expect(clock.pending).toBe(0);
    expect(store.facts.lastId).toBe(0);
  });

  it("kills the group of a component, the runtime and the watchdog, each in its time", async () => {
    const plan = [kill("a", 1_000), kill("b", 2_000, "runtime"), kill("c", 3_000, "watchdog")];
    const { clock, happened } = await setup(plan, { watchdog: () => identity(7) });
    await clock.advance(999);
    expect(happened).toEqual([]);
    await clock.advance(2_001);
    expect(happened).toEqual(["SIGKILL 42 group", "SIGKILL 1", "SIGKILL 7"]);
  });

  it("has each fault on the disk before it happens", async () => {
    const disk = memoryDisk();
    const { clock, happened } = await setup([kill("a", 1_000)], { disk });
    disk.condition = "full";
    await clock.advance(5_000);
    expect(happened).toEqual([]);
    disk.condition = "well";
    await clock.advance(60_000);
    expect(happened).toEqual(["SIGKILL 42 group"]);
  });

  it("goes on after a restart with what has not happened, by the time of its first start", async () => {
    const plan = [kill("a", 1_000, "runtime"), kill("b", 5_000)];
    const first = await setup(plan);
    await first.clock.advance(2_000);
    expect(first.happened).toEqual(["SIGKILL 1"]);
    await first.chaos.stop();

    const second = await setup(plan, { disk: first.disk, clock: first.clock });
    await second.clock.advance(2_999);
    expect(second.happened).toEqual([]);
    await second.clock.advance(1);
    expect(second.happened).toEqual(["SIGKILL 42 group"]);
    expect((await second.fired()).map(({ payload }) => payload)).toEqual([
      { name: "a", kind: "kill", target: "runtime" },
      { name: "b", kind: "kill", target: "web" },
    ]);
  });

  it.each([
    { jumpMs: -3_600_000, waitsMs: 5_000, when: "set back: one span at most" },
    { jumpMs: 3_600_000, waitsMs: 0, when: "set on: not at all" },
  ])("waits, after a restart with a wall clock that was $when", async ({ jumpMs, waitsMs }) => {
    const first = await setup([kill("a", 5_000)]);
    await first.clock.advance(1_000);
    await first.chaos.stop();
    first.clock.jump(jumpMs);
    const second = await setup([kill("a", 5_000)], { disk: first.disk, clock: first.clock });
    if (waitsMs > 0) await second.clock.advance(waitsMs - 1);
    expect(second.happened).toHaveLength(waitsMs > 0 ? 0 : 1);
    await second.clock.advance(1);
    expect(second.happened).toEqual(["SIGKILL 42 group"]);
  });

  it("takes no notice when the wall clock is set back meanwhile", async () => {
    const { clock, happened } = await setup([kill("a", 5_000)]);
    clock.jump(-3_600_000);
    await clock.advance(5_000);
    expect(happened).toEqual(["SIGKILL 42 group"]);
  });

  it("waits for a run to come so far", async () => {
    let done = 0;
    const entry: ChaosEntry = {
      name: "a",
      at: { kind: "progress", run: "digest", done: 10 },
      fault: { kind: "crash", target: "web" },
    };
    const { clock, happened } = await setup([entry], { progressOf: async () => ({ done }) });
    done = 9;
    await clock.advance(1_000);
    expect(happened).toEqual([]);
    done = 11;
    await clock.advance(100);
    expect(happened).toEqual(['web {"fault":"crash"}']);
  });

  it("keeps a kill until there is somebody to kill", async () => {
    const { clock, happened, web, fired } = await setup([kill("a", 0)], {});
    expect(happened).toHaveLength(1);
    const next = await setup([kill("b", 500)], { clock });
    next.web.view = { ...web.view, identity: null };
    await clock.advance(2_000);
    expect(next.happened).toEqual([]);
    next.web.view = web.view;
    await clock.advance(100);
    expect(next.happened).toEqual(["SIGKILL 42 group"]);
    expect(await fired()).toHaveLength(1);
  });
});

describe("a fault that is sent", () => {
  const now = { kind: "after", ms: 0 } as const;

  it.each<{ fault: ChaosEntry["fault"]; frame: object }>([
    { fault: { kind: "hang", target: "web", ms: 500 }, frame: { fault: "hang", ms: 500 } },
    {
      fault: { kind: "leak", target: "web", bytesPerSecond: 9 },
      frame: { fault: "leak", bytesPerSecond: 9 },
    },
  ])("is the frame of a $fault.kind", async ({ fault, frame }) => {
    const { clock, sendFault } = await setup([{ name: "a", at: now, fault }]);
    await clock.advance(5_000);
    expect(sendFault.mock.calls).toEqual([["web", frame]]);
  });

  it("is sent again until it arrives, and only once then", async () => {
    const entry: ChaosEntry = { name: "a", at: now, fault: { kind: "crash", target: "web" } };
    let refusals = 3;
    const sendFault = vi.fn(() => {
      refusals -= 1;
      if (refusals > 0) throw new Error("it is not connected");
    });
    const { clock, errors } = await setup([entry], { sendFault });
    await clock.advance(10_000);
    expect(sendFault).toHaveBeenCalledTimes(3);
    expect(errors).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it("is given up, and reported, when it never arrives", async () => {
    const entry: ChaosEntry = { name: "a", at: now, fault: { kind: "crash", target: "web" } };
    const refusal = new Error("it is not connected");
    const sendFault = (): void => {
      throw refusal;
    };
    const { clock, errors } = await setup([entry], { sendFault });
    await clock.advance(60_000);
    expect(errors).toEqual([refusal]);
    expect(clock.pending).toBe(0);
  });
});

describe("calls that are made to fail", () => {
  const entry: ChaosEntry = {
    name: "a",
    at: { kind: "after", ms: 0 },
    fault: { kind: "fail-calls", target: "web", rate: 0.2 },
  };
  const sent = 'web {"fault":"fail-calls","rate":0.2}';

  it("fail again in each new life of the component", async () => {
    const { clock, happened, store, web } = await setup([entry]);
    await clock.advance(1_000);
    expect(happened).toEqual([sent]);
    web.view = { ...web.view, incarnation: 2 };
    void store.commit([fact("component.started", clock.epochMs(), { component: "web" })]);
    await clock.advance(1_000);
    expect(happened).toEqual([sent, sent]);
    await clock.advance(10_000);
    expect(happened).toHaveLength(2);
  });

  it("fail in a new life only when it is up", async () => {
    const { clock, happened, store, web } = await setup([entry]);
    web.view = { ...web.view, incarnation: 2, phase: "starting" };
    void store.commit([fact("component.started", clock.epochMs(), { component: "web" })]);
    await clock.advance(5_000);
    expect(happened).toEqual([sent]);
    web.view = { ...web.view, phase: "running" };
    await clock.advance(100);
    expect(happened).toEqual([sent, sent]);
  });

  it("fail as the newest fault says, whatever its place in the plan", async () => {
    const half: ChaosEntry = {
      name: "b",
      at: { kind: "after", ms: 1_000 },
      fault: { kind: "fail-calls", target: "web", rate: 0.5 },
    };
    const first = await setup([half, entry]);
    await first.clock.advance(2_000);
    const newest = 'web {"fault":"fail-calls","rate":0.5}';
    expect(first.happened).toEqual([sent, newest]);
    await first.chaos.stop();
    const second = await setup([half, entry], { disk: first.disk, clock: first.clock });
    await second.clock.advance(1_000);
    expect(second.happened).toEqual([newest]);
  });

  it("fail again after a restart of the runtime, without a second fact", async () => {
    const first = await setup([entry]);
    await first.clock.advance(1_000);
    await first.chaos.stop();
    const second = await setup([entry], { disk: first.disk, clock: first.clock });
    await second.clock.advance(1_000);
    expect(second.happened).toEqual([sent]);
    expect(await second.fired()).toHaveLength(1);
  });
});

describe("a plan that makes no sense", () => {
  it.each<{ plan: readonly ChaosEntry[]; message: string }>([
    {
      plan: [kill("a", 0), kill("a", 1)],
      message: "Two entries of the chaos plan are named a",
    },
    {
      plan: [kill("a", -1)],
      message: "ms of the chaos entry a must be a whole number of at least 0, got -1",
    },
    {
      plan: [
        {
          name: "a",
          at: { kind: "after", ms: 0 },
          fault: { kind: "fail-calls", target: "web", rate: 20 },
        },
      ],
      message: "rate of the chaos entry a must be a number from 0 to 1, got 20",
    },
  ])("is refused: $message", async ({ plan, message }) => {
    await expect(setup(plan)).rejects.toThrow(new RangeError(message));
  });
});
