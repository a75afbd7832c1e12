/** What our policies are to reach, row by row. */

import type { Goal } from "../harness/goals.ts";

const WHOLE = "retry + breaker + timeout + bulkhead";
const REST = "10,000 pipelines at rest";
const FAILED = "failed call, 100,000 in its window";
const LEAK = "a million calls on one parent signal";

const ns = (label: string, row: string, atMost?: number): Goal => ({
  label,
  row,
  figure: "overNs",
  unit: "ns",
  ...(atMost !== undefined && { atMost }),
});

const bytes = (label: string, row: string, atMost?: number): Goal => ({
  label: `${label}, bytes`,
  row,
  figure: "overBytes",
  unit: "B",
  ...(atMost !== undefined && { atMost }),
});

const both = (label: string, row: string, mostNs?: number, mostBytes?: number): readonly Goal[] => [
  ns(label, row, mostNs),
  bytes(label, row, mostBytes),
];

/** A policy that reads the clock once, or twice, may take as much longer. */
const CLOCK_NS = 40;
const ALONE_NS = 75;
const ALONE_BYTES = 600;

const alone = (row: string, clockReads = 0): readonly Goal[] =>
  both(`${row} alone`, row, ALONE_NS + clockReads * CLOCK_NS, ALONE_BYTES);

const whole: readonly Goal[] = [
  ...both("whole pipeline", WHOLE, 150, 1_000),
  { ...ns("whole pipeline", WHOLE), times: { peer: "cockatiel", atLeast: 40 } },
  { ...bytes("whole pipeline", WHOLE), times: { peer: "cockatiel", atLeast: 8 } },
  { ...ns("whole pipeline", WHOLE), times: { peer: "opossum", atLeast: 4 } },
  ...both("whole pipeline, cooperative", `${WHOLE}, cooperative`, 150, 1_000),
  ...both("signal read, parent linked", "the same, signal read, parent linked", 200, 1_100),
  {
    ...ns("time window and slow calls", WHOLE, 120),
    contestant: "kintsugi, time and slow calls",
    over: "kintsugi",
  },
];

const listened: readonly Goal[] = [
  {
    ...ns("listeners on a pipeline", WHOLE, 40),
    contestant: "kintsugi, listened",
    over: "kintsugi",
  },
  {
    ...ns("executor over its pipeline", "retry + breaker + timeout", 100),
    contestant: "kintsugi, executor",
    over: "kintsugi",
  },
  {
    ...ns("listeners on an executor", "retry + breaker + timeout", 40),
    contestant: "kintsugi, executor with listeners",
    over: "kintsugi, executor by name",
  },
];

const others: readonly Goal[] = [
  {
    label: "refusal by an open circuit",
    row: "open circuit",
    figure: "cpuNs",
    unit: "ns",
    atMost: 1_300,
  },
  { label: FAILED, row: FAILED, figure: "failedUs", unit: "us", atMost: 5 },
  {
    label: `${FAILED} of time`,
    row: FAILED,
    contestant: "kintsugi, time window",
    figure: "failedUs",
    unit: "us",
    atMost: 5,
  },
  {
    label: "20,000 in flight, over one",
    row: "20,000 calls in flight on one parent signal",
    figure: "growth",
    unit: "times",
    atMost: 2,
  },
  { label: `${LEAK}, listeners`, row: LEAK, figure: "listeners", unit: "", atMost: 0 },
  { label: `${LEAK}, kept a call`, row: LEAK, figure: "keptBytes", unit: "B", atMost: 1 },
  { label: `${REST}, each`, row: REST, figure: "idleBytes", unit: "B", atMost: 800 },
  { label: `${REST}, timers`, row: REST, figure: "timers", unit: "", atMost: 0 },
  { label: `${REST}, of a core`, row: REST, figure: "idleCpu", unit: "%", atMost: 0.5 },
  {
    label: "a circuit breaker alone, on a page",
    row: "a circuit breaker alone",
    figure: "brotli",
    unit: "B",
    atMost: 2_048,
  },
];

export const goals: readonly Goal[] = [
  ...whole,
  ...listened,
  ...["retry", "breaker", "timeout aggressive", "timeout cooperative"].flatMap((row) => alone(row)),
  ...["bulkhead", "fallback", "validate", "chaos"].flatMap((row) => alone(row)),
  ...alone("rate limiter", 1),
  ...alone("adaptive limiter", 2),
  ...alone("cache hit", 1),
  ...both("hedge alone", "hedge"),
  ...others,
];
