/** Owner locks of a simulated machine: each dies with the program that has it. */

import type { OwnerLock } from "../../host/index.ts";
import type { Life } from "./life.ts";

export class SimulatedLocks {
  readonly #owners = new Map<string, Life>();

  /** Undefined when a living program has it. */
  acquire(path: string, life: Life): OwnerLock | undefined {
    if (this.#owners.has(path) || life.ended) return undefined;
    this.#owners.set(path, life);
    const drop = (): void => void this.#owners.delete(path);
    const forget = life.onEnd(drop);
    let held = true;
    return {
      release() {
        if (held) {
          held = false;
          forget();
          drop();
        }
      },
    };
  }
}
