/**
 * Measures ours beside its peers.
 *
 *     npm run bench -- <name> [--quick] [--rounds <number>] [--seed <text>] [--folder <path>]
 *     npm run bench -- --list | --check
 *
 * Prints a table and writes benchmarks/results/<name>.json; ends with 1 when a contestant could not run.
 */

import { chmodSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { seededRandom } from "@kintsugi/policy/base";

import { benches } from "./benches.ts";
import type { Bench, Server } from "./harness/bench.ts";
import { goalsOf } from "./harness/goals.ts";
import { noiseOf, thisMachine, watchLoad } from "./harness/machine.ts";
import { checkout, checkTypes, installPeers, versionOf } from "./harness/peers.ts";
import { type Result, writeResult } from "./harness/result.ts";
import { runRounds } from "./harness/rounds.ts";
import { tableOf } from "./harness/table.ts";

const { values: options, positionals } = parseArgs({
  options: {
    list: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    seed: { type: "string", default: "kintsugi" },
    folder: { type: "string", default: tmpdir() },
  },
  allowPositionals: true,
});

/** Resolves with the exit code. */
async function main(): Promise<number> {
  if (options.list) {
    for (const { name, title } of benches) console.log(`${name.padEnd(14)} ${title}`);
    return 0;
  }
  const bench = benches.find(({ name }) => name === positionals[0]);
  const rounds = Number(options.rounds ?? bench?.[options.quick ? "quickRounds" : "rounds"] ?? 1);
  if ((!bench && !options.check) || !Number.isSafeInteger(rounds) || rounds < 1) {
    const names = benches.map(({ name }) => name).join(" | ");
    console.error(`Usage: npm run bench -- ${names} [--quick] [--rounds <number from 1>]`);
    return 2;
  }
  installPeers();
  if (options.check) return checkTypes();
  return bench ? run(bench, rounds) : 2;
}

async function run(bench: Bench, rounds: number): Promise<number> {
  const folder = mkdtempSync(join(realpathSync(options.folder), "kintsugi-bench-"));
  chmodSync(folder, 0o711); // A server that refuses root has a folder of its own below it.
  const ending = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => ending.abort(new Error(`Ended by ${signal}`)));
  }
  const servers = new Map<string, Server>();
  try {
    const machine = thisMachine(folder);
    if (machine.disk === "tmpfs") {
      throw new Error(
        `${folder} is in memory, where nothing is durable: name a --folder on a disk`,
      );
    }
    const load = watchLoad();
    const startedMs = performance.now();
    bench.prepare?.();
    const missing = await startServers(bench, folder, servers);
    const sections = await runRounds(bench, {
      rounds,
      quick: options.quick,
      offset: Math.floor(seededRandom(options.seed).next() * 1_000),
      servers,
      missing,
      folder,
      signal: ending.signal,
      onRound: (round) => console.error(`round ${round} of ${rounds}`),
    });
    const seconds = (performance.now() - startedMs) / 1_000;
    const measured = load();
    const { name, title, goals = [] } = bench;
    return show({
      name,
      title,
      date: new Date().toISOString(),
      ...checkout(),
      quick: options.quick,
      seed: options.seed,
      rounds,
      seconds: Math.round(seconds),
      noisy: noiseOf(measured, machine.cores),
      machine,
      load: measured,
      versions: versionsOf(bench, servers),
      goals: goalsOf(goals, sections),
      sections,
    });
  } catch (error) {
    if (!ending.signal.aborted) throw error;
    console.error(`${ending.signal.reason.message}: nothing was written`);
    return 1;
  } finally {
    await Promise.all([...servers.values()].map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Starts what it can, into `servers`; gives the reasons of those that do not start, by contestant. */
async function startServers(
  bench: Bench,
  folder: string,
  servers: Map<string, Server>,
): Promise<ReadonlyMap<string, string>> {
  const missing = new Map<string, string>();
  for (const [contestant, start] of Object.entries(bench.servers)) {
    try {
      servers.set(contestant, await start(folder));
    } catch (error) {
      missing.set(contestant, error instanceof Error ? error.message : String(error));
    }
  }
  return missing;
}

function versionsOf(
  bench: Bench,
  servers: ReadonlyMap<string, Server>,
): Readonly<Record<string, string>> {
  const peers = bench.peers.map((peer) => [peer, versionOf(peer)]);
  const beside = [...servers].map(([contestant, { version }]) => [
    `server of ${contestant}`,
    version,
  ]);
  return { Node: process.versions.node, ...Object.fromEntries([...peers, ...beside]) };
}

/** Prints and keeps the result; 1 when somebody is missing. */
function show(result: Result): number {
  const file = fileURLToPath(writeResult(result));
  console.log(`${tableOf(result)}\n\nwritten to ${file}`);
  const rows = result.sections.flatMap(({ rows: own }) => own);
  const all = rows.flatMap(({ contestants }) => contestants);
  const missing = all.filter((contestant) => contestant.missing !== undefined);
  const reasons = missing.map(({ name, missing: why }) => `${name} could not run: ${why}`);
  for (const reason of new Set(reasons)) console.error(reason);
  return missing.length === 0 ? 0 : 1;
}

process.exitCode = await main();
