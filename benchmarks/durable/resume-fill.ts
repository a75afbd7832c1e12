/** Makes so many runs that rest, and ends without a word, as a crash does. */

import { workflowTables } from "kintsugi/workflow";

import { sleep } from "./engine.ts";
import { openRuns, type Rest } from "./resume-workflow.ts";

const [file = "", rest, count] = process.argv.slice(2);
const wanted = Number(count);
const AT_ONCE = 500;
const LOOK_MS = 50;

let resting = 0;
const never = (): Promise<number> => {
  resting += 1;
  return new Promise(() => {});
};
const { store, engine, workflow } = await openRuns(file, rest as Rest, never, {
  durability: "process",
  maxLive: wanted,
});
await engine.start();
let started = 0;
const lane = async (): Promise<void> => {
  while (started < wanted) {
    started += 1;
    await engine.run(workflow, undefined, { id: `run-${started}` });
  }
};
await Promise.all(Array.from({ length: AT_ONCE }, lane));
const runs = workflowTables.find(({ name }) => name === "runs");
if (!runs) throw new Error("There is no table of runs");
const sleeping = (): Promise<number> => store.count(runs, { phase: "waiting" } as object);
const isDone = async (): Promise<boolean> =>
  (rest === "sleeping" ? await sleeping() : resting) >= wanted;
while (!(await isDone())) await sleep(LOOK_MS);
process.exit();
