import { describe, expect, it } from "vitest";

import { simulatedWorld } from "../testing/index.ts";
import { engageKillSwitch } from "../watchdog/index.ts";
import { dashboard } from "./commands/dashboard.ts";
import { incidents, restartComponent, runs, status } from "./commands/showing.ts";
import type { CommandContext } from "./context.ts";
import { clientOf } from "./instance.ts";
import { factLine, watchdogLine } from "./live-lines.ts";
import { printable } from "./text.ts";

const url = "http://127.0.0.1:4600";
const startedAtMs = 1_767_225_600_000;

const component = {
  name: "web",
  kind: "process",
  phase: "running",
  health: { kind: "healthy" },
  identity: { pid: 71, startTicks: "1", bootId: "b" },
  incarnation: 3,
  restarts: 2,
  adopted: false,
  startedAtMs,
  lastBeatAtMs: null,
  rssBytes: 52_428_800,
  lastExit: null,
  nextStartAtMs: null,
};
const run = {
  id: "digest",
  workflow: "digest",
  version: 1,
  status: "dead",
  waiting: false,
  parentId: null,
  createdAtMs: startedAtMs,
  endedAtMs: null,
  stepsRecorded: 12,
  progress: { done: 3, total: 7, note: "reading" },
  error: { name: "TypeError", message: "x is not\na function", step: "read" },
  crashes: 0,
  deadReason: "failed",
};
const incident = {
  id: "i1",
  key: "web/crash",
  component: "web",
  class: "crash",
  severity: "high",
  status: "resolved",
  summary: "web died \u001b[31m(exit code 1)",
  trigger: null,
  playbook: null,
  occurrences: 1,
  openedAtMs: startedAtMs,
  endedAtMs: startedAtMs + 8_000,
  actions: [
    { atMs: startedAtMs, name: "restart", by: "supervisor", outcome: "succeeded", detail: "" },
  ],
};
const answers: Readonly<Record<string, unknown>> = {
  "/api/v1/status": {
    name: "app",
    version: "0.1.0",
    instance: "abc",
    pid: 70,
    startedAtMs,
    atMs: startedAtMs + 192_000,
    health: { kind: "degraded", reason: "web is slow" },
    readiness: { ready: true, reasons: [] },
    store: { kind: "open" },
    components: [component],
    runs: { running: 1, completed: 2, dead: 0, cancelled: 0 },
    openIncidents: 1,
    calls: [
      {
        name: "openai",
        succeeded: 9,
        failed: 1,
        retried: 3,
        fallbacks: 0,
        circuit: "closed",
        circuitRetryAtMs: null,
      },
    ],
  },
  "/api/v1/runs": { runs: [run] },
  "/api/v1/runs/digest": run,
  "/api/v1/incidents": { incidents: [incident] },
  "/api/v1/incidents/i1": incident,
  "/api/v1/components/web/restart": component,
};

/** A command about a program whose API gives these answers, and records what it is asked. */
function setup() {
  const world = simulatedWorld({ seed: 1 });
  const paths = world.paths("/state");
  const host = world.host({ env: { USER: "ada" } });
  const asked: { readonly path: string; readonly token: string | null; readonly body: string }[] =
    [];
  world.route(url, async (request) => {
    const path = new URL(request.url).pathname;
    asked.push({ path, token: request.headers.get("authorization"), body: await request.text() });
    const answer = answers[path];
    return answer === undefined
      ? Response.json({ error: { code: "NOT_FOUND", message: `No ${path}` } }, { status: 404 })
      : Response.json(answer);
  });
  const runtime = world.host();
  const identity = { ...runtime.process.identity, instance: paths.instance, url };
  host.files.writeAtomic(paths.runtimeFile, JSON.stringify(identity));
  host.files.writeAtomic(paths.cliToken, "secret\n");
  const out: string[] = [];
  const context: CommandContext = {
    host,
    cwd: "/",
    terminal: {
      out: (line) => void out.push(printable(line)),
      err: () => {},
      copy: () => {},
      closed: false,
    },
    interrupted: new AbortController().signal,
    insisted: new AbortController().signal,
  };
  const show = <T>(command: Promise<T>): Promise<T> => world.clock.until(command);
  return { show, context, out, asked, runtime, paths, host };
}

const place = { dataDir: "/state", json: false };

describe("status", () => {
  it("is one screen, asked for with the token of the command line", async () => {
    const { show, context, out, asked } = setup();
    expect(await show(status(context, place))).toBe(0);
    expect(out).toEqual([
      "program:        app, version 0.1.0",
      "health:         degraded (web is slow)",
      "ready:          yes",
      `address:        ${url}`,
      "dashboard:      `kintsugi dashboard` prints the address that opens it",
      "runtime:        pid 70, up 3m 12s",
      "watchdog:       none; the runtime starts another",
      "runs:           1 running, 2 completed, 0 dead, 0 cancelled",
      "open incidents: 1",
      "",
      "COMPONENT  KIND     PHASE    HEALTH   PID  UP      RESTARTS  MEMORY",
      "web        process  running  healthy  71   3m 12s  2         50 MB",
      "",
      "CALLS   SUCCEEDED  FAILED  RETRIED  CIRCUIT",
      "openai  9          1       3        closed",
    ]);
    expect(asked).toEqual([{ path: "/api/v1/status", token: "Bearer secret", body: "" }]);
  });

  it("tells a program all of it, and where it listens", async () => {
    const { show, context, out } = setup();
    await show(status(context, { ...place, json: true }));
    expect(JSON.parse(out.join("\n"))).toMatchObject({
      running: true,
      url,
      killSwitch: { kind: "released" },
      components: [component],
    });
  });

  it("says who stopped what does not run", async () => {
    const { context, runtime, host, paths } = setup();
    const request = { form: "kill", by: "bob", why: "smoke" } as const;
    engageKillSwitch(host.files, paths.killSwitch, request, startedAtMs);
    runtime.kill();
    const words = /`kintsugi resume` lifts the kill switch. Killed by bob on .*: smoke\.$/;
    expect(() => clientOf(context, paths)).toThrow(words);
    expect(() => clientOf(context, paths)).toThrow(expect.objectContaining({ exitCode: 3 }));
  });
});

describe("runs", () => {
  it("are a table, or one in full", async () => {
    const { show, context, out } = setup();
    expect(await show(runs(context, place))).toBe(0);
    expect(out.splice(0)).toEqual([
      "RUN     WORKFLOW  STATUS  STEPS  PROGRESS     BEGUN",
      expect.stringMatching(/^digest {2}digest {4}dead {4}12 {5}3\/7 reading {2}202\d-/),
    ]);
    expect(await show(runs(context, { ...place, id: "digest" }))).toBe(0);
    expect(out).toContain("error:        TypeError: x is not␊a function");
    expect(out).toContain("in step:      read");
    expect(out.join()).not.toContain("parent");
  });

  it("are refused by the server's own words where there is none of that name", async () => {
    const { show, context } = setup();
    const asking = show(runs(context, { ...place, id: "none" }));
    await expect(asking).rejects.toThrow("No /api/v1/runs/none");
  });
});

describe("incidents", () => {
  it("are a table, or one with what was done about it", async () => {
    const { show, context, out } = setup();
    expect(await show(incidents(context, place))).toBe(0);
    expect(out.splice(0)[1]).toMatch(/^i1 .* 8s {4}web died ␛\[31m\(exit code 1\)$/);
    expect(await show(incidents(context, { ...place, id: "i1" }))).toBe(0);
    expect(out.at(-1)).toMatch(/ restart {2}supervisor {2}succeeded$/);
    out.splice(0);
    expect(await show(incidents(context, { ...place, json: true }))).toBe(0);
    expect(JSON.parse(out.join(""))).toEqual([incident]);
  });
});

it("restarts a component in the name of who typed it", async () => {
  const { show, context, out, asked } = setup();
  expect(await show(restartComponent(context, { ...place, component: "web", why: "slow" }))).toBe(
    0,
  );
  expect(out).toEqual(["web was restarted (pid 71)"]);
  expect(JSON.parse(asked[0]?.body ?? "")).toEqual({ why: "slow (ada)" });
});

describe("a live line", () => {
  const fact = (type: string, payload: object) =>
    factLine({ kind: "fact", fact: { id: 1, type, atMs: startedAtMs, payload } })?.slice(8);

  it("tells of an incident", () => {
    const { component, summary, openedAtMs, endedAtMs } = incident;
    const opened = { component, summary: "web died", openedAtMs, endedAtMs: null };
    expect(fact("incident.opened", opened)).toBe("  incident.opened         web  web died");
    const resolved = { component, summary, why: "it beats", openedAtMs, endedAtMs };
    expect(fact("incident.resolved", resolved)).toMatch(
      /^ {2}incident.resolved {7}web .*; after 8s$/,
    );
  });

  it("tells of a run that is dead, and why, in so many letters", () => {
    const dead = { runId: "r1", workflow: "digest", reason: "failed", steps: 2 };
    const error = { name: "TypeError", message: "x is \u001b[31mnot\na function", step: "read" };
    expect(fact("run.dead", { ...dead, error })).toBe(
      "  run.dead                r1  workflow digest; TypeError: x is ␛[31mnot␊a function",
    );
    const long = { ...error, message: "x".repeat(1_000) };
    const said = fact("run.dead", { ...dead, error: long }) ?? "";
    expect(said.slice(said.indexOf("TypeError"))).toBe(`TypeError: ${"x".repeat(188)}…`);
    expect(fact("run.dead", { ...dead, error: null })).toMatch(/r1 {2}workflow digest$/);
  });

  it("tells of nothing else that is stored", () => {
    expect(fact("health.changed", { component: "web" })).toBeUndefined();
    expect(factLine({ kind: "truncated", firstId: 9 })).toBeUndefined();
  });

  it.each([
    ["runtime.crashed", { pid: 7, detail: "a", stderrTail: "b" }, "pid 7  a; b"],
    ["runtime.crash-looping", { retryInMs: 30_000 }, "it is tried again in 30s"],
    ["watchdog.adopted", { pid: 7 }, "pid 7"],
  ] as const)("tells of %s", (type, payload, end) => {
    const line = watchdogLine({ id: "a", atMs: startedAtMs, type, payload });
    expect(line?.slice(10)).toBe(`${type.padEnd(22)}  ${end}`);
  });

  it("waits with a start until it is ready", () => {
    const event = { id: "a", atMs: 0, type: "runtime.started", payload: { pid: 7 } } as const;
    expect(watchdogLine(event)).toBeUndefined();
  });
});

describe("a command to a runtime that hangs", () => {
  it("ends with Ctrl-C instead of after minutes", async () => {
    const { context, host } = setup();
    const interruption = new AbortController();
    const asked = Promise.withResolvers<void>();
    const hung: typeof host.fetch = (_, request) =>
      new Promise((_resolve, reject) => {
        const { signal } = request ?? {};
        signal?.addEventListener("abort", () => reject(signal.reason));
        asked.resolve();
      });
    const waiting = dashboard(
      { ...context, host: { ...host, fetch: hung }, interrupted: interruption.signal },
      place,
    );
    await asked.promise;
    interruption.abort("SIGINT");
    await expect(waiting).rejects.toThrow(url);
  });
});
