/**
 * Runs the peers' own tests against our entries of their names.
 *
 *     npm run compat [-- <peer>] [--from <folder>]
 *
 * The tests are fetched at the tag of the version that we stand in for, into a folder that is gone at the
 * end. Prints a table and writes compat/results/<peer>.json; ends with 1 when too few cases pass, and with
 * 3 when the tests cannot be had. Where there is no network, `--from` takes a checkout of the one peer.
 */

import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { cockatiel } from "./cockatiel.ts";
import { makeGround, UnavailableError } from "./ground.ts";
import { opossum } from "./opossum.ts";
import type { Peer } from "./peer.ts";
import { resultOf, tableOf, writeResult } from "./result.ts";

const peers: readonly Peer[] = [cockatiel, opossum];

/** Gives the exit code. */
function main(): number {
  const { values: options, positionals } = parseArgs({
    options: { from: { type: "string" } },
    allowPositionals: true,
  });
  const chosen = peers.filter(({ name }) => positionals.length === 0 || name === positionals[0]);
  if (chosen.length === 0 || positionals.length > 1 || (options.from && chosen.length > 1)) {
    const names = peers.map(({ name }) => name).join(" | ");
    console.error(`Usage: npm run compat [-- ${names}] [--from <folder of that peer>]`);
    return 2;
  }
  return Math.max(...chosen.map((peer) => run(peer, options.from)));
}

function run(peer: Peer, from: string | undefined): number {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), "kintsugi-compat-"));
  try {
    const result = resultOf(peer, peer.run(makeGround(peer, folder, from)));
    const file = fileURLToPath(writeResult(result));
    console.log(`${tableOf(result)}\n\nwritten to ${file}`);
    return result.behaviour.passed >= peer.needed ? 0 : 1;
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    console.error(error.message);
    return 3;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = main();
