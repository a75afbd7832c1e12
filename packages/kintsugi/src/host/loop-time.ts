/** How the event loop of this process spends its time, as the platform counts it. */

import { performance } from "node:perf_hooks";

export interface LoopTime {
  /** Milliseconds since the loop began in which it ran code. */
  readonly activeMs: number;
  /** Milliseconds in which it waited for something to do. */
  readonly idleMs: number;
}

export function loopTime(): LoopTime {
  const { active, idle } = performance.eventLoopUtilization();
  return { activeMs: active, idleMs: idle };
}
