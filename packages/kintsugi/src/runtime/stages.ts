/** The end of a runtime, stage by stage: none keeps the next one from its turn. */

import type { Clock, ErrorReporter } from "@kintsugi/policy/base";

import type { Store } from "../store/index.ts";

export interface Stage {
  /** What ends, for the one who reads that it did not. */
  readonly name: string;
  readonly end: () => unknown;
  /** Waits for no disk, and has a limit of its own. @defaultValue false */
  readonly isDiskless?: boolean;
}

interface Ground {
  readonly clock: Clock;
  readonly store: Pick<Store, "state" | "onState">;
  readonly report: ErrorReporter;
}

/** On a full disk commits wait for room that may never come: an orderly end waits no longer than this. */
const FULL_DISK_LIMIT_MS = 2_000;

/** Ends all, in order. What a stage throws is reported, and one that waits for a full disk is left. */
export async function endInStages(stages: readonly Stage[], ground: Ground): Promise<void> {
  for (const { name, end, isDiskless = false } of stages) {
    try {
      const ended = Promise.resolve(end());
      await (isDiskless ? ended : unlessDiskIsFull(name, ended, ground));
    } catch (error) {
      ground.report(error);
    }
  }
}

function unlessDiskIsFull(
  name: string,
  ended: Promise<unknown>,
  { clock, store }: Ground,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const tooLate = new Error(`The disk is full: ${name} is left as it is, and not waited for`);
    let cancel = (): void => {};
    const look = (): void => {
      cancel();
      if (store.state.kind !== "full") return;
      cancel = clock.after(FULL_DISK_LIMIT_MS, () => reject(tooLate));
    };
    const leave = store.onState(look);
    look();
    ended
      .then(() => resolve(), reject)
      .finally(() => {
        cancel();
        leave();
      });
  });
}
