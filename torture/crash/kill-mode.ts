/** SIGKILL at random moments. */

import { join } from "node:path";
import { seededRandom } from "@kintsugi/policy/base";

import type { Bench } from "./bench.ts";
import { nextMoment } from "./moments.ts";

export async function kill(bench: Bench, kills: number): Promise<number> {
  const random = seededRandom(`${bench.seed}: moments`);
  let done = 0;
  await bench.attempt("kill", { file: join(bench.folder, "store.sqlite") }, async (trial) => {
    for (; done < kills && !trial.isGuilty; done += 1) {
      await trial.live(nextMoment(random, trial), (life) => life.kill());
    }
    await trial.finish();
  });
  return done;
}
