/** SIGKILL at every change of a file, each write once whole and once torn in half. */

import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import type { Bench } from "./bench.ts";
import { compile } from "./native.ts";
import { everyKind } from "./plan.ts";
import type { Trial } from "./trial.ts";

/** One run is worked off beside another, so that commits of both share a write. */
const workload = [everyKind, everyKind];

/** Which lives are killed: the first, that begins with an empty folder, or the next, that recovers. */
type Phase = "work" | "recovery";

/** Where the first life is killed for the second one to recover: in the midst of the work. */
const MIDST = 40;

export async function write(bench: Bench, most: number): Promise<number> {
  const shim = compile("write", "die-at-write", bench.folder);
  let points = 0;
  for (const phase of ["work", "recovery"] as const) {
    for (let at = 1; points < most; at += 1) {
      let isReached = false;
      for (const torn of ["0", "1"]) {
        isReached = (await tryPoint(bench, shim, phase, at, torn)) || isReached;
        if (bench.violations.length > 0) return points;
      }
      if (!isReached) break; // All work was done in fewer writes.
      points += 2;
    }
  }
  return points;
}

/** False when the program ended before it came to that write. */
async function tryPoint(
  bench: Bench,
  shim: string,
  phase: Phase,
  at: number,
  torn: string,
): Promise<boolean> {
  const name = `${phase}, write ${at}${torn === "1" ? ", torn" : ""}`;
  const folder = join(bench.folder, "store");
  mkdirSync(folder);
  const environment = (write: number, isTorn: string): Record<string, string> => ({
    LD_PRELOAD: shim,
    TORTURE_FOLDER: `${folder}/`,
    TORTURE_WRITE: String(write),
    TORTURE_TORN: isTorn,
  });
  let isReached = false;
  await bench.attempt(
    name,
    { file: join(folder, "store.sqlite"), workload },
    async (trial: Trial) => {
      if (phase === "recovery") await trial.liveToTheEnd(environment(MIDST, "0"));
      isReached = !(await trial.liveToTheEnd(environment(at, torn)));
      await trial.finish(false);
    },
  );
  if (bench.violations.length === 0) rmSync(folder, { recursive: true });
  return isReached;
}
