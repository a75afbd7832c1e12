/** What the healer brings along: triggers and playbooks that fit every program. */

import { definePlaybook, type Playbook } from "./playbooks.ts";
import type { TriggerSpec } from "./types.ts";

/**
 * A heartbeat is lost after 5 s. Two readings half a second apart must say so: where it was the runtime
 * itself that could not listen, the beats that waited for it are seen before the second one.
 */
const heartbeatLost = { type: "heartbeat-failure", aboveMs: 5_000, forMs: 500 } as const;

export const builtInTriggers: readonly TriggerSpec[] = [
  {
    ...heartbeatLost,
    name: "kernel-heartbeat",
    componentKind: "kernel",
    playbook: "restart_kernel",
  },
  {
    ...heartbeatLost,
    name: "service-heartbeat",
    componentKind: "process",
    playbook: "restart_service",
  },
  {
    name: "memory",
    type: "resource-spike",
    metric: "rssBytes",
    aboveRatio: 1,
    clearRatio: 0.9,
    forMs: 2_000,
    playbook: "restart_service",
  },
  {
    name: "error-burst",
    type: "error-burst",
    above: 50,
    clear: 10,
    windowMs: 10_000,
    ratio: 0.5,
    severity: "medium",
    playbook: "run_diagnostics",
  },
];

/** The names are seed 004's. Disruption: 0 nobody notices, 1 one part of the program, 2 one service. */
export const builtInPlaybooks: readonly Playbook[] = [
  definePlaybook({
    name: "restart_kernel",
    steps: [{ action: "restart", verify: "health", timeoutMs: 15_000 }],
    disruption: 1,
  }),
  definePlaybook({
    name: "restart_service",
    steps: [{ action: "restart", verify: "health", timeoutMs: 30_000 }],
    disruption: 2,
  }),
  definePlaybook({
    name: "run_diagnostics",
    steps: [{ action: "collect-evidence", timeoutMs: 15_000 }],
    disruption: 0,
  }),
];
