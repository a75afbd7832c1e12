/**
 * The floor: nothing but the rows of the steps in SQLite, one writer, one commit for the steps that all
 * runs in flight do at the same time. No engine can record steps with less. With `commits` set to "each",
 * every step has a commit of its own: what a journal does to the loop that does not gather.
 */

import { DatabaseSync } from "node:sqlite";

import { fileOf, type OpenEngine, STEPS, type StepOutput } from "./engine.ts";

export const open: OpenEngine = async (settings, { step: work, onStep }) => {
  const database = new DatabaseSync(fileOf(settings));
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  database.exec(`CREATE TABLE steps (run TEXT, seq INTEGER, name TEXT, output TEXT, at INTEGER,
    PRIMARY KEY (run, seq)) WITHOUT ROWID`);
  const insert = database.prepare("INSERT INTO steps VALUES (?, ?, ?, ?, ?)");
  const write = (run: string, step: number, output: StepOutput): void => {
    insert.run(run, step, `step ${step}`, JSON.stringify(output), Date.now());
  };
  let waiting: (() => void)[] = [];
  const commit = (): void => {
    database.exec("COMMIT");
    const settled = waiting;
    waiting = [];
    for (const resolve of settled) resolve();
  };
  const gather = (run: string, step: number, output: StepOutput): Promise<void> => {
    if (waiting.length === 0) {
      database.exec("BEGIN");
      setImmediate(commit);
    }
    write(run, step, output);
    return new Promise((resolve) => waiting.push(resolve));
  };
  const record = settings["commits"] === "each" ? write : gather;
  return {
    async run(id) {
      for (let step = 0; step < STEPS; step += 1) {
        const startedMs = performance.now();
        await record(id, step, await work(step));
        onStep?.(performance.now() - startedMs);
      }
    },
    async stop() {
      database.close();
    },
  };
};
