import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { backgroundClock, seededRandom, systemRandom } from "@kintsugi/policy/base";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { updateResilienceConfig, WorkflowCheckpoint } from "../../index.ts";
import { sqliteCheckpoints } from "../../workflow/index.ts";

function setup() {
  const dir = mkdtempSync(join(tmpdir(), "kintsugi-checkpoint-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  updateResilienceConfig({ checkpointing: { dir } });
  return { dir };
}

describe("a process that saves in a loop and is killed at any moment", () => {
  const outcome =
    "leaves the state that was acknowledged last, or a newer one, and never a torn one";

  it.each(["files", "SQLite"])(`${outcome}, in %s`, { timeout: 240_000 }, async (kind) => {
    const { dir } = setup();
    const file = join(dir, "states.sqlite");
    const report = vi.fn(); // Would hear of one that is torn, though an older one could stand in.
    vi.stubGlobal("reportError", report);
    onTestFinished(() => void vi.unstubAllGlobals());
    const seed = systemRandom.uuid();
    const random = seededRandom(seed);
    const program = join(import.meta.dirname, "../fixtures/saving-program.ts");
    let acknowledged = 0;
    let saves = 0;
    for (let life = 1; life <= 15; life += 1) {
      const child = spawn(process.execPath, ["--conditions=source", program, dir, kind], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let text = "";
      child.stdout.setEncoding("utf8").on("data", (part: string) => (text += part));
      await once(child.stdout, "data"); // It has begun.
      await new Promise((resolve) => setTimeout(resolve, random.next() * 60));
      child.kill("SIGKILL");
      await once(child, "close");
      const lines = text.split("\n").slice(0, -1).map(Number);
      acknowledged = lines.at(-1) ?? acknowledged;
      saves += lines.length;
      await using sqlite = sqliteCheckpoints({ file });
      const options = kind === "SQLite" ? { store: sqlite } : {};
      const loop = new WorkflowCheckpoint<{ count: number; text: string }>("loop", options);
      const state = await loop.load();
      expect(state?.count, `seed ${seed}, life ${life}`).toBeGreaterThanOrEqual(acknowledged);
      expect(state?.text === String(state?.count).repeat(20_000), `seed ${seed}`).toBe(true);
    }
    expect(report).not.toHaveBeenCalled();
    expect(saves).toBeGreaterThan(20);
    await using sqlite = sqliteCheckpoints({ file });
    const options = kind === "SQLite" ? { store: sqlite } : {};
    const listed = await WorkflowCheckpoint.listCheckpoints("loop", options);
    expect(listed.length).toBeGreaterThan(0);
    expect(listed.length).toBeLessThanOrEqual(11); // One more, where a kill came before the tidying.
  });
});

describe("a checkpoint that saves by itself", () => {
  /** Its timer fires when it is told to. */
  const byHand = (id: string) => {
    const waits: { ms: number; fire: () => void }[] = [];
    const after = (ms: number, fire: () => void) => {
      const wait = { ms, fire };
      waits.push(wait);
      return () => void waits.splice(waits.indexOf(wait), 1);
    };
    const clock = { ...backgroundClock, after };
    return { waits, checkpoint: new WorkflowCheckpoint<number>(id, { clock }) };
  };

  it("takes the state anew each time, and heeds another interval at the next wait", async () => {
    setup();
    const { waits, checkpoint } = byHand("auto");
    let page = 1;
    updateResilienceConfig({ checkpointing: { autoCheckpointIntervalMs: 500 } });
    checkpoint.startAutoCheckpoint(() => page);
    await expect(checkpoint.load()).resolves.toBeUndefined();
    updateResilienceConfig({ checkpointing: { autoCheckpointIntervalMs: 700 } });
    waits.shift()?.fire();
    await vi.waitFor(() => expect(waits).toHaveLength(1));
    await expect(checkpoint.load()).resolves.toBe(1);
    page = 2;
    expect(waits[0]?.ms).toBe(700);
    waits.shift()?.fire();
    await vi.waitFor(() => expect(waits).toHaveLength(1));
    await expect(checkpoint.load()).resolves.toBe(2);
    await checkpoint.stop();
    expect(waits).toHaveLength(0);
  });

  it("goes on after a save that failed, which is reported", async () => {
    setup();
    const report = vi.fn();
    vi.stubGlobal("reportError", report);
    onTestFinished(() => void vi.unstubAllGlobals());
    const { waits, checkpoint } = byHand("failing");
    checkpoint.startAutoCheckpoint(() => Promise.reject(new Error("no state yet")), 10);
    waits.shift()?.fire();
    await vi.waitFor(() => expect(waits).toHaveLength(1));
    expect(report).toHaveBeenCalledOnce();
    await checkpoint.stop();
  });

  it("refuses an interval that is none", () => {
    setup();
    const { checkpoint } = byHand("wrong");
    expect(() => checkpoint.startAutoCheckpoint(() => 1, 0)).toThrow(/^intervalMs must be/);
    expect(() => new WorkflowCheckpoint("x", { maxCheckpoints: 0 })).toThrow(/^maxCheckpoints/);
  });
});

it("two checkpoints of one id lose nothing of what either has saved", async () => {
  setup();
  const [one, other] = [new WorkflowCheckpoint("shared"), new WorkflowCheckpoint("shared")];
  await expect(Promise.all([one.save("a"), other.save("b"), one.save("c")])).resolves.toEqual([
    1, 2, 3,
  ]);
  await expect(other.load()).resolves.toBe("c");
});

it("a checkpoint keeps as many states as the configuration says now", async () => {
  setup();
  const checkpoint = new WorkflowCheckpoint("few");
  updateResilienceConfig({ checkpointing: { maxCheckpoints: 2 } });
  for (const page of [1, 2, 3]) await checkpoint.save(page);
  await expect(WorkflowCheckpoint.listCheckpoints("few")).resolves.toHaveLength(2);
  await expect(checkpoint.rollback(2)).resolves.toBe(2);
  await checkpoint.clear();
  await expect(checkpoint.load()).resolves.toBeUndefined();
});
