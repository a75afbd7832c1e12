import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { seededRandom, systemClock } from "@kintsugi/policy/base";
import { describe, expect, it, onTestFinished } from "vitest";

import { openSqliteStore } from "../../store/index.ts";
import { runs, steps, workflowTables } from "../tables.ts";

const PROGRAM = join(import.meta.dirname, "../fixtures/fifty-runs.ts");
const RUNS = 50;
const STEPS = 8;

function setup(poisoned = -1) {
  const folder = mkdtempSync(join(tmpdir(), "kintsugi-runs-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "store.sqlite");
  const log = join(folder, "steps.log");
  /** One life of the program; killed after so many milliseconds, if it lives that long. */
  const live = async (killAfterMs?: number): Promise<number | null> => {
    const args = ["--conditions=source", PROGRAM, file, log, String(poisoned)];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"] });
    const kill = (): void => void child.kill("SIGKILL");
    onTestFinished(kill);
    if (killAfterMs !== undefined) systemClock.after(killAfterMs, kill);
    const [code] = (await once(child, "exit")) as [number | null];
    return code;
  };
  const begun = (): readonly string[] => readFileSync(log, "utf8").trim().split("\n");
  const open = () => openSqliteStore({ file, tables: workflowTables, clock: systemClock });
  return { live, begun, open };
}

/** Steps that began although the step after them had begun before: their outcome was recorded. */
function repeated(begun: readonly string[]): readonly string[] {
  const furthest = new Map<string, number>();
  return begun.filter((key) => {
    const [runId = "", number] = key.split(":");
    const step = Number(number);
    const before = furthest.get(runId) ?? -1;
    furthest.set(runId, Math.max(before, step));
    return step < before;
  });
}

describe("fifty runs of a program that is killed", () => {
  it("end, however often and whenever it is killed, and no recorded step runs again", async () => {
    const { live, begun, open } = setup();
    const random = seededRandom("killed runs");
    let code: number | null = null;
    for (let kill = 0; kill < 8 && code !== 0; kill += 1) code = await live(random.next() * 1_000);
    while (code !== 0) code = await live();

    const store = await open();
    expect(await store.count(runs, { status: "completed" })).toBe(RUNS);
    expect(await store.count(steps)).toBe(RUNS * STEPS);
    await store.close();
    expect(repeated(begun())).toEqual([]);
    expect(new Set(begun()).size).toBe(RUNS * STEPS);
  });

  it("all end but the one that kills it each time, which is set aside", async () => {
    const poisoned = 31;
    const { live, begun, open } = setup(poisoned);
    let lives = 1;
    while ((await live()) !== 0) {
      lives += 1;
      expect(lives).toBeLessThan(20);
    }
    expect(lives).toBe(11);

    const store = await open();
    const dead = await store.list(runs, { where: { status: "dead" } });
    expect(dead).toMatchObject([
      {
        id: `run ${poisoned}`,
        deadReason: "quarantined",
        crashes: 10,
        stepsRecorded: 2,
        error: { name: "RunQuarantinedError", step: "step 2" },
      },
    ]);
    expect(await store.count(runs, { status: "completed" })).toBe(RUNS - 1);
    expect(await store.count(steps)).toBe((RUNS - 1) * STEPS + 2);
    const facts = await store.facts.latest(10_000, ["run.quarantined", "run.dead"]);
    expect(facts.map(({ type }) => type)).toEqual(["run.quarantined", "run.dead"]);
    await store.close();
    expect(repeated(begun())).toEqual([]);
  });
});
