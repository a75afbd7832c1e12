import { describe, expect, it } from "vitest";

import { simulatedWorld } from "../testing/index.ts";
import { runCommandLine } from "./command-line.ts";
import type { CommandContext } from "./context.ts";

const url = "http://127.0.0.1:4600";
const atMs = 1_767_225_600_000;

const run = {
  id: "order/7",
  workflow: "order",
  version: 1,
  status: "dead",
  waiting: false,
  parentId: null,
  createdAtMs: atMs,
  endedAtMs: atMs + 1_000,
  stepsRecorded: 2,
  progress: null,
  error: { name: "Error", message: "connect ECONNREFUSED", step: "charge" },
  crashes: 0,
  deadReason: "failed",
};
const letter = {
  run,
  input: { amount: 7 },
  fault: null,
  error: { ...run.error, code: "ECONNREFUSED", class: "network", retryable: true },
  attempts: 3,
  steps: [{ seq: 0, kind: "step", name: "charge", state: "failed", childId: null }],
  earlier: [
    {
      status: "dead",
      endedAtMs: atMs,
      error: run.error,
      deadReason: "failed",
      crashes: 0,
      done: "replayed",
      atMs,
      fromStep: null,
      why: null,
    },
  ],
};
const report = (replayed: readonly string[], after: string | null, refused: object[] = []) => ({
  replayed,
  refused,
  after,
});

/** A program whose API gives these answers, in turn where there are several. */
function setup(answers: Readonly<Record<string, unknown>>) {
  const world = simulatedWorld({ seed: 1 });
  const paths = world.paths("/state");
  const host = world.host({ env: { USER: "ada" } });
  const asked: string[] = [];
  const left = new Map(Object.entries(answers));
  world.route(url, async (request) => {
    const { pathname, search } = new URL(request.url);
    asked.push([request.method, pathname + search, await request.text()].join(" ").trim());
    const answer = left.get(pathname);
    if (Array.isArray(answer)) return Response.json(answer.shift());
    return Response.json(answer ?? { error: { code: "NO", message: `No ${pathname}` } }, {
      status: answer === undefined ? 404 : 200,
    });
  });
  const identity = { ...world.host().process.identity, instance: paths.instance, url };
  host.files.writeAtomic(paths.runtimeFile, JSON.stringify(identity));
  host.files.writeAtomic(paths.cliToken, "secret\n");
  const out: string[] = [];
  const terminal = {
    out: (line: string) => void out.push(line),
    err: (line: string) => void out.push(line),
  };
  const context = { host, cwd: "/", terminal } as unknown as CommandContext;
  const type = async (...args: readonly string[]): Promise<number> => {
    const typed = runCommandLine([...args, "--data-dir", "/state"], context, "1.0.0");
    let isDone = false;
    const done = (): void => {
      isDone = true;
    };
    typed.then(done, done);
    // A command is imported when it is typed, which takes turns of the real loop.
    while (!isDone) await world.clock.run(world.clock.monotonicMs() + 1_000);
    return typed;
  };
  return { type, out, asked };
}

describe("kintsugi runs", () => {
  const path = "/api/v1/runs/order%2F7";

  it.each([
    [["cancel", "order/7"], `${path}/cancel`, "{}"],
    [
      ["signal", "order/7", "go", '{"by":"me"}'],
      `${path}/signal`,
      '{"name":"go","payload":{"by":"me"}}',
    ],
    [["signal", "order/7", "go"], `${path}/signal`, '{"name":"go"}'],
    [["rewind", "order/7", "--from-step", "2"], `${path}/rewind`, '{"fromStep":2}'],
    [
      ["fork", "order/7", "--from-step", "charge", "--as", "new"],
      `${path}/fork`,
      '{"fromStep":"charge","id":"new"}',
    ],
  ])("asks for what is typed: %j", async (args, where, body) => {
    const { type, asked, out } = setup({ [where]: run });
    expect(await type("runs", ...args)).toBe(0);
    expect(asked).toEqual([`POST ${where} ${body}`]);
    expect(out).toHaveLength(1);
  });

  it("shows one, also by a word of its own, and prints JSON", async () => {
    const { type, asked, out } = setup({ [path]: run });
    expect(await type("runs", "show", "order/7")).toBe(0);
    expect(await type("runs", "order/7", "--json")).toBe(0);
    expect(asked).toEqual([`GET ${path}`, `GET ${path}`]);
    expect(JSON.parse(out.slice(out.indexOf("{")).join("\n"))).toMatchObject({ id: "order/7" });
  });

  it("says what is wrong: a step that is missing, a payload that is no JSON", async () => {
    const { type, asked, out } = setup({});
    expect(await type("runs", "rewind", "order/7")).toBe(2);
    expect(await type("runs", "signal", "order/7", "go", "so")).toBe(2);
    expect(out.join("\n")).toContain("The payload must be JSON, got so: text needs quotes");
    expect(asked).toEqual([]);
  });

  it("says what the program refused, and ends with 1", async () => {
    const { type, out } = setup({});
    expect(await type("runs", "cancel", "nobody")).toBe(1);
    expect(out).toEqual(["No /api/v1/runs/nobody/cancel"]);
  });
});

describe("kintsugi dead-letters", () => {
  const path = "/api/v1/dead-letters";

  it("lists them, those of a workflow, and says when there are none", async () => {
    const { type, asked, out } = setup({ [path]: { deadLetters: [run] } });
    expect(await type("dead-letters")).toBe(0);
    expect(await type("dead-letters", "list", "--workflow", "order", "--limit", "5")).toBe(0);
    expect(asked).toEqual([`GET ${path}`, `GET ${path}?workflow=order&limit=5`]);
    expect(out[1]).toMatch(/^order\/7 +order .*charge +Error: connect ECONNREFUSED$/);
    const empty = setup({ [path]: { deadLetters: [] } });
    await empty.type("dead-letters");
    expect(empty.out).toEqual(["No dead letters"]);
  });

  it("shows one with its input, its class, its attempts, its steps and its past", async () => {
    const { type, out } = setup({ [`${path}/order%2F7`]: letter });
    expect(await type("dead-letters", "show", "order/7")).toBe(0);
    const text = out.join("\n");
    for (const part of ["network, may be over", "ECONNREFUSED", '{"amount":7}', "replayed"]) {
      expect(text).toContain(part);
    }
    expect(text).toMatch(/attempts:? +3/);
  });

  it("replays one, or all a page at a time", async () => {
    const { type, asked, out } = setup({
      [`${path}/order%2F7/replay`]: { ...run, status: "running" },
      [`${path}/replay`]: [
        report(["a", "b"], "b"),
        report(["c"], null, [{ runId: "d", why: "It is completed" }]),
      ],
    });
    expect(await type("dead-letters", "replay", "order/7", "--from-step", "charge")).toBe(0);
    expect(await type("dead-letters", "replay", "--all", "--per-second", "50")).toBe(1);
    expect(asked).toEqual([
      `POST ${path}/order%2F7/replay {"fromStep":"charge"}`,
      `POST ${path}/replay {"perSecond":50}`,
      `POST ${path}/replay {"perSecond":50,"after":"b"}`,
    ]);
    expect(out).toEqual(["order/7 is running again", "3 replayed", "d was not: It is completed"]);
  });

  it("wants to know which, and why one is given up", async () => {
    const { type, asked, out } = setup({ [`${path}/order%2F7/discard`]: run });
    expect(await type("dead-letters", "replay")).toBe(2);
    expect(out).toEqual(["Say which one by its id, or --all for all of them"]);
    expect(await type("dead-letters", "replay", "order/7", "--all")).toBe(2);
    expect(await type("dead-letters", "discard", "order/7")).toBe(2);
    expect(asked).toEqual([]);
    expect(await type("dead-letters", "discard", "order/7", "--why", "called off")).toBe(0);
    expect(asked[0]).toMatch(/discard \{"why":"called off \(.*ada.*\)"\}$/);
  });
});
