/** SIGSTOP the owner of the folder, start its heir, and let the old one loose again, in every order. */

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Random, seededRandom } from "@kintsugi/policy/base";

import type { Bench } from "./bench.ts";
import type { Life } from "./lives.ts";
import { nextMoment } from "./moments.ts";
import type { Trial } from "./trial.ts";

/** An heir that has not asked for the folder by then is stuck. */
const BOOT_PATIENCE_MS = 20_000;

/** How long an owner is let loose whose heir got the folder all the same. */
const ZOMBIE_MS = 60;

/** What becomes of the old owner, while its heir stands at the door. */
const orders = ["killed while it stands", "let go on, then killed", "stopped twice, then killed"];

export async function stop(bench: Bench, stops: number): Promise<number> {
  const random = seededRandom(`${bench.seed}: moments`);
  let done = 0;
  await bench.attempt("stop", { file: join(bench.folder, "store.sqlite") }, async (trial) => {
    let owner = trial.start();
    for (; done < stops && !trial.isGuilty; done += 1) {
      const heir: Life[] = [];
      const chosen = nextMoment(random, trial);
      const moment =
        chosen.kind === "in boot" ? ({ kind: "any time", afterMs: 1 } as const) : chosen;
      const strike = async (old: Life): Promise<void> => {
        heir.push(await succeed(trial, old, random));
      };
      await trial.live(moment, strike, owner);
      owner = heir[0] ?? trial.start();
    }
    await owner.kill();
    await trial.finish();
  });
  return done;
}

/** Returns the heir, which has the folder or is about to have it. */
async function succeed(trial: Trial, old: Life, random: Random): Promise<Life> {
  await old.pause();
  const heir = trial.start();
  await stands(heir);
  if (heir.isReady) {
    old.resume(); // It has lost its folder and does not know it: what it does now is a zombie's.
    await sleep(ZOMBIE_MS);
  }
  switch (orders[Math.floor(random.next() * orders.length)]) {
    case "let go on, then killed":
      old.resume();
      await sleep(random.next() * 40);
      break;
    case "stopped twice, then killed":
      old.resume();
      await sleep(random.next() * 20);
      await old.pause();
      break;
  }
  await old.kill();
  old.resume(); // It is dead: nothing may come of that.
  return heir;
}

/** Resolves when the heir has been told that somebody has the folder, or has got it all the same. */
async function stands(heir: Life): Promise<void> {
  const untilMs = performance.now() + BOOT_PATIENCE_MS;
  while (!heir.isWaiting && !heir.isReady && !heir.isGone && performance.now() < untilMs) {
    await sleep(2);
  }
}
