/** A dead letter: from the error that ends a run until whoever waits for it knows that it is kept. */

import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { systemClock, systemRandom } from "@kintsugi/policy/base";
import { type Durability, openSqliteStore } from "kintsugi/store";
import { defineWorkflow, embeddedEngine, workflowTables } from "kintsugi/workflow";

import { contest } from "../harness/contestant.ts";
import { percentile } from "../harness/figures.ts";

interface LetterSettings {
  readonly folder: string;
  readonly quick: number;
  readonly durability: Durability;
  readonly keeper: "kintsugi" | "floor";
}

/** Gives the milliseconds that one letter took. */
type Keep = (input: string) => Promise<number>;

const INPUT = "x".repeat(1_000);
const WARM_UP_MS = { full: 500, quick: 200 } as const;
const MEASURED_MS = { full: 2_000, quick: 700 } as const;

await contest<LetterSettings>(async (settings) => {
  const keep = await (settings.keeper === "kintsugi" ? ours(settings) : floor(settings));
  const pace = settings.quick ? "quick" : "full";
  await keepFor(keep, WARM_UP_MS[pace]);
  const taken = await keepFor(keep, MEASURED_MS[pace]);
  return { p50Ms: percentile(taken, 0.5), p99Ms: percentile(taken, 0.99) };
});

async function keepFor(keep: Keep, forMs: number): Promise<readonly number[]> {
  const taken: number[] = [];
  const endMs = performance.now() + forMs;
  while (performance.now() < endMs) taken.push(await keep(INPUT));
  return taken;
}

async function ours({ folder, durability }: LetterSettings): Promise<Keep> {
  let diedMs = 0;
  const dies = defineWorkflow("dies", async (_, __: string): Promise<void> => {
    diedMs = performance.now();
    throw new Error("The carrier refused the parcel");
  });
  const file = join(folder, `letters-${process.pid}.sqlite`);
  const clock = systemClock;
  const store = await openSqliteStore({ file, tables: workflowTables, clock, durability });
  const engine = embeddedEngine({ store, clock, random: systemRandom });
  engine.register(dies);
  await engine.start();
  return async (input) => {
    const handle = await engine.run(dies, input);
    await handle.result().catch(() => {}); // That it died is what was asked for.
    return performance.now() - diedMs;
  };
}

/** One row of the same size, one commit, nothing else. */
async function floor({ folder, durability }: LetterSettings): Promise<Keep> {
  const database = new DatabaseSync(join(folder, `letters-floor-${process.pid}.sqlite`));
  database.exec(`PRAGMA journal_mode = WAL;
    PRAGMA synchronous = ${durability === "power" ? "FULL" : "NORMAL"};
    CREATE TABLE letters (id INTEGER PRIMARY KEY, run TEXT, error TEXT, input TEXT, at INTEGER)`);
  const insert = database.prepare(
    "INSERT INTO letters (run, error, input, at) VALUES (?, ?, ?, ?)",
  );
  return async (input) => {
    const startedMs = performance.now();
    insert.run("a run", "The carrier refused the parcel", input, Date.now());
    return performance.now() - startedMs;
  };
}
