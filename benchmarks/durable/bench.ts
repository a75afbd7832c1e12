/** What durable work costs, and what becomes of it when the process is killed. */

import type { Bench } from "../harness/bench.ts";
import { contestantOf, type Result } from "../harness/result.ts";
import { rounded } from "../harness/table-text.ts";
import { buildPackages } from "./build.ts";
import { DBOS, LANGGRAPH, OPENWORKFLOW, OURS, RESTATE } from "./contestants.ts";
import { goals } from "./goals.ts";
import { startPostgres } from "./postgres.ts";
import { startRestate } from "./restate-server.ts";
import { BOOT, KILLED, MANY, ONE, sections } from "./sections.ts";

export const durable: Bench = {
  name: "durable",
  title: "Runs of ten steps, one after the other, each step recorded before the next begins.",
  rounds: 3,
  quickRounds: 1,
  peers: [
    "@dbos-inc/dbos-sdk",
    "@restatedev/restate-sdk",
    "@restatedev/restate-sdk-clients",
    "@restatedev/restate-server",
    "@langchain/langgraph",
    "@langchain/langgraph-checkpoint-sqlite",
    "openworkflow",
  ],
  prepare: buildPackages,
  servers: { [DBOS]: startPostgres, [RESTATE]: startRestate },
  sections,
  goals,
  quotes: (result) => [
    ...[MANY, ONE].flatMap((name) => throughput(result, name)),
    ...afterCrash(result),
  ],
};

function throughput(result: Result, name: string): readonly string[] {
  const own = contestantOf(result, name, OURS)?.figures;
  if (!own) return [];
  const figure = (key: string): string => rounded(own[key]?.median ?? Number.NaN);
  const peers = [DBOS, RESTATE, LANGGRAPH].flatMap((peer) => {
    const ratio = contestantOf(result, name, peer)?.ratios["stepsPerSecond"];
    return ratio ? [`${rounded(ratio.median)} times ${peer}`] : [];
  });
  return [
    `${name}: ${figure("stepsPerSecond")} durable steps a second at ${figure("cpuMsPerStep")} ms of CPU each, ` +
      `${listed(peers)} on the same machine (\`npm run bench -- ${result.name}\`)`,
  ];
}

function afterCrash(result: Result): readonly string[] {
  const of = (name: string): number | undefined =>
    contestantOf(result, KILLED, name)?.figures["firstStepMs"]?.median;
  const [own, boot] = [of(OURS), of(BOOT)];
  if (own === undefined || boot === undefined) return [];
  const peers = [RESTATE, DBOS, OPENWORKFLOW].flatMap((peer) => {
    const ms = of(peer);
    return ms === undefined ? [] : [`${peer} after ${rounded(ms)} ms`];
  });
  return [
    `killed with kill -9 and started again: the next step begins after ${rounded(own)} ms, of which Node takes ` +
      `${rounded(boot)} to load the same module; ${listed(peers)} (\`npm run bench -- ${result.name}\`)`,
  ];
}

const listed = (parts: readonly string[]): string =>
  [parts.slice(0, -1).join(", "), ...parts.slice(-1)].filter((part) => part !== "").join(" and ");
