/** A kernel that beats. */

import { setInterval } from "node:timers/promises";
import type { Kernel } from "kintsugi/supervise";

export const kernel: Kernel = {
  initialize(context) {
    const beat = async (): Promise<void> => {
      for await (const _ of setInterval(200, undefined, { signal: context.signal })) {
        context.heartbeat();
      }
    };
    context.heartbeat();
    beat().catch(() => {}); // It is told to stop by an abort.
  },
};
