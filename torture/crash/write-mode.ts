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

/** Where the first life is killed for the second one to recover: in the midst of its work, behind its boot. */
const MIDST = 0.75;

export async function write(bench: Bench, most: number): Promise<number> {
  const shim = compile("write", "die-at-write", bench.folder);
  let points = 0;
  let midst = 1;
  for (const phase of ["work", "recovery"] as const) {
    for (let at = 1; points < most; at += 1) {
      const both = ["0", "1"].map((torn) => tryPoint(bench, { shim, phase, at, torn, midst }));
      const reached = (await Promise.all(both)).filter(Boolean).length;
      points += reached;
      if (bench.violations.length > 0) return points;
      if (reached === 0) break; // All work was done in fewer writes.
    }
    midst = Math.ceil((points / 2) * MIDST);
  }
  return points;
}

interface Point {
  readonly shim: string;
  readonly phase: Phase;
  readonly at: number;
  readonly torn: string;
  readonly midst: number;
}

/** False when the program ended before it came to that write. */
async function tryPoint(bench: Bench, { shim, phase, at, torn, midst }: Point): Promise<boolean> {
  const name = `${phase}, write ${at}${torn === "1" ? ", torn" : ""}`;
  const folder = join(bench.folder, `store-${torn}`);
  mkdirSync(folder);
  const environment = (write: number, isTorn: string): Record<string, string> => ({
    LD_PRELOAD: shim,
    TORTURE_FOLDER: `${folder}/`,
    TORTURE_WRITE: String(write),
    TORTURE_TORN: isTorn,
  });
  let isReached = false;
  const work = async (trial: Trial): Promise<void> => {
    if (phase === "recovery") await trial.liveToTheEnd(environment(midst, "0"));
    isReached = !(await trial.liveToTheEnd(environment(at, torn)));
    await trial.finish(false);
  };
  const isFine = await bench.attempt(name, { file: join(folder, "store.sqlite"), workload }, work);
  if (isFine) rmSync(folder, { recursive: true });
  return isReached;
}
