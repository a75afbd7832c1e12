import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";

import {
  defineWorkflow,
  NodesFailedError,
  resilientQueueRun,
  updateResilienceConfig,
  type WorkflowNode,
} from "../../index.ts";

const program = join(import.meta.dirname, "../fixtures/queue-run-program.ts");

const newFolder = (): string => mkdtempSync(join(tmpdir(), "kintsugi-queue-"));

/** Processes that share a folder, one after the other. A program that does not end by itself fails here. */
function setup() {
  const dir = newFolder();
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const run = (args: readonly string[], more: Readonly<Record<string, string>> = {}) => {
    const env = { ...process.env, RESILIENCE_CHECKPOINT_DIR: dir, ...more };
    const child = spawnSync(process.execPath, ["--conditions=source", program, ...args], {
      encoding: "utf8",
      env,
      timeout: 30_000,
    });
    return { lines: child.stdout.trim().split("\n"), signal: child.signal, stderr: child.stderr };
  };
  return { dir, run };
}

describe("a process that is killed in a run of nodes", () => {
  it("is followed by one that does the rest, and no node again that was recorded", () => {
    const { run } = setup();
    expect(run(["nodes", "one", "right"])).toMatchObject({
      lines: ["did left", "did first", "did right"],
      signal: "SIGKILL",
    });
    const again = run(["nodes", "one"]);
    expect(again.lines.slice(0, 2)).toEqual(["did right", "did both"]);
    const outputs = { left: "in left", first: 1, right: "right" };
    const { both, ...others } = JSON.parse(again.lines[2]?.replace("result ", "") ?? "");
    expect([both, others]).toEqual([{ left: "in left", right: "right" }, outputs]);
    const third = run(["nodes", "one"]);
    expect(third.lines).toEqual([again.lines[2]]);
  });

  it("is followed by one that runs a plain function anew", () => {
    const { run } = setup();
    expect(run(["plain", "one", "work"]).signal).toBe("SIGKILL");
    expect(run(["plain", "one"]).lines).toEqual(["did work", 'result "in"']);
    expect(run(["plain", "one"]).lines).toEqual(['result "in"']);
  });
});

describe("a node that fails for good", () => {
  it("stops those that wait for it and no others, and is done again with the next call", () => {
    const { run } = setup();
    expect(run(["nodes", "one", "fail:first"]).lines).toEqual([
      "did left",
      ...["did first", "did first", "did first"], // A fault of no known class is tried again.
      'error {"failed":["first"],"outputs":["left"],"skipped":["right","both"]}',
    ]);
    expect(run(["nodes", "one"]).lines).toMatchObject({
      0: "did first",
      1: "did right",
      2: "did both",
      length: 4,
    });
  });
});

describe("with RESILIENCE_ENABLED=false", () => {
  it("a workflow runs straight through, and no folder is opened", () => {
    const { dir, run } = setup();
    const off = { RESILIENCE_ENABLED: "false" };
    expect(run(["plain", "one"], off).lines).toEqual(["did work", 'result "in"']);
    expect(run(["plain", "one"], off).lines).toEqual(["did work", 'result "in"']);
    expect(run(["nodes", "two"], off).lines).toHaveLength(5);
    expect(run(["nodes", "two", "fail:first"], off).lines.at(-1)).toMatch(/^error .*"first"/);
    expect(existsSync(join(dir, "runs"))).toBe(false);
  });
});

describe("runs in one process", () => {
  const dir = newFolder();
  beforeAll(() => updateResilienceConfig({ checkpointing: { dir } }));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it("of one id are one run, however many ask for it", async () => {
    const work = vi.fn(async (input: number) => input + 1);
    const ask = () =>
      resilientQueueRun({ workflow: work, workflowInput: 1, workflowInvocationId: "same" });
    await expect(Promise.all([ask(), ask()])).resolves.toEqual([2, 2]);
    await expect(ask()).resolves.toBe(2);
    expect(work).toHaveBeenCalledOnce();
  });

  it("of functions with one name have each their own code", async () => {
    const runs = [1, 2, 3].map((number) =>
      resilientQueueRun({ workflow: async () => number, workflowInput: null }),
    );
    await expect(Promise.all(runs)).resolves.toEqual([1, 2, 3]);
  });

  it("begin anew beside the old one where they are not to resume", async () => {
    let count = 0;
    const ask = () =>
      resilientQueueRun({
        workflow: async () => (count += 1),
        workflowInput: null,
        workflowInvocationId: "fresh",
        resumeFromCheckpoint: false,
      });
    expect([await ask(), await ask(), await ask()]).toEqual([1, 2, 3]);
  });

  it("try steps again as the configuration says", async () => {
    updateResilienceConfig({ retry: { maxAttempts: 4, initialDelayMs: 1 } });
    const attempts: number[] = [];
    const keys = new Set<string>();
    const result = resilientQueueRun({
      workflow: async (_: null, { attempt, idempotencyKey }) => {
        attempts.push(attempt);
        keys.add(idempotencyKey);
        if (attempt < 4) throw new Error("not yet");
        return "done";
      },
      workflowInput: null,
    });
    await expect(result).resolves.toBe("done");
    expect([attempts, keys.size]).toEqual([[1, 2, 3, 4], 1]);
  });

  it("throw what the workflow throws", async () => {
    const wrong = defineWorkflow("wrong", async (): Promise<number> => {
      throw Object.assign(new Error("no such topic"), { code: "NO_TOPIC" });
    });
    const run = resilientQueueRun({ workflow: wrong, workflowInput: undefined as never });
    await expect(run).rejects.toMatchObject({ message: "no such topic", code: "NO_TOPIC" });
  });

  it("end the wait with the signal of who waits, and not the run", async () => {
    const left = new AbortController();
    const held = Promise.withResolvers<string>();
    const params = {
      workflow: () => held.promise,
      workflowInput: null,
      workflowInvocationId: "waited-for",
    };
    const first = resilientQueueRun({ ...params, signal: left.signal });
    left.abort(new Error("user left"));
    await expect(first).rejects.toThrow("user left");
    const second = resilientQueueRun(params);
    held.resolve("there");
    await expect(second).resolves.toBe("there");
  });

  it.each([
    [[], /^nodes must hold at least one/],
    [[{ id: "a", run: () => 1, dependsOn: ["b"] }], /^Node "a" depends on "b", which is no node/],
    [[{ id: "a", run: () => 1, dependsOn: ["a"] }], /^Node "a" waits for itself: a > a/],
    [
      [
        { id: "a", run: () => 1 },
        { id: "a", run: () => 2 },
      ],
      /^nodes must have ids of their own, got "a" twice/,
    ],
  ] as [WorkflowNode[], RegExp][])("refuse nodes that cannot run: %j", async (nodes, sentence) => {
    const run = resilientQueueRun({ workflow: { nodes }, workflowInput: null });
    await expect(run).rejects.toThrow(sentence);
  });

  it("say of every node that failed why it did", async () => {
    updateResilienceConfig({ retry: { maxAttempts: 1 } });
    const nodes: readonly WorkflowNode[] = [
      { id: "a", run: () => Promise.reject(new Error("a is wrong")) },
      { id: "b", run: () => Promise.reject(new Error("b is wrong")) },
      { id: "c", run: () => 3 },
    ];
    const error = await resilientQueueRun({ workflow: { name: "all", nodes }, workflowInput: null })
      .then(() => undefined)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NodesFailedError);
    const { failures, outputs } = error as NodesFailedError;
    expect(Object.values(failures).map(({ message }) => message)).toEqual([
      "a is wrong",
      "b is wrong",
    ]);
    expect(outputs).toEqual({ c: 3 });
  });
});
