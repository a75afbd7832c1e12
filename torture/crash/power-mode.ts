/** Power cuts: a file system of its own whose log is never flushed, cut off and mounted again. */

import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "@kintsugi/policy/base";

import type { Bench } from "./bench.ts";
import type { Life } from "./lives.ts";
import { nextMoment } from "./moments.ts";
import { compile, MachineLacksError, need } from "./native.ts";

const IMAGE_SIZE = "64M";

/** A file system is busy for a moment after the last of its processes was killed. */
const UNMOUNT_TRIES = 100;

export async function power(bench: Bench, cuts: number): Promise<number> {
  if (process.getuid?.() !== 0)
    throw new MachineLacksError("power", "root, to mount a file system");
  const cutter = compile("power", "cut-power", bench.folder);
  const disk = new Disk(bench.folder, cutter);
  const random = seededRandom(`${bench.seed}: moments`);
  let done = 0;
  try {
    await bench.attempt("power", { file: join(disk.folder, "store.sqlite") }, async (trial) => {
      for (; done < cuts && !trial.isGuilty; done += 1) {
        // One that stands still is cut off between two of its writes, the other one in the midst of one.
        const standsStill = random.next() < 0.5;
        await trial.live(nextMoment(random, trial), (life) => disk.cutOff(life, standsStill));
      }
      await trial.finish();
    });
  } finally {
    await disk.unmount();
  }
  return done;
}

class Disk {
  readonly folder: string;
  readonly #image: string;
  readonly #cutter: string;

  constructor(folder: string, cutter: string) {
    this.folder = join(folder, "disk");
    this.#image = join(folder, "disk.ext4");
    this.#cutter = cutter;
    mkdirSync(this.folder);
    need("power", "room for an image", "truncate", ["-s", IMAGE_SIZE, this.#image]);
    need("power", "mkfs.ext4 (Debian: e2fsprogs)", "mkfs.ext4", ["-q", "-F", this.#image]);
    this.#mount();
  }

  /**
   * A program must do nothing once its power is cut: ext4 tells some of the syncs that meet the cut that
   * they went well, which nobody would live to hear.
   */
  async cutOff(life: Life, standsStill: boolean): Promise<void> {
    if (standsStill) await life.pause();
    else life.hold();
    need("power", "the ioctl FS_IOC_SHUTDOWN of ext4", this.#cutter, [this.folder]);
    await life.kill();
    await this.unmount();
    this.#mount();
  }

  async unmount(): Promise<void> {
    for (let tries = 0; tries < UNMOUNT_TRIES; tries += 1) {
      if (spawnSync("umount", [this.folder]).status === 0) return;
      if (spawnSync("mountpoint", ["-q", this.folder]).status !== 0) return;
      await sleep(20);
    }
    execFileSync("umount", ["-l", this.folder]);
  }

  #mount(): void {
    need("power", "loop devices", "mount", ["-o", "loop", this.#image, this.folder]);
  }
}
