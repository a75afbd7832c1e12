import { describe, expect, it } from "vitest";

import type { IncidentFilter, IncidentStatus, IncidentView } from "../../heal/index.ts";
import { manualClock } from "../../testing/index.ts";
import type { RunFilter, RunStatus, RunView, StepView } from "../../workflow/index.ts";
import { fakeLog } from "../fixtures/fake-log.ts";
import { fakeRuntime } from "../fixtures/running-server.ts";
import { ViewReader } from "./read-views.ts";

/** A run that was started at `atMs`; where it has ended, ten milliseconds later. */
const run = (
  id: string,
  status: RunStatus,
  atMs: number,
  more: Partial<RunView> = {},
): RunView => ({
  id,
  workflow: "digest",
  version: 1,
  status,
  waiting: false,
  parentId: null,
  createdAtMs: atMs,
  endedAtMs: status === "running" ? null : atMs + 10,
  stepsRecorded: 1,
  progress: null,
  error: null,
  crashes: 0,
  deadReason: null,
  deadlineMs: null,
  ending: null,
  attributes: {},
  queue: "default",
  priority: 0,
  forkedFrom: null,
  generation: 0,
  ...more,
});

const many = (count: number, make: (index: number) => RunView): readonly RunView[] =>
  Array.from({ length: count }, (_, index) => make(index));

const incident = (
  id: string,
  status: IncidentStatus,
  openedAtMs: number,
  more: Partial<IncidentView> = {},
): IncidentView => ({
  id,
  key: `web/${id}`,
  component: "web",
  class: "crash",
  severity: "high",
  status,
  summary: "",
  trigger: null,
  playbook: null,
  occurrences: 1,
  openedAtMs,
  endedAtMs: null,
  actions: [],
  ...more,
});

const step = (seq: number): StepView => ({
  seq,
  kind: "step",
  name: `step ${seq}`,
  state: "recorded",
  childId: null,
  undoes: null,
});

function setup(options: { runs?: readonly RunView[]; incidents?: readonly IncidentView[] } = {}) {
  const clock = manualClock();
  const world = { runs: options.runs ?? [], incidents: options.incidents ?? [] };
  /** Of which runs steps were read. */
  const stepsRead: string[] = [];
  const runsRead: string[] = [];
  /** Which lists of runs were read. */
  const asked: RunFilter["status"][] = [];
  const errors: unknown[] = [];
  /** How many incidents each reading asked for. */
  const limits: number[] = [];
  const runtime = {
    ...fakeRuntime([]),
    clock,
    facts: fakeLog(),
    runs: async ({ status, limit = 100 }: RunFilter) => {
      asked.push(status);
      return world.runs
        .filter((each) => each.status === status)
        .toSorted((a, b) => b.createdAtMs - a.createdAtMs)
        .slice(0, limit);
    },
    run: async (id: string) => {
      runsRead.push(id);
      return world.runs.find((each) => each.id === id);
    },
    steps: async (id: string, limit: number) => {
      stepsRead.push(id);
      return [0, 1, 2].map(step).slice(-limit);
    },
    incidents: async ({ status, limit = 100 }: IncidentFilter) => {
      limits.push(limit);
      return world.incidents
        .filter((each) => status === undefined || each.status === status)
        .toSorted((a, b) => b.openedAtMs - a.openedAtMs)
        .slice(0, limit);
    },
  };
  const reader = new ViewReader({ runtime, onError: (error) => errors.push(error) });
  const runIds = async () => (await reader.read()).runs?.map(({ id }) => id) ?? [];
  return { reader, world, clock, stepsRead, runsRead, asked, limits, runIds, errors };
}

describe("the runs on the page", () => {
  it("are dead ones, running ones, and those that ended last, sixty in all", async () => {
    const runs = [
      ...many(25, (index) => run(`dead-${index}`, "dead", index)),
      ...many(40, (index) => run(`running-${index}`, "running", 100 + index)),
      ...many(50, (index) => run(`done-${index}`, "completed", 200 + index)),
      run("cancelled", "cancelled", 1_000),
    ];
    const ids = await setup({ runs }).runIds();
    expect(ids.length).toBe(60);
    expect([ids[0], ids[19]]).toEqual(["dead-24", "dead-5"]);
    expect([ids[20], ids[49]]).toEqual(["running-39", "running-10"]);
    expect(ids.slice(50, 53)).toEqual(["cancelled", "done-49", "done-48"]);
  });

  it("are those that nobody started before their children, also when they are older", async () => {
    const runs = [
      run("top", "running", 0),
      ...many(150, (index) => run(`top/${index}`, "running", 1 + index, { parentId: "top" })),
    ];
    const ids = await setup({ runs }).runIds();
    expect([ids.length, ids[0], ids[1]]).toEqual([30, "top", "top/149"]);
  });

  it("keep one that was shown and has ended, however old it is", async () => {
    const { reader, runIds, world } = setup({ runs: [run("old", "running", 0)] });
    await runIds();
    reader.hear({ id: 1, type: "run.completed", atMs: 0, payload: {} });
    const younger = many(200, (index) => run(`done-${index}`, "completed", 10 + index));
    world.runs = [...younger, run("old", "completed", 0, { endedAtMs: 5_000 })];
    const ids = await runIds();
    expect([ids.length, ids[0]]).toEqual([60, "old"]);
  });

  it("are asked for by their ends only after a fact of a run", async () => {
    const { reader, asked, world } = setup({ runs: [run("a", "completed", 0)] });
    const [first] = (await reader.read()).runs ?? [];
    expect(asked).toEqual(["running", "dead", "completed", "cancelled"]);
    reader.hear({ id: 1, type: "incident.opened", atMs: 0, payload: {} });
    expect((await reader.read()).runs?.[0]).toBe(first);
    expect(asked.slice(4)).toEqual(["running"]);
    world.runs = [run("b", "completed", 0)];
    const reading = reader.read();
    reader.hear({ id: 2, type: "run.completed", atMs: 0, payload: {} });
    await reading;
    expect((await reader.read()).runs?.map(({ id }) => id)).toEqual(["b"]);
    await reader.read();
    expect(asked.slice(5)).toEqual([...["running", "running"], ...asked.slice(1, 4), "running"]);
  });

  it("have no playbook among them", async () => {
    const runs = [run("heal", "running", 1, { workflow: "heal.restart_service" })];
    expect(await setup({ runs }).runIds()).toEqual([]);
  });

  it("bring their newest steps, read again only when there are more", async () => {
    const { reader, world, stepsRead } = setup({ runs: [run("a", "running", 0)] });
    const marks = (await reader.read()).runs?.[0]?.marks;
    expect(marks?.map(({ seq }) => seq)).toEqual([0, 1, 2]);
    await reader.read();
    expect(stepsRead).toEqual(["a"]);
    world.runs = [run("a", "running", 0, { stepsRecorded: 2 })];
    await reader.read();
    world.runs = [run("a", "running", 0, { stepsRecorded: 2, waiting: true })];
    await reader.read();
    await reader.read();
    expect(stepsRead).toEqual(["a", "a", "a"]);
  });
});

describe("the incidents on the page", () => {
  it("are the open ones and the newest, newest first", async () => {
    const incidents = [
      incident("old", "verifying", 1),
      ...Array.from({ length: 40 }, (_, index) => incident(`i${index}`, "resolved", 10 + index)),
      incident("new", "opened", 100),
    ];
    const ids = (await setup({ incidents }).reader.read()).incidents?.map(({ id }) => id);
    expect([ids?.length, ids?.[0], ids?.[29], ids?.at(-1)]).toEqual([31, "new", "i11", "old"]);
  });

  it("bring the steps of the newest playbook, and no more is read when that has ended", async () => {
    const action = {
      atMs: 0,
      name: "restart",
      by: "playbook",
      outcome: "running",
      detail: "",
    } as const;
    const actions = [
      { ...action, run: "heal/1" },
      { ...action, run: "heal/2" },
      { ...action, by: "supervisor" as const },
    ];
    const playbook = (status: RunStatus) => run("heal/2", status, 0, { workflow: "heal.restart" });
    const { reader, world, stepsRead, runsRead } = setup({
      incidents: [incident("a", "healing", 1, { actions }), incident("b", "opened", 2)],
      runs: [playbook("running")],
    });
    const [b, a] = (await reader.read()).incidents ?? [];
    expect([b?.steps.length, a?.steps.length]).toEqual([0, 3]);
    world.runs = [playbook("completed")];
    await reader.read();
    await reader.read();
    expect(stepsRead).toEqual(["heal/2", "heal/2"]);
    expect(runsRead).toEqual(["heal/2", "heal/2"]);
  });

  it("say nothing of what the healer keeps for itself", async () => {
    const row = {
      ...incident("a", "opened", 1),
      why: null,
      revision: 4,
    } as unknown as IncidentView;
    const [told] = (await setup({ incidents: [row] }).reader.read()).incidents ?? [];
    expect(told).toEqual({ ...incident("a", "opened", 1), steps: [] });
  });
});

describe("the numbers of healing", () => {
  it("count what was opened in the last 24 hours", async () => {
    const { reader, clock, world } = setup();
    const nowMs = clock.epochMs();
    const ended = (id: string, tookMs: number) =>
      incident(id, "resolved", nowMs - 1_000, { endedAtMs: nowMs - 1_000 + tookMs });
    world.incidents = [
      ended("a", 100),
      ended("b", 300),
      ended("c", 900),
      incident("d", "escalated", nowMs - 5),
      incident("e", "opened", nowMs - 4),
      incident("yesterday", "resolved", nowMs - 86_400_000, { endedAtMs: nowMs }),
    ];
    const healing = (await reader.read()).program?.healing;
    expect(healing).toEqual({ opened: 5, healed: 3, escalated: 1, medianMs: 300 });
    world.incidents = world.incidents.filter(({ id }) => id !== "b");
    await reader.read();
    await clock.advance(1_000);
    expect((await reader.read()).program?.healing.medianMs).toBe(500);
  });

  it("agree with the incidents under them, however short ago these ended", async () => {
    const { reader, clock, world } = setup();
    const openedAtMs = clock.epochMs();
    world.incidents = [incident("a", "healing", openedAtMs)];
    expect((await reader.read()).program?.healing).toMatchObject({ opened: 1, healed: 0 });
    await clock.advance(700);
    const endedAtMs = clock.epochMs();
    world.incidents = [incident("a", "resolved", openedAtMs, { endedAtMs })];
    const healing = (await reader.read()).program?.healing;
    expect(healing).toEqual({ opened: 1, healed: 1, escalated: 0, medianMs: 700 });
  });

  it("are not read more than once a second, however much is opened", async () => {
    const { reader, clock, world, limits } = setup();
    const opened = async (count: number) => {
      world.incidents = Array.from({ length: count }, (_, index) =>
        incident(`i${index}`, "opened", clock.epochMs()),
      );
      await reader.read();
      return limits.filter((limit) => limit > 100).length;
    };
    expect(await opened(1)).toBe(1);
    expect(await opened(2)).toBe(1);
    await clock.advance(1_000);
    expect(await opened(2)).toBe(2);
  });

  it("let go of what grows too old, though nothing else happens", async () => {
    const { reader, clock, world } = setup();
    world.incidents = [incident("a", "escalated", clock.epochMs() - 86_399_000)];
    expect((await reader.read()).program?.healing.opened).toBe(1);
    await clock.advance(60_000);
    const healing = (await reader.read()).program?.healing;
    expect(healing).toEqual({ opened: 0, healed: 0, escalated: 0, medianMs: null });
  });
});
