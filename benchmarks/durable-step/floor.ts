/**
 * The floor: nothing but the rows of the steps in SQLite, one writer, one commit for the steps that all
 * runs in flight do at the same time. No engine can record steps with less.
 */

import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { contestRuns, outputOf, type Runner, STEPS } from "./drive.ts";

await contestRuns(async ({ folder }, onStep): Promise<Runner> => {
  const database = new DatabaseSync(join(folder, `floor-${process.pid}.sqlite`));
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  database.exec(`CREATE TABLE steps (run TEXT, seq INTEGER, name TEXT, output TEXT, at INTEGER,
    PRIMARY KEY (run, seq)) WITHOUT ROWID`);
  const insert = database.prepare("INSERT INTO steps VALUES (?, ?, ?, ?, ?)");
  let waiting: (() => void)[] = [];
  const commit = (): void => {
    database.exec("COMMIT");
    const settled = waiting;
    waiting = [];
    for (const resolve of settled) resolve();
  };
  const record = (run: string, step: number): Promise<void> => {
    if (waiting.length === 0) {
      database.exec("BEGIN");
      setImmediate(commit);
    }
    const output = JSON.stringify(outputOf(step));
    insert.run(run, step, `step ${step}`, output, Date.now());
    return new Promise((resolve) => waiting.push(resolve));
  };
  return {
    async run(id) {
      for (let step = 0; step < STEPS; step += 1) {
        const startedMs = performance.now();
        await record(id, step);
        onStep(performance.now() - startedMs);
      }
    },
    async stop() {
      database.close();
    },
  };
});
