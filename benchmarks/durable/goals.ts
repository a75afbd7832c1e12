/** What durable work is to reach. */

import type { Goal } from "../harness/goals.ts";
import { DBOS, LANGGRAPH, RESTATE } from "./contestants.ts";
import {
  ADDED,
  BOOT,
  FEW_OPEN,
  KILLED,
  MANY,
  MANY_OPEN,
  MANY_SLEEPING,
  ONE,
  POWER_LETTER,
  PROCESS_LETTER,
  UNRECORDED,
  UP,
  WRITERS,
} from "./sections.ts";

const faster = (row: string, peer: string, atLeast: number): Goal => ({
  label: `steps, ${row}`,
  row,
  figure: "stepsPerSecond",
  better: "more",
  unit: "/s",
  times: { peer, atLeast },
});

const firstStep: Omit<Goal, "label"> = {
  row: KILLED,
  figure: "firstStepMs",
  over: BOOT,
  unit: "ms",
  atMost: 50,
};

const done = (row: string, atMost: number): Goal => ({
  label: `${row}, all done`,
  row,
  figure: "doneMs",
  unit: "ms",
  atMost,
});

const memory = (row: string, figure: string): Goal => ({
  label: `${row}, ${figure === "restMb" ? "at rest" : "at most"}`,
  row,
  figure,
  unit: "MB",
  atMost: 400,
});

const overhead = (stepMs: number, atMost?: number): Goal => ({
  label: `recording of steps of ${stepMs} ms`,
  row: ADDED,
  figure: `percent${stepMs}`,
  unit: "%",
  ...(atMost !== undefined && { atMost }),
});

export const goals: readonly Goal[] = [
  faster(MANY, DBOS, 10),
  faster(MANY, RESTATE, 8),
  faster(MANY, LANGGRAPH, 10),
  faster(ONE, DBOS, 3),
  { label: `CPU a step, ${MANY}`, row: MANY, figure: "cpuMsPerStep", unit: "ms", atMost: 0.06 },
  { label: `CPU a step, ${ONE}`, row: ONE, figure: "cpuMsPerStep", unit: "ms" },
  { ...firstStep, label: "kill -9 to the first new step" },
  { ...firstStep, label: "the same, kintsugi up", contestant: UP },
  done(FEW_OPEN, 250),
  done(MANY_OPEN, 10_000),
  memory(MANY_OPEN, "peakMb"),
  memory(MANY_SLEEPING, "restMb"),
  ...[1, 5, 20].map((stepMs) => overhead(stepMs)),
  overhead(50, 5),
  overhead(100, 5),
  { label: "dead letter, power, p50", row: POWER_LETTER, figure: "p50Ms", unit: "ms", atMost: 1 },
  {
    label: "dead letter, process, p99",
    row: PROCESS_LETTER,
    figure: "p99Ms",
    unit: "ms",
    atMost: 1,
  },
  {
    label: "lateness of timers, p99",
    row: WRITERS,
    figure: "lateP99Ms",
    over: UNRECORDED,
    unit: "ms",
    atMost: 10,
  },
];
