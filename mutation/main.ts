/**
 * Breaks a folder of the policies in one place after the other, and counts what its tests notice.
 *
 *     npm run mutation -- <folder>... [--anew] [--workers <number>]
 *     npm run mutation -- --table
 *
 * Prints the score and the survivors, and writes mutation/results/<folder>.json. What an earlier run in this
 * checkout has shown, and no change of the code or the tests has put in doubt, is not run again; `--anew`
 * runs all of it. As many mutants as there are workers are tried at once, each in a process of its own.
 * `--table` renews the verdicts in the results, and the table in docs/testing-policies.md.
 */

import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { folders, roomsOfTests } from "./folders.ts";
import { committedResult, type Report, resultOf, withVerdicts, writeResult } from "./result.ts";
import { writeTable } from "./table.ts";
import { verdicts } from "./verdicts.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const policy = join(here, "../packages/policy");
const scratch = join(here, "../.results/mutation");
const stryker = join(here, "node_modules/@stryker-mutator/core");

const { values: options, positionals } = parseArgs({
  options: {
    anew: { type: "boolean", default: false },
    table: { type: "boolean", default: false },
    workers: { type: "string", default: "2" },
  },
  allowPositionals: true,
});

/** Gives the exit code. */
function main(): number {
  if (options.table) {
    renewVerdicts();
    writeTable();
    return 0;
  }
  const unknown = positionals.filter((name) => !folders.includes(name));
  if (positionals.length === 0 || unknown.length > 0) {
    console.error(`Usage: npm run mutation -- <folder>..., of: ${folders.join(", ")}`);
    return 2;
  }
  if (!/^[1-9][0-9]*$/.test(options.workers)) {
    console.error(`--workers must be a whole number above 0, got ${options.workers}`);
    return 2;
  }
  install();
  layOut();
  return positionals.map(run).reduce((worst, code) => Math.max(worst, code), 0);
}

/** What is said of survivors may change without a run. */
function renewVerdicts(): void {
  for (const folder of folders) {
    const result = committedResult(folder);
    if (result) writeResult(withVerdicts(result, verdicts));
  }
}

/** Installs Stryker when it is not there, or older than the lock file. @throws when npm fails. */
function install(): void {
  const installed = join(here, "node_modules/.package-lock.json");
  const lock = join(here, "package-lock.json");
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  const words = ["ci", "--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund"];
  const { status } = spawnSync("npm", words, { cwd: here, stdio: "inherit" });
  if (status !== 0) throw new Error(`npm ci in mutation/ ended with ${status}`);
}

/** What tests read besides their package: the copy lies as far below the scratch folder as it below the root. */
function layOut(): void {
  mkdirSync(scratch, { recursive: true });
  for (const name of ["docs", "node_modules"]) {
    const link = join(scratch, name);
    if (!existsSync(link)) symlinkSync(join(here, "..", name), link);
  }
}

function run(folder: string): number {
  const report = join(scratch, `${folder}.report.json`);
  const known = join(scratch, `${folder}.incremental.json`);
  for (const old of options.anew ? [report, known] : [report]) rmSync(old, { force: true });
  const config = join(scratch, `${folder}.config.json`);
  writeFileSync(config, JSON.stringify(settings(folder, report, known), undefined, 2));
  spawnSync(process.execPath, [join(stryker, "bin/stryker.js"), "run", config], {
    cwd: policy,
    stdio: "inherit",
    env: { ...process.env, MUTATION_TESTS: roomsOfTests(folder).join(",") },
  });
  if (!existsSync(report)) return 1;
  const manifest = JSON.parse(readFileSync(join(stryker, "package.json"), "utf8")) as Report & {
    readonly version: string;
  };
  const found = JSON.parse(readFileSync(report, "utf8")) as Report;
  const date = new Date().toISOString().slice(0, 10);
  const result = resultOf(folder, found, verdicts, { stryker: manifest.version, date });
  writeResult(result);
  for (const { place, mutator, line, became, reason } of result.survivors) {
    console.log(
      `${place} ${mutator}\n    ${line}\n  → ${became}${reason ? `\n    ${reason}` : ""}`,
    );
  }
  const { score, killed, timedOut, survived } = result;
  console.log(
    `${folder}: ${score} %; ${killed} killed, ${timedOut} timed out, ${survived} survived`,
  );
  return 0;
}

function settings(folder: string, report: string, known: string): object {
  return {
    mutate: [`src/${folder}/**/*.ts`, "!src/**/*.test.ts", "!src/**/fixtures/**"],
    // Words: those of a kind are held by the types, those of a message are nobody's to rely on.
    mutator: { excludedMutations: ["StringLiteral"] },
    plugins: [join(here, "runner.ts")],
    testRunner: "in-process",
    testRunnerNodeArgs: ["--conditions=source"],
    coverageAnalysis: "perTest",
    concurrency: Number(options.workers),
    timeoutMS: 10_000, // For loops that never end; promises left open die sooner, by their test.
    timeoutFactor: 3,
    incremental: true,
    incrementalFile: known,
    reporters: ["json", "progress-append-only"],
    jsonReporter: { fileName: report },
    tempDirName: join(scratch, "copy"), // Below the checkout, so that its node_modules are found.
    allowConsoleColors: false,
    packageManager: "npm",
  };
}

process.exitCode = main();
