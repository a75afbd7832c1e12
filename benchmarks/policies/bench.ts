/** What policies cost: calls that succeed, that fail and that are refused, policies at rest, and what is left behind. */

import type { Bench, Contestant, Row, Section } from "../harness/bench.ts";
import type { FigureSpec } from "../harness/figures.ts";
import { contestantOf, type Result } from "../harness/result.ts";
import { rounded } from "../harness/table-text.ts";
import { goals } from "./goals.ts";

const OURS = "kintsugi";

const program = (name: string): URL => new URL(`${name}.ts`, import.meta.url);

/** Nothing is collected while bytes are counted: the young generation holds all of them. */
const counting = ["--expose-gc", "--min-semi-space-size=512", "--max-semi-space-size=512"];

type Settings = Readonly<Record<string, string | number>>;

/** The names of ours begin with it; floors are called bare; all others are peers. */
const isPeer = (name: string): boolean => !/^(kintsugi|bare)/.test(name);

const one = (
  file: string,
  name: string,
  settings: Settings,
  flags: readonly string[] = [],
): Contestant => ({
  name,
  isPeer: isPeer(name),
  passes: [{ program: program(file), flags, settings }],
});

/** Time and bytes have a child each: what makes bytes exact would make the time too kind. */
function success(file: string, name: string, wanted: string, more: Settings = {}): Contestant {
  const settings = { case: wanted, ...more };
  return {
    name,
    isPeer: isPeer(name),
    passes: [
      { program: program(file), settings: { ...settings, what: "time" } },
      { program: program(file), flags: counting, settings: { ...settings, what: "bytes" } },
    ],
  };
}

const successes = (name: string, ...others: readonly Contestant[]): Row => ({
  name,
  ours: OURS,
  contestants: [success("kintsugi", OURS, name), ...others],
});

const cockatiel = (wanted: string, name = "cockatiel"): Contestant =>
  success("cockatiel", name, wanted);

const successFigures: readonly FigureSpec[] = [
  { key: "overNs", label: "CPU ns over bare", better: "less" },
  { key: "overWallNs", label: "wall ns over bare" },
  { key: "overBytes", label: "bytes over bare", better: "less" },
  { key: "bareCpuNs", label: "bare CPU ns" },
];

const WHOLE = "retry + breaker + timeout + bulkhead";
const WITHOUT_RETRY = "breaker + timeout";
const SIGNAL = { signal: 1 };

const onSuccess: Section = {
  title: "success of",
  figures: successFigures,
  rows: [
    successes(
      WHOLE,
      cockatiel(WHOLE),
      cockatiel(`${WHOLE}, lean`, "cockatiel, lean"),
      success("opossum", "opossum", WITHOUT_RETRY),
      success("effect", "Effect", WHOLE),
      success("kintsugi", "kintsugi, listened", `${WHOLE}, listened`),
      success("kintsugi", "kintsugi, time and slow calls", `${WHOLE}, time and slow calls`),
    ),
    successes(`${WHOLE}, cooperative`, cockatiel(`${WHOLE}, cooperative`)),
    {
      name: "the same, signal read, parent linked",
      ours: OURS,
      contestants: [
        success("kintsugi", OURS, WHOLE, SIGNAL),
        success("cockatiel", "cockatiel", WHOLE, SIGNAL),
        success("effect", "Effect", WHOLE, SIGNAL),
      ],
    },
    successes(
      "retry + breaker + timeout",
      success("kintsugi", "kintsugi, executor", "executor"),
      success("kintsugi", "kintsugi, executor by name", "executor, by name"),
      success("kintsugi", "kintsugi, executor with listeners", "executor, listened"),
    ),
    successes("retry", cockatiel("retry"), success("p-retry", "p-retry", "retry")),
    successes("breaker", cockatiel("breaker"), success("effect", "Effect", "breaker")),
    successes("timeout aggressive", cockatiel("timeout aggressive")),
    successes("timeout cooperative", cockatiel("timeout cooperative")),
    successes("bulkhead", cockatiel("bulkhead")),
    successes("fallback", cockatiel("fallback")),
    successes("validate"),
    successes("chaos"),
    successes("rate limiter"),
    successes("adaptive limiter"),
    successes("cache hit"),
    successes("hedge"),
  ],
};

const OPEN = "open circuit";
const FAILED = "failed call, 100,000 in its window";
const window = { what: "failed", calls: 100_000 };

const onFailure: Section = {
  title: "the end of",
  figures: [
    { key: "cpuNs", label: "CPU ns, await and catch", better: "less" },
    { key: "failedUs", label: "CPU us, await and catch", better: "less" },
  ],
  rows: [
    {
      name: OPEN,
      ours: OURS,
      contestants: [
        one("kintsugi", OURS, { case: OPEN, what: "refusal" }),
        one("kintsugi", "kintsugi, executor", { case: "executor", what: "refusal" }),
        one("cockatiel", "cockatiel", { case: OPEN, what: "refusal" }),
        one("opossum", "opossum", { case: OPEN, what: "refusal" }),
        one("effect", "Effect", { case: OPEN, what: "refusal" }),
        one("bare", "bare async throw", { case: OPEN, what: "refusal" }),
      ],
    },
    {
      name: FAILED,
      ours: OURS,
      contestants: [
        one("kintsugi", OURS, { case: "count window", ...window }),
        one("kintsugi", "kintsugi, time window", { case: "time window", ...window }),
        one("cockatiel", "cockatiel", { case: "count window", ...window }),
        one("opossum", "opossum", { case: "time window", ...window }),
      ],
    },
  ],
};

const FLIGHT = "20,000 calls in flight on one parent signal";
const LEAK = "a million calls on one parent signal";
const flight = (name: string, file: string): Contestant =>
  one(file, name, { case: WHOLE, what: "flight" });
const leak = (name: string, file: string, calls: number): Contestant => ({
  ...one(file, name, { case: WHOLE, what: "leak", calls }, ["--expose-gc"]),
  ...(calls < 1_000_000 && { note: `its calls on one parent signal are ${calls} only` }),
});

const many: Section = {
  title: "many calls",
  figures: [
    { key: "aloneNs", label: "CPU ns alone" },
    { key: "manyNs", label: "CPU ns in flight", better: "less" },
    { key: "growth", label: "times", better: "less" },
    { key: "listeners", label: "listeners left" },
    { key: "keptBytes", label: "bytes kept a call" },
  ],
  rows: [
    {
      name: FLIGHT,
      ours: OURS,
      contestants: [flight(OURS, "kintsugi"), flight("cockatiel", "cockatiel")],
    },
    {
      name: LEAK,
      ours: OURS,
      contestants: [leak(OURS, "kintsugi", 1_000_000), leak("cockatiel", "cockatiel", 50_000)],
    },
  ],
};

const REST = "10,000 pipelines at rest";
const idle = (name: string, wanted = name): Contestant =>
  one("idle", name, { case: wanted }, ["--expose-gc"]);

const atRest: Section = {
  title: "at rest",
  figures: [
    { key: "idleBytes", label: "bytes each", better: "less" },
    { key: "timers", label: "timers" },
    { key: "idleCpu", label: "% of a core" },
  ],
  rows: [
    {
      name: REST,
      ours: OURS,
      contestants: [
        idle(OURS),
        idle("kintsugi, with a bulkhead"),
        idle("cockatiel"),
        idle("opossum"),
      ],
    },
  ],
};

const SIZE = "a circuit breaker alone";
const size = (name: string, source: string): Contestant => one("size", name, { source });

const onPages: Section = {
  title: "what a page downloads",
  figures: [
    { key: "brotli", label: "bytes, minified and brotli", better: "less" },
    { key: "minified", label: "bytes, minified" },
  ],
  rows: [
    {
      name: SIZE,
      ours: OURS,
      contestants: [
        size(OURS, 'export { circuitBreaker } from "@kintsugi/policy";'),
        size("kintsugi, the complete one", 'export { CircuitBreaker } from "@kintsugi/policy";'),
        size(
          "cockatiel",
          'export { circuitBreaker, handleAll, ConsecutiveBreaker } from "cockatiel";',
        ),
        size("opossum", 'export { default } from "opossum";'),
      ],
    },
  ],
};

export const policies: Bench = {
  name: "policies",
  title: "What policies cost the calls that pass them, and the program that has them.",
  rounds: 4,
  quickRounds: 1,
  peers: ["cockatiel", "opossum", "effect", "p-retry"],
  servers: {},
  sections: [onSuccess, onFailure, many, atRest, onPages],
  goals,
  quotes: (result) => [
    ...comparison(result, WHOLE, "cockatiel"),
    ...comparison(result, WHOLE, "opossum"),
  ],
};

function comparison(result: Result, name: string, peer: string): readonly string[] {
  const own = contestantOf(result, name, OURS)?.figures;
  const other = contestantOf(result, name, peer);
  const time = other?.ratios["overNs"];
  const bytes = other?.ratios["overBytes"];
  if (!own || !other || !time || !bytes) return [];
  const what = peer === "opossum" ? "a circuit with a time-out alone" : "the same";
  return [
    `${name} around a call that succeeds: ${rounded(own["overNs"]?.median ?? Number.NaN)} ns of CPU and ` +
      `${rounded(own["overBytes"]?.median ?? Number.NaN)} bytes more than a bare await; ${peer} ` +
      `${result.versions[peer]} takes ${rounded(time.median)} times the time and ` +
      `${rounded(bytes.median)} times the bytes for ${what} (\`npm run bench -- ${result.name}\`)`,
  ];
}
