/**
 * cockatiel's tests stand beside its sources and import them. So each source is replaced by one line that
 * exports our entry, and what the tests use of its internals by a stand-in; then its own compiler checks
 * the types of the tests, and its own test runner runs them.
 */

import { spawnSync } from "node:child_process";
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

import { install } from "./ground.ts";
import type { Ground, Peer, TestCase, TestFile } from "./peer.ts";

export const cockatiel: Peer = {
  name: "cockatiel",
  version: "4.0.0",
  repository: "https://github.com/connor4312/cockatiel",
  tag: "v4.0.0",
  needed: 96,
  run,
};

const OURS = 'export * from "@kintsugi/policy/compat/cockatiel";\n';

/** What its tests take from files that it does not export. */
const standIns: Readonly<Record<string, string>> = {
  "src/common/abort.ts": `
    export const abortedSignal: AbortSignal = AbortSignal.abort();
    export const deriveAbortController = (_signal: AbortSignal): { ctrl: AbortController } => {
      throw new Error("internal to cockatiel");
    };`,
  "src/common/defer.ts": `
    export const defer = <T = unknown>() => {
      let resolve!: (value: T) => void;
      let reject!: (error: unknown) => void;
      const promise = new Promise<T>((...ends) => { [resolve, reject] = ends; });
      return { promise, resolve, reject };
    };`,
  "src/common/Event.ts": `${OURS}
    import { EventEmitter } from "@kintsugi/policy/compat/cockatiel";
    export class MemorizingEventEmitter<T> extends EventEmitter<T> {
      get hasEmitted(): boolean { throw new Error("internal to cockatiel"); }
    }`,
  "src/common/Executor.ts": `
    export class ExecuteWrapper {
      constructor(..._filters: ((value: unknown) => boolean)[]) {}
      onSuccess(_listener: unknown): void {}
      onFailure(_listener: unknown): void {}
      async invoke(_fn: (x: any) => unknown, ..._args: unknown[]): Promise<unknown> {
        throw new Error("internal to cockatiel");
      }
    }`,
};

/** Tests of what it keeps to itself, and of its errors, which are little but a name. */
const apart = /^src\/(common|errors)\//;

function run(ground: Ground): readonly TestFile[] {
  const { checkout } = ground;
  install(ground);
  for (const path of globSync("src/**/*.ts", { cwd: checkout })) {
    if (!path.endsWith(".test.ts")) writeFileSync(join(checkout, path), standIns[path] ?? OURS);
  }
  return [typesOf(checkout), ...behaviourOf(checkout)];
}

/** Whether the tests compile, which they do only if our types are as good as the peer's. */
function typesOf(checkout: string): TestFile {
  const { stdout } = spawnSync("node_modules/.bin/tsc", ["-p", "."], {
    cwd: checkout,
    encoding: "utf8",
  });
  const [error] = stdout.split("\n").filter((line) => line.includes("error TS"));
  return { file: "(types)", apart: true, cases: [{ name: "all tests compile", failure: error }] };
}

interface MochaReport {
  readonly tests: readonly MochaTest[];
  /** Those of the tests that failed, and hooks that did. */
  readonly failures: readonly MochaTest[];
}

interface MochaTest {
  readonly file: string;
  readonly fullTitle: string;
  readonly err: { readonly message?: string };
}

function behaviourOf(checkout: string): readonly TestFile[] {
  const report = join(checkout, "report.json");
  const words = ["--reporter", "json", "--reporter-option", `output=${report}`];
  // Ends with the number of failures, which the report tells better.
  const { stderr } = spawnSync("node_modules/.bin/mocha", words, {
    cwd: checkout,
    encoding: "utf8",
    timeout: 300_000,
  });
  if (!existsSync(report)) throw new Error(`cockatiel's tests did not run: ${stderr}`);
  const { tests, failures } = JSON.parse(readFileSync(report, "utf8")) as MochaReport;
  const titles = new Set(tests.map(({ fullTitle }) => fullTitle));
  const hooks = failures.filter(({ fullTitle }) => !titles.has(fullTitle));
  const files = new Map<string, TestCase[]>();
  for (const { file, fullTitle, err } of [...tests, ...hooks]) {
    const path = relative(checkout, file).replace(/^dist(.*)\.js$/, "src$1.ts");
    const cases = files.get(path) ?? [];
    files.set(path, cases);
    const failure = Object.keys(err).length === 0 ? undefined : firstLine(err.message);
    cases.push({ name: fullTitle, failure });
  }
  return [...files].map(([file, cases]) => ({ file, apart: apart.test(file), cases }));
}

const firstLine = (message = "no message"): string => message.split("\n")[0] ?? "";
