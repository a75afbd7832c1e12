/** What is measured of durable work, section by section. */

import type { Contestant, Pass, Row, Section } from "../harness/bench.ts";
import {
  DBOS,
  FLOOR,
  LANGGRAPH,
  notes,
  OPENWORKFLOW,
  OURS,
  PROCESS,
  RESTATE,
  UNSAVED,
} from "./contestants.ts";

type Settings = Pass["settings"];

const enginesOf: Readonly<Record<string, Settings>> = {
  [OURS]: { engine: "kintsugi" },
  [PROCESS]: { engine: "kintsugi", durability: "process" },
  [FLOOR]: { engine: "floor" },
  [DBOS]: { engine: "dbos" },
  [RESTATE]: { engine: "restate" },
  [LANGGRAPH]: { engine: "langgraph" },
  [UNSAVED]: { engine: "langgraph", checkpoints: "none" },
  [OPENWORKFLOW]: { engine: "openworkflow" },
};

const peers: readonly string[] = [DBOS, RESTATE, LANGGRAPH, OPENWORKFLOW];

const one = (
  name: string,
  program: string,
  settings: Settings,
  more: Partial<Contestant> = {},
): Contestant => {
  const note = notes[name];
  return {
    name,
    ...(peers.includes(name) && { isPeer: true }),
    ...(note !== undefined && { note }),
    ...more,
    passes: [{ program: new URL(`${program}.ts`, import.meta.url), settings }],
  };
};

const engines = (program: string, names: readonly string[], more: Settings = {}) =>
  names.map((name) => one(name, program, { ...enginesOf[name], ...more }));

export const MANY = "50 in flight";
export const ONE = "1 in flight";

const steps = (name: string, inFlight: number): Row => ({
  name,
  ours: OURS,
  contestants: engines("steps", Object.keys(enginesOf), { inFlight }),
});

const runs: Section = {
  title: "runs",
  figures: [
    { key: "stepsPerSecond", label: "steps/s", better: "more" },
    { key: "cpuMsPerStep", label: "CPU ms a step", better: "less" },
    { key: "serverCpuMsPerStep", label: "of it server" },
    { key: "stepP50Ms", label: "step p50 ms" },
    { key: "stepP99Ms", label: "step p99 ms" },
  ],
  rows: [steps(MANY, 50), steps(ONE, 1)],
};

export const KILLED = "kill -9 in step 6 of 10";
export const BOOT = "bare Node";
export const UP = "kintsugi up";

const crash = (
  name: string,
  program: string,
  more: Settings,
  rest: Partial<Contestant> = {},
): Contestant => one(name, "crash", { program, next: "the same", times: 1, ...more }, rest);

const crashed = (name: string, rest: Partial<Contestant> = {}): Contestant =>
  crash(name, "crash-peer.ts", enginesOf[name] ?? {}, rest);

const kills: Section = {
  title: "killed, started again at once",
  figures: [
    { key: "firstStepMs", label: "first new step ms", better: "less" },
    { key: "doneMs", label: "all done ms", better: "less" },
    { key: "repeated", label: "recorded steps repeated" },
  ],
  rows: [
    {
      name: KILLED,
      ours: OURS,
      contestants: [
        crash(OURS, "crash-kintsugi.ts", { times: 3 }),
        crash(
          UP,
          "crash-runtime.ts",
          { times: 2, next: "kintsugi up" },
          {
            note: "killed and started again: the program that `kintsugi up` starts, with all its parts but the watchdog, and what it compiled before kept as the watchdog has it kept",
          },
        ),
        crash(
          BOOT,
          "crash-boot.ts",
          { times: 3, next: "none" },
          {
            note:
              "killed and started again: loads the module that defines the workflow, and with it `kintsugi/workflow`; " +
              "does nothing else, and says so",
          },
        ),
        crashed(RESTATE),
        crashed(DBOS),
        crashed(LANGGRAPH, {
          note: "killed and started again: takes up nothing by itself, so the benchmark calls the thread again",
        }),
        crashed(OPENWORKFLOW, {
          rounds: 1,
          isSlow: true,
          note: "killed and started again: its lease of 30 s has to end first, so it is measured in one round only",
        }),
      ],
    },
  ],
};

export const FEW_OPEN = "1,000 open runs";
export const MANY_OPEN = "100,000 open runs";
export const MANY_SLEEPING = "100,000 sleeping runs";

const RESUME = new URL("resume.ts", import.meta.url);
/** The first round makes what the others find: on a slow machine that takes its time. */
const FILLING_MS = 300_000;

const rests = (name: string, rest: "open" | "sleeping", count: number, rounds?: number): Row => ({
  name,
  ours: OURS,
  contestants: [
    {
      name: OURS,
      ...(rounds !== undefined && { rounds }),
      passes: [{ program: RESUME, settings: { rest, runs: count }, patienceMs: FILLING_MS }],
    },
  ],
});

const resumes: Section = {
  title: "found again",
  figures: [
    { key: "takenMs", label: "all taken up ms" },
    { key: "doneMs", label: "all done ms" },
    { key: "restMb", label: "MB at rest" },
    { key: "peakMb", label: "MB at most" },
  ],
  rows: [
    rests(FEW_OPEN, "open", 1_000),
    rests(MANY_OPEN, "open", 100_000, 2),
    rests(MANY_SLEEPING, "sleeping", 100_000, 2),
  ],
};

export const ADDED = "10 steps, one run";

const overheads: Section = {
  title: "over the same code, no engine",
  figures: [1, 5, 20, 50, 100].flatMap((ms) => [
    { key: `percent${ms}`, label: `% at ${ms} ms a step` },
    { key: `addedMs${ms}`, label: "ms a step" },
  ]),
  rows: [{ name: ADDED, ours: OURS, contestants: engines("overhead", [OURS, LANGGRAPH, UNSAVED]) }],
};

export const POWER_LETTER = "power";
export const PROCESS_LETTER = "process";
const ROW = "one row, one commit";

const letters = (durability: string): Row => ({
  name: durability,
  ours: OURS,
  contestants: [
    one(OURS, "letters", { durability, keeper: "kintsugi" }),
    one(ROW, "letters", { durability, keeper: "floor" }),
  ],
});

const dead: Section = {
  title: "dead letter of 1 KB",
  figures: [
    { key: "p50Ms", label: "p50 ms" },
    { key: "p99Ms", label: "p99 ms" },
  ],
  rows: [letters(POWER_LETTER), letters(PROCESS_LETTER)],
};

export const WRITERS = "50 runs, steps of 3 ms";
export const UNRECORDED = "nothing recorded";

const delays: Section = {
  title: "a timer of 2 ms beside",
  figures: [
    { key: "lateP50Ms", label: "late p50 ms" },
    { key: "lateP99Ms", label: "late p99 ms", better: "less" },
    { key: "stepsPerSecond", label: "steps/s" },
  ],
  rows: [
    {
      name: WRITERS,
      ours: OURS,
      contestants: [
        ...engines("loop-delay", [OURS, PROCESS, FLOOR]),
        one(UNRECORDED, "loop-delay", { engine: "bare" }),
        one("one commit a step", "loop-delay", { engine: "floor", commits: "each" }),
        ...engines("loop-delay", [LANGGRAPH]),
      ],
    },
  ],
};

export const sections: readonly Section[] = [runs, kills, resumes, overheads, dead, delays];
