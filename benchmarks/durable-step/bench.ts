/** What a recorded step costs: runs of ten steps that do nothing, each step durable before the next. */

import type { Bench, Contestant, Row } from "../harness/bench.ts";
import { contestantOf, type Result } from "../harness/result.ts";
import { rounded } from "../harness/table-text.ts";
import { startPostgres } from "./postgres.ts";
import { startRestate } from "./restate-server.ts";

const OURS = "kintsugi";
const DBOS = "DBOS";
const RESTATE = "Restate";

/** Each says what a step that is recorded survives. */
const promises: readonly (readonly [name: string, file: string, note: string])[] = [
  [
    OURS,
    "kintsugi",
    "a power cut: the embedded engine on the SQLite store, durability `power` (WAL, synchronous FULL: " +
      "one fsync a commit); steps of one turn of the loop share a commit; start and result are durable too",
  ],
  [
    "SQLite floor",
    "floor",
    "a power cut: WAL and synchronous FULL, one writer, a row for each step, one commit for all that wait; " +
      "no runs, no results, no replay",
  ],
  [
    DBOS,
    "dbos",
    "a power cut: a PostgreSQL of its own on this machine, fsync and synchronous_commit on, settings as they " +
      "come; client and server share the cores, and no network lies between them",
  ],
  [
    RESTATE,
    "restate",
    "a power cut: one node, its log is synced before it acknowledges, settings as they come; a workflow " +
      "handler, submitted and attached to; client and server share the cores",
  ],
];

const row = (name: string, inFlight: number): Row => ({
  name,
  ours: OURS,
  contestants: promises.map(
    ([contestant, file, note]): Contestant => ({
      name: contestant,
      note,
      passes: [{ program: new URL(`${file}.ts`, import.meta.url), settings: { inFlight } }],
    }),
  ),
});

const MANY = "50 in flight";
const ONE = "1 in flight";

export const durableStep: Bench = {
  name: "durable-step",
  title: "Runs of ten steps that do nothing, each step durable before the next begins.",
  rounds: 5,
  quickRounds: 1,
  peers: [
    "@dbos-inc/dbos-sdk",
    "@restatedev/restate-sdk",
    "@restatedev/restate-sdk-clients",
    "@restatedev/restate-server",
  ],
  servers: { [DBOS]: startPostgres, [RESTATE]: startRestate },
  sections: [
    {
      title: "runs",
      figures: [
        { key: "stepsPerSecond", label: "steps/s", better: "more" },
        { key: "cpuMsPerStep", label: "CPU ms a step", better: "less" },
        { key: "serverCpuMsPerStep", label: "of it server" },
        { key: "stepP50Ms", label: "step p50 ms" },
        { key: "stepP99Ms", label: "step p99 ms" },
      ],
      rows: [row(MANY, 50), row(ONE, 1)],
    },
  ],
  quotes: (result) => [MANY, ONE].flatMap((name) => line(result, name)),
};

function line(result: Result, name: string): readonly string[] {
  const own = contestantOf(result, name, OURS)?.figures;
  if (!own) return [];
  const figure = (key: string): string => rounded(own[key]?.median ?? Number.NaN);
  const peers = [DBOS, RESTATE].flatMap((peer) => {
    const ratio = contestantOf(result, name, peer)?.ratios["stepsPerSecond"];
    return ratio ? [`${rounded(ratio.median)} times ${peer}`] : [];
  });
  return [
    `${name}: ${figure("stepsPerSecond")} durable steps a second at ${figure("cpuMsPerStep")} ms of CPU each, ` +
      `${peers.join(" and ")} on the same machine (\`npm run bench -- ${result.name}\`)`,
  ];
}
