/**
 * opossum's tests require its sources. So each of them is replaced by one line that requires our entry, as
 * a program in CommonJS would, and its own test runner, tape, runs them file by file.
 */

import { spawnSync } from "node:child_process";
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { install } from "./ground.ts";
import type { Ground, Peer, TestCase, TestFile } from "./peer.ts";

export const opossum: Peer = {
  name: "opossum",
  version: "10.0.0",
  repository: "https://github.com/nodeshift/opossum",
  tag: "v10.0.0",
  needed: 130,
  run,
};

/** Where the peer's way is one option away, a case that fails is run again with it. */
const PEERS_WAY = "releaseOnTimeout: true";

const sources: Readonly<Record<string, string>> = {
  "index.js": `
    const CircuitBreaker = require("@kintsugi/policy/compat/opossum");
    module.exports = process.env.PEERS_WAY ? class extends CircuitBreaker {
      constructor(action, options) { super(action, { ${PEERS_WAY}, ...options }); }
    } : CircuitBreaker;`,
  // Its users reach these classes through a breaker alone.
  "lib/status.js": `module.exports = require("../").newStatus({}).constructor;`,
  "lib/cache.js": `
    const CircuitBreaker = require("../");
    const breaker = new CircuitBreaker(() => {}, { cache: true });
    module.exports = breaker.options.cacheTransport.constructor;`,
  "lib/semaphore.js": `module.exports = () => { throw new Error("internal to opossum"); };`,
};

/** Tests of what it keeps to itself. */
const apart: ReadonlySet<string> = new Set(["test/semaphore-test.js"]);

/** Loaded before a test file: tells of each case, and keeps one that throws from ending the others. */
const PRELOAD = `
  const { appendFileSync } = require("node:fs");
  const tape = require("tape");
  const tell = (row) => appendFileSync(process.env.REPORT, JSON.stringify(row) + "\\n");
  tape.createStream({ objectMode: true }).on("data", tell);
  const guarded = (name, body) => {
    tell({ type: "declared", name });
    return tape(name, (t) => {
      try { return body(t); } catch (error) { t.end(error); }
    });
  };
  require.cache[require.resolve("tape")].exports = guarded;`;

/** They wait for real time, which a busy machine stretches: what fails is run again, so often at most. */
const RUNS = 3;

function run(ground: Ground): readonly TestFile[] {
  const { checkout } = ground;
  install(ground, ["tape"]);
  rmSync(join(checkout, "lib"), { recursive: true });
  mkdirSync(join(checkout, "lib"));
  for (const [path, text] of Object.entries(sources)) writeFileSync(join(checkout, path), text);
  writeFileSync(join(checkout, "preload.js"), PRELOAD);
  return globSync("test/*.js", { cwd: checkout })
    .filter((file) => readFileSync(join(checkout, file), "utf8").includes("require('tape')"))
    .toSorted()
    .map((file) => ({ file, apart: apart.has(file), cases: casesOf(checkout, file) }));
}

function casesOf(checkout: string, file: string): readonly TestCase[] {
  let cases = once(checkout, file, false);
  for (let runs = 1; runs < RUNS && !apart.has(file) && cases.some(isFailed); runs += 1) {
    cases = better(cases, once(checkout, file, false));
  }
  if (apart.has(file) || !cases.some(isFailed)) return cases;
  const theirs = once(checkout, file, true);
  return cases.map(({ name, failure }, place) => {
    const isRestored = failure !== undefined && theirs[place] && !isFailed(theirs[place]);
    return { name, failure: isRestored ? `${failure} (passes with ${PEERS_WAY})` : failure };
  });
}

const isFailed = ({ failure }: TestCase): boolean => failure !== undefined;

const better = (some: readonly TestCase[], others: readonly TestCase[]): readonly TestCase[] =>
  some.map((one, place) => (isFailed(one) ? (others[place] ?? one) : one));

/** What tape tells, row by row, and our own row for each case that the file has. */
type Row =
  | { readonly type: "declared"; readonly name: string }
  | { readonly type: "test"; readonly id: number; readonly name: string }
  | {
      readonly type: "assert";
      readonly test: number;
      readonly ok: boolean;
      readonly name?: unknown;
    }
  | { readonly type: "end"; readonly test: number };

function once(checkout: string, file: string, asPeer: boolean): readonly TestCase[] {
  const report = join(checkout, "report.jsonl");
  rmSync(report, { force: true });
  const { stderr } = spawnSync(process.execPath, ["--require", "./preload.js", file], {
    cwd: checkout,
    encoding: "utf8",
    env: { ...process.env, REPORT: report, PEERS_WAY: asPeer ? "1" : "" },
    timeout: 120_000,
  });
  if (!existsSync(report)) throw new Error(`opossum's ${file} did not run: ${stderr}`);
  const rows = readFileSync(report, "utf8").trim().split("\n");
  return told(rows.map((row) => JSON.parse(row) as Row));
}

/** Cases run in the order in which they stand in the file. */
function told(rows: readonly Row[]): readonly TestCase[] {
  const started = rows.filter((row) => row.type === "test");
  const declared = rows.filter((row) => row.type === "declared");
  return declared.map(({ name }, place) => {
    const id = started[place]?.id;
    const own = rows.filter((row) => row.type === "assert" && row.test === id);
    const wrong = own.find((row) => row.type === "assert" && !row.ok);
    const hasEnded = rows.some((row) => row.type === "end" && row.test === id);
    if (wrong?.type === "assert") return { name, failure: String(wrong.name).split("\n")[0] };
    return hasEnded ? { name } : { name, failure: "it has not come to its end" };
  });
}
