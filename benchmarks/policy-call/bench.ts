/** What a policy costs a call that succeeds, and what a refusal costs. */

import type { Bench, Contestant, FigureSpec, Row } from "../harness/bench.ts";
import { contestantOf, type Result } from "../harness/result.ts";
import { rounded } from "../harness/table.ts";

const OURS = "kintsugi";

const program = (name: string): URL => new URL(`${name}.ts`, import.meta.url);

/** Nothing is collected while bytes are counted: the young generation holds all of them. */
const counting = ["--expose-gc", "--min-semi-space-size=512", "--max-semi-space-size=512"];

/** Time and bytes have a child each: what makes bytes exact would make the time too kind. */
function success(file: string, name: string, wanted: string): Contestant {
  const settings = { case: wanted };
  return {
    name,
    passes: [
      { program: program(file), settings: { ...settings, what: "time" } },
      { program: program(file), flags: counting, settings: { ...settings, what: "bytes" } },
    ],
  };
}

const row = (name: string, ...others: readonly Contestant[]): Row => ({
  name,
  ours: OURS,
  contestants: [
    success("kintsugi", OURS, name),
    success("cockatiel", "cockatiel", name),
    ...others,
  ],
});

const refusal = (file: string, name: string, wanted: string): Contestant => ({
  name,
  passes: [{ program: program(file), settings: { case: wanted, what: "refusal" } }],
});

const successFigures: readonly FigureSpec[] = [
  { key: "overNs", label: "CPU ns over bare", better: "less" },
  { key: "overWallNs", label: "wall ns over bare" },
  { key: "overBytes", label: "bytes over bare", better: "less" },
  { key: "bareCpuNs", label: "bare CPU ns" },
];

const WRAP = "retry + breaker + timeout";
const WITHOUT_RETRY = "breaker + timeout";
const OPEN = "open circuit";

export const policyCall: Bench = {
  name: "policy-call",
  title: "What a policy adds to an awaited call of an async function.",
  rounds: 5,
  quickRounds: 2,
  peers: ["cockatiel", "opossum"],
  servers: {},
  sections: [
    {
      title: "success of",
      figures: successFigures,
      rows: [
        row("retry"),
        row("breaker"),
        row("timeout aggressive"),
        row("timeout cooperative", success("cockatiel", "cockatiel, lean", "timeout lean")),
        row("fallback"),
        row(WITHOUT_RETRY, success("opossum", "opossum", WITHOUT_RETRY)),
        row(
          WRAP,
          success("kintsugi", "kintsugi, executor", "executor"),
          success("cockatiel", "cockatiel, lean", `${WRAP} lean`),
        ),
      ],
    },
    {
      title: "refusal by",
      figures: [{ key: "cpuNs", label: "CPU ns, await and catch", better: "less" }],
      rows: [
        {
          name: OPEN,
          ours: OURS,
          contestants: [
            refusal("kintsugi", OURS, OPEN),
            refusal("kintsugi", "kintsugi, executor", "executor"),
            refusal("cockatiel", "cockatiel", OPEN),
            refusal("opossum", "opossum", OPEN),
            refusal("bare", "bare async throw", OPEN),
          ],
        },
      ],
    },
  ],
  quotes: (result) => [
    ...comparison(result, WRAP, "cockatiel"),
    ...comparison(result, WITHOUT_RETRY, "opossum"),
  ],
};

function comparison(result: Result, name: string, peer: string): readonly string[] {
  const own = contestantOf(result, name, OURS)?.figures;
  const other = contestantOf(result, name, peer);
  const time = other?.ratios["overNs"];
  const bytes = other?.ratios["overBytes"];
  if (!own || !other || !time || !bytes) return [];
  return [
    `${name} around a call that succeeds: ${rounded(own["overNs"]?.median ?? Number.NaN)} ns of CPU and ` +
      `${rounded(own["overBytes"]?.median ?? Number.NaN)} bytes more than a bare await; ${peer} ` +
      `${result.versions[peer]} takes ${rounded(time.median)} times the time and ` +
      `${rounded(bytes.median)} times the bytes (\`npm run bench -- ${result.name}\`)`,
  ];
}
