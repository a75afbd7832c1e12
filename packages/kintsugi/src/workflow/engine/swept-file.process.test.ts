import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { seededRandom } from "@kintsugi/policy/base";
import { expect, it } from "vitest";

import { openSqliteStore } from "../../store/index.ts";
import { manualClock } from "../../testing/index.ts";
import { defineWorkflow } from "../define.ts";
import { runs, steps, workflowTables } from "../tables.ts";
import { embeddedEngine } from "./embedded.ts";

const HOUR_MS = 3_600_000;

it("a file does not grow over many sweeps: what they free is written again", async () => {
  const folder = mkdtempSync(join(tmpdir(), "kintsugi-swept-"));
  const file = join(folder, "store.sqlite");
  const clock = manualClock();
  const store = await openSqliteStore({ file, tables: workflowTables, clock, maxFacts: 500 });
  const random = seededRandom(1);
  const engine = embeddedEngine({ store, clock, random, retention: "1h", onFatal: () => {} });
  const workflow = defineWorkflow("bulky", async (ctx, text: string) => {
    for (let step = 0; step < 5; step += 1) await ctx.step(`step ${step}`, () => text);
  });
  void engine.start();
  await clock.advance(0);
  const sizes: number[] = [];
  for (let round = 0; round < 25; round += 1) {
    const text = `${round} `.repeat(500);
    await Promise.all(
      Array.from({ length: 100 }, async () => (await engine.run(workflow, text)).result()).concat(
        clock.advance(0) as Promise<never>,
      ),
    );
    await clock.advance(3 * HOUR_MS);
    expect([await store.count(runs), await store.count(steps)]).toEqual([0, 0]);
    sizes.push(statSync(file).size);
  }
  const stopped = engine.stop();
  await clock.advance(0);
  await stopped;
  await store.close();
  const last = statSync(file).size;
  rmSync(folder, { recursive: true });
  expect(sizes[4]).toBeGreaterThan(100_000);
  expect(last, sizes.join(" ")).toBeLessThanOrEqual((sizes[9] ?? 0) * 1.1);
});
