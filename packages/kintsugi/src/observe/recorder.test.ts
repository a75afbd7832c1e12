import { createCallRegistry } from "@kintsugi/policy";
import { describe, expect, it } from "vitest";

import type { IncidentView } from "../heal/index.ts";
import type { StoreState } from "../store/index.ts";
import { fact, memoryStore } from "../store/index.ts";
import type { ComponentSample, ComponentView } from "../supervise/index.ts";
import { manualClock } from "../testing/index.ts";
import { MOST_SERIES } from "./figures.ts";
import type { ReadableProgram } from "./readings.ts";
import { Recorder } from "./recorder.ts";

const component: ComponentView = {
  name: "web",
  kind: "process",
  phase: "running",
  health: { kind: "degraded", reason: "slow" },
  identity: null,
  incarnation: 3,
  restarts: 2,
  adopted: false,
  startedAtMs: 0,
  lastBeatAtMs: null,
  rssBytes: 1_024,
  lastExit: null,
  nextStartAtMs: null,
};

const setup = () => {
  const clock = manualClock();
  const store = memoryStore({ clock, tables: [] });
  const calls = createCallRegistry();
  calls.use({ clock });
  const recorder = new Recorder(clock);
  let tellSample = (_: ComponentSample): void => {};
  const onSample = (listener: (sample: ComponentSample) => void): (() => void) => {
    tellSample = listener;
    return () => {
      tellSample = () => {};
    };
  };
  const leave = recorder.listen(store.facts, { onSample });
  calls.onCall((measure) => recorder.call(measure, clock.epochMs()));
  calls.onCircuit((measure) => recorder.circuit(measure));
  const now = {
    components: [component] as readonly ComponentView[],
    open: [] as readonly IncidentView[],
    state: { kind: "open" } as StoreState,
  };
  const program: ReadableProgram = {
    version: "9.9.9",
    startedAtMs: clock.epochMs(),
    components: { list: () => now.components },
    engine: { count: async (filter) => (filter?.status === "dead" ? 2 : 5) },
    store: {
      get state() {
        return now.state;
      },
    },
    circuits: () => calls.circuits.getAllStats(),
    trust: () => [{ component: "playbook:restart", mean: 0.75, lower: 0.5, observations: 4 }],
    openIncidents: async () => now.open,
    isKillSwitchActive: () => false,
    process: () => ({ rssBytes: 77, cpuMs: 1_500 }),
    loopTime: () => ({ activeMs: 250, idleMs: 750 }),
  };
  /** The lines of one metric. */
  const linesOf = async (name: string): Promise<readonly string[]> =>
    (await recorder.text(program)).split("\n").filter((line) => line.startsWith(name));
  return {
    ...{ clock, store, calls, recorder, now, leave, linesOf },
    text: () => recorder.text(program),
    /** One commit each. */
    tell: async (type: string, payload: object) => {
      const stored = store.commit([fact(type, clock.epochMs(), payload)]);
      await clock.advance(0);
      await stored;
    },
    sample: (silentMs: number | null) =>
      tellSample({
        ...{ component: "web", kind: "process", phase: "running", memoryLimitBytes: null },
        ...{ atMs: clock.epochMs(), silentMs, rssBytes: null },
      }),
  };
};

const down = async (): Promise<never> => {
  throw new Error("down");
};

const incident = (over: object = {}): object => ({
  ...{ id: "inc-1", component: "web", class: "memory", severity: "high", trigger: "web-memory" },
  ...{ openedAtMs: 1_000, endedAtMs: null, action: null, summary: "secret <text>" },
  ...over,
});

const byPlaybook = (outcome: string): object => ({
  ...{ by: "playbook", name: "restart_service", run: "heal/inc-1/1", outcome },
});

const playbookRun = { runId: "heal/inc-1/1", workflow: "heal.restart_service" };

describe("calls under a policy", () => {
  it("are counted by outcome, with their time, and their retries beside them", async () => {
    const { calls, linesOf } = setup();
    const executor = calls.executor("api", { preset: "none" });
    await executor.execute(() => "pong");
    await executor.execute(() => "pong");
    await executor.execute(down);
    expect(await linesOf("kintsugi_calls_total{")).toEqual([
      'kintsugi_calls_total{policy="api",outcome="success"} 2',
      'kintsugi_calls_total{policy="api",outcome="failure"} 1',
      'kintsugi_calls_total{policy="api",outcome="ignore"} 0',
    ]);
    expect(await linesOf("kintsugi_call_duration_seconds_count")).toEqual([
      'kintsugi_call_duration_seconds_count{policy="api"} 3',
    ]);
    expect(await linesOf("kintsugi_retries_total{")).toEqual([
      'kintsugi_retries_total{policy="api"} 0',
    ]);
  });

  it("count attempts beyond the first as retries, and none for a call that was refused", async () => {
    const { recorder, clock, linesOf } = setup();
    const measure = { name: "api", outcome: "failure", durationMs: 250, source: "none" } as const;
    for (const attempts of [0, 0, 1, 4]) recorder.call({ ...measure, attempts }, clock.epochMs());
    expect(recorder.retriesOf("api")).toBe(3);
    expect(recorder.retriesOf("other")).toBeUndefined();
    expect(recorder.series()).toMatchObject({
      calls: [4],
      failed: [4],
      retries: [3],
      p95Ms: [250],
    });
    expect(await linesOf('kintsugi_call_duration_seconds_bucket{policy="api",le="0.32"}')).toEqual([
      'kintsugi_call_duration_seconds_bucket{policy="api",le="0.32"} 4',
    ]);
    expect(await linesOf("kintsugi_call_duration_seconds_sum")).toEqual([
      'kintsugi_call_duration_seconds_sum{policy="api"} 1',
    ]);
  });

  it("of too many names are counted together, and none is lost", async () => {
    const { recorder, clock, linesOf } = setup();
    for (let count = 0; count < MOST_SERIES; count += 1) {
      const measure = { name: `p${count}`, attempts: 2, durationMs: 1, source: "primary" } as const;
      recorder.call({ ...measure, outcome: "success" }, clock.epochMs());
    }
    const sum = async (name: string): Promise<number> =>
      (await linesOf(name)).reduce((total, line) => total + Number(line.split(" ").at(-1)), 0);
    expect(await sum("kintsugi_calls_total{")).toBe(MOST_SERIES);
    expect(await sum("kintsugi_retries_total{")).toBe(MOST_SERIES);
    expect(await sum("kintsugi_call_duration_seconds_count{")).toBe(MOST_SERIES);
    expect(await linesOf("kintsugi_calls_total{")).toHaveLength(MOST_SERIES + 1);
    expect(await sum('kintsugi_metric_drops_total{metric="kintsugi_calls_total"}')).toBe(
      await sum('kintsugi_calls_total{policy="other"'),
    );
  });
});

describe("a circuit", () => {
  it("is in one state, and its changes are counted", async () => {
    const { calls, linesOf } = setup();
    calls.configure("db", { circuitBreaker: { failureThreshold: 1 } });
    await calls.executor("db", { preset: "none" }).execute(down);
    expect(await linesOf("kintsugi_breaker_state{")).toEqual([
      'kintsugi_breaker_state{policy="db",state="closed"} 0',
      'kintsugi_breaker_state{policy="db",state="open"} 1',
      'kintsugi_breaker_state{policy="db",state="half-open"} 0',
    ]);
    expect(await linesOf("kintsugi_breaker_transitions_total{")).toEqual([
      'kintsugi_breaker_transitions_total{policy="db",to="open"} 1',
    ]);
  });
});

describe("an incident", () => {
  it("is counted when it opens, and open until the healer says otherwise", async () => {
    const { tell, now, linesOf } = setup();
    await tell("incident.opened", incident());
    now.open = [incident() as IncidentView];
    expect(await linesOf("kintsugi_incidents_total{")).toEqual([
      'kintsugi_incidents_total{component="web",class="memory",severity="high",trigger="web-memory"} 1',
    ]);
    const open = 'kintsugi_incidents_open{component="web",class="memory"}';
    expect(await linesOf("kintsugi_incidents_open")).toEqual([`${open} 1`]);
    now.open = [];
    expect(await linesOf("kintsugi_incidents_open")).toEqual([`${open} 0`]);
  });

  it("without a trigger says none", async () => {
    const { tell, linesOf } = setup();
    await tell("incident.opened", incident({ trigger: null }));
    expect((await linesOf("kintsugi_incidents_total{"))[0]).toContain('trigger="none"');
  });

  it("that an earlier life opened is open, though none was counted", async () => {
    const { now, linesOf } = setup();
    now.open = [incident() as IncidentView];
    expect(await linesOf("kintsugi_incidents_total")).toEqual([]);
    expect(await linesOf("kintsugi_incidents_open{")).toHaveLength(1);
  });

  it("tells how long recovery took, and which playbook was at work", async () => {
    const { tell, linesOf } = setup();
    await tell(
      "incident.resolved",
      incident({ endedAtMs: 3_500, action: byPlaybook("succeeded") }),
    );
    await tell("incident.escalated", incident({ endedAtMs: 400, action: { by: "supervisor" } }));
    expect(await linesOf("kintsugi_recovery_duration_seconds_sum")).toEqual([
      'kintsugi_recovery_duration_seconds_sum{playbook="restart_service",outcome="resolved"} 2.5',
      // The wall clock was set back meanwhile.
      'kintsugi_recovery_duration_seconds_sum{playbook="none",outcome="escalated"} 0',
    ]);
  });

  it("never puts its words into a label", async () => {
    const { tell, text } = setup();
    await tell("incident.opened", incident());
    await tell("run.started", { ...playbookRun, error: "secret <text>" });
    expect(await text()).not.toMatch(/secret|inc-1/);
  });
});

describe("a playbook", () => {
  it("is counted once, when its end is told with its incident", async () => {
    const { tell, linesOf } = setup();
    await tell("run.started", playbookRun);
    await tell("incident.verifying", incident({ action: byPlaybook("running") }));
    expect(await linesOf("kintsugi_playbook_runs_total")).toEqual([]);
    for (const type of ["incident.held", "incident.held", "incident.escalated"]) {
      await tell(type, incident({ action: byPlaybook("failed") }));
    }
    expect(await linesOf("kintsugi_playbook_runs_total{")).toEqual([
      'kintsugi_playbook_runs_total{playbook="restart_service",outcome="failed"} 1',
    ]);
  });

  it("that went on after a crash counts here, and one that ended before it does not", async () => {
    const { tell, linesOf } = setup();
    await tell("incident.held", incident({ action: byPlaybook("failed") }));
    expect(await linesOf("kintsugi_playbook_runs_total")).toEqual([]);
    await tell("run.resumed", playbookRun);
    await tell("incident.resolved", incident({ action: byPlaybook("succeeded") }));
    expect(await linesOf("kintsugi_playbook_runs_total{")).toEqual([
      'kintsugi_playbook_runs_total{playbook="restart_service",outcome="succeeded"} 1',
    ]);
  });
});

describe("runs and their steps", () => {
  it("are counted as they end and as they go on", async () => {
    const { tell, recorder, linesOf, clock } = setup();
    const run = { runId: "r", workflow: "digest" };
    for (const type of ["run.resumed", "run.completed", "run.dead", "run.cancelled"]) {
      await tell(type, run);
    }
    const step = { kind: "step ended", runId: "r", workflow: "digest", step: "s" } as const;
    recorder.workflow({ ...step, failed: false, durationMs: 30 });
    recorder.workflow({ ...step, failed: true, durationMs: 20 });
    const progress = { done: 1, total: 2, note: "" };
    recorder.workflow({ kind: "progress made", runId: "r", workflow: "digest", progress });
    expect(await linesOf("kintsugi_workflow_runs_total{")).toEqual(
      ["completed", "dead", "cancelled"].map(
        (outcome) => `kintsugi_workflow_runs_total{workflow="digest",outcome="${outcome}"} 1`,
      ),
    );
    expect(await linesOf("kintsugi_workflow_resumes_total{")).toEqual([
      'kintsugi_workflow_resumes_total{workflow="digest"} 1',
    ]);
    expect(await linesOf("kintsugi_steps_total{")).toEqual([
      'kintsugi_steps_total{workflow="digest",outcome="success"} 1',
      'kintsugi_steps_total{workflow="digest",outcome="failure"} 1',
    ]);
    expect(await linesOf("kintsugi_step_duration_seconds_sum")).toEqual([
      'kintsugi_step_duration_seconds_sum{workflow="digest"} 0.05',
    ]);
    await clock.advance(1_000);
    expect(recorder.series().steps).toEqual([2, 0]);
  });
});

describe("what the program says of itself when it is asked", () => {
  it("is there without anything having happened", async () => {
    const { text } = setup();
    const lines = (await text()).split("\n").filter((line) => !line.startsWith("#"));
    expect(lines).toEqual([
      'kintsugi_build_info{version="9.9.9"} 1',
      "kintsugi_start_time_seconds 1767225600",
      'kintsugi_component_health{component="web",state="healthy"} 0',
      'kintsugi_component_health{component="web",state="degraded"} 1',
      'kintsugi_component_health{component="web",state="critical"} 0',
      'kintsugi_component_health{component="web",state="failed"} 0',
      'kintsugi_component_restarts_total{component="web"} 2',
      'kintsugi_component_memory_bytes{component="web"} 1024',
      'kintsugi_trust_score{subject="playbook:restart"} 0.75',
      'kintsugi_workflow_runs{status="running"} 5',
      'kintsugi_workflow_runs{status="completed"} 5',
      'kintsugi_workflow_runs{status="dead"} 2',
      'kintsugi_workflow_runs{status="cancelled"} 5',
      "kintsugi_dead_letters 2",
      "kintsugi_kill_switch_active 0",
      'kintsugi_store_state{state="open"} 1',
      'kintsugi_store_state{state="full"} 0',
      'kintsugi_store_state{state="failed"} 0',
      'kintsugi_store_state{state="closed"} 0',
      "process_cpu_seconds_total 1.5",
      "process_resident_memory_bytes 77",
      'nodejs_eventloop_time_seconds_total{state="active"} 0.25',
      'nodejs_eventloop_time_seconds_total{state="idle"} 0.75',
      "",
    ]);
  });

  it("does not ask a store that has failed", async () => {
    const { now, linesOf } = setup();
    now.state = { kind: "failed", message: "EIO" };
    expect(await linesOf('kintsugi_store_state{state="failed"}')).toEqual([
      'kintsugi_store_state{state="failed"} 1',
    ]);
    expect(await linesOf("kintsugi_workflow_runs")).toEqual([]);
  });
});

describe("the age of a heartbeat", () => {
  const ages = 'kintsugi_heartbeat_age_seconds{component="web"}';

  it("grows from sample to sample, and is not there where none is expected", async () => {
    const { clock, sample, linesOf } = setup();
    expect(await linesOf(ages)).toEqual([]);
    sample(500);
    await clock.advance(1_500);
    expect(await linesOf(ages)).toEqual([`${ages} 2`]);
    sample(null);
    expect(await linesOf(ages)).toEqual([]);
  });

  it("begins anew with a beat since the sample, and survives a clock that jumps", async () => {
    const { clock, sample, now, linesOf } = setup();
    sample(500);
    await clock.advance(1_000);
    now.components = [{ ...component, lastBeatAtMs: clock.epochMs() - 250 }];
    expect(await linesOf(ages)).toEqual([`${ages} 0.25`]);
    clock.jump(3_600_000);
    expect(await linesOf(ages)).toEqual([`${ages} 1.5`]);
    clock.jump(-7_200_000);
    expect(await linesOf(ages)).toEqual([`${ages} 0`]);
  });
});

describe("a recorder that has left", () => {
  it("hears of no fact and of no sample", async () => {
    const { leave, tell, sample, linesOf } = setup();
    leave();
    await tell("incident.opened", incident());
    sample(1);
    expect(await linesOf("kintsugi_incidents_total")).toEqual([]);
    expect(await linesOf("kintsugi_heartbeat_age_seconds")).toEqual([]);
  });
});

describe("facts that users publish under our names", () => {
  it("break nothing", async () => {
    const { tell, linesOf } = setup();
    for (const type of ["incident.opened", "incident.resolved", "run.completed", "run.resumed"]) {
      await tell(type, { component: 7, class: {}, action: "x", openedAtMs: "then" });
    }
    expect(await linesOf("kintsugi_incidents_total{")).toEqual([
      'kintsugi_incidents_total{component="none",class="none",severity="none",trigger="none"} 1',
    ]);
    expect(await linesOf("kintsugi_recovery_duration_seconds")).toEqual([]);
  });
});
