/**
 * A test runner for Stryker that loads the tests once and then runs, in the same process, those that come
 * past each mutant. A test that fails is run again without the mutant: where it fails then as well, what
 * was left behind by an earlier mutant is to blame, and everything is loaded anew.
 */

import { globSync } from "node:fs";
import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import type { Test } from "./suite.ts";

/** The parts of Stryker's interfaces that are used here. */
interface MutantRun {
  readonly activeMutant: { readonly id: string };
  readonly testFilter?: readonly string[];
  readonly hitLimit?: number;
  /** Whether the mutant is there while the files are loaded. */
  readonly mutantActivation: "runtime" | "static";
}

/** Where the broken code asks which of its mutants is there, and tells what was run. */
interface Switchboard {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  hitCount?: number | undefined;
  hitLimit?: number | undefined;
  mutantCoverage?: object;
}

const switchboard: Switchboard = {};
Object.assign(globalThis, {
  __stryker__: switchboard,
  // For its `expect` and `vi`.
  __vitest_worker__: { config: {}, ctx: {}, environment: { name: "node" }, metaEnv: process.env },
});

const suite = await import("./suite.ts");

/** What the tests get in the place of what they ask for. */
const stands = {
  vitest: new URL("suite.ts", import.meta.url).href,
  fastCheck: new URL("fewer-runs.ts", import.meta.url).href,
};

/** How often is looked whether the process does anything, in milliseconds. */
const LOOK_MS = 500;

/** A test whose process has done less than this, four times in a row, waits for what never comes. */
const IDLE_CPU_MS = 10;
const IDLE_LOOKS = 4;

/** Under which copies of the package share what they know: a load of it anew would find all of that. */
const SLOT = Symbol.for("kintsugi.calls");

/** Taken down before a test stops the clock. */
const { setInterval, clearInterval, setImmediate } = globalThis;

class Runner {
  readonly #root = process.cwd();
  readonly #rooms = (process.env["MUTATION_TESTS"] ?? "*").split(",");
  /** Whose tests look at what is run once for all of them, when the files are loaded. */
  readonly #own = join(this.#root, "src", this.#rooms[0] ?? "");
  readonly #lastedMs = new Map<string, number>();
  #tests: readonly Test[] = [];
  #loadings = 0;
  /** Something may have been left behind. */
  #isStale = false;
  #loose: unknown;

  capabilities(): object {
    return { reloadEnvironment: true };
  }

  async init(): Promise<void> {
    const root = pathToFileURL(this.#root).href;
    registerHooks({
      resolve: (specifier, context, next) => {
        if (!context.parentURL?.startsWith(root)) return next(specifier, context);
        if (specifier === "vitest") return next(stands.vitest, context);
        if (specifier === "fast-check") return next(stands.fastCheck, context);
        const found = next(specifier, context);
        const isOwn = found.url.startsWith(root) && !found.url.includes("?");
        return isOwn ? { ...found, url: `${found.url}?${this.#loadings}` } : found;
      },
    });
    for (const kind of ["unhandledRejection", "uncaughtException"] as const) {
      process.on(kind, (reason) => {
        this.#loose ??= reason ?? "nothing";
      });
    }
    const error = await this.#load(undefined);
    if (error !== undefined) throw error; // Without some of the tests, mutants survive that must not.
  }

  async dryRun(): Promise<object> {
    const tests: object[] = [];
    for (const test of this.#tests) {
      const { name, file: fileName } = test;
      switchboard.currentTestId = name;
      const startedMs = performance.now();
      const failure = await this.#failureOf(test);
      switchboard.currentTestId = undefined;
      const timeSpentMs = performance.now() - startedMs;
      this.#lastedMs.set(name, timeSpentMs);
      const status = failure === undefined ? 0 : 1; // Stryker's "success" and "failed".
      tests.push({ id: name, name, fileName, timeSpentMs, status, failureMessage: failure });
    }
    return { status: "complete", tests, mutantCoverage: switchboard.mutantCoverage };
  }

  async mutantRun(run: MutantRun): Promise<object> {
    const isStatic = run.mutantActivation === "static";
    const isFresh = isStatic || this.#isStale;
    if (isFresh) {
      const error = await this.#load(isStatic ? run.activeMutant.id : undefined);
      if (error !== undefined) {
        this.#isStale = true;
        return { status: "error", errorMessage: text(error) };
      }
    }
    const asked = run.testFilter && new Set(run.testFilter);
    const tests = this.#tests
      .filter(({ name, file }) => asked?.has(name) ?? file.startsWith(this.#own))
      .toSorted((one, other) => this.#msOf(one) - this.#msOf(other));
    const found = await this.#tryOut(run, tests);
    switchboard.activeMutant = undefined;
    if (isStatic) this.#isStale = true;
    if (found.status !== "killed" || isStatic) return found;
    const failed = this.#tests.find(({ name }) => name === found.killedBy?.[0]);
    switchboard.hitCount = undefined;
    if (failed && (await this.#failureOf(failed)) === undefined) return found;
    this.#isStale = true;
    return isFresh ? found : this.mutantRun(run); // A test that passes only once was spoilt by itself.
  }

  async #tryOut(
    { activeMutant, hitLimit }: MutantRun,
    tests: readonly Test[],
  ): Promise<{ readonly status: string; readonly killedBy?: readonly string[] }> {
    switchboard.activeMutant = activeMutant.id;
    switchboard.hitCount = 0;
    switchboard.hitLimit = hitLimit;
    let nrOfTests = 0;
    for (const test of tests) {
      nrOfTests += 1;
      const failureMessage = await this.#failureOf(test);
      if ((switchboard.hitCount ?? 0) > (hitLimit ?? Infinity)) return { status: "timeout" };
      if (failureMessage === undefined) continue;
      return { status: "killed", killedBy: [test.name], failureMessage, nrOfTests } as object & {
        status: string;
      };
    }
    return { status: "survived", nrOfTests } as object & { status: string };
  }

  /** Undefined where the test passes. */
  async #failureOf(test: Test): Promise<string | undefined> {
    this.#loose = undefined;
    const watch = watchForRest(`${test.name} waits for what never comes`);
    let failure: unknown;
    try {
      await Promise.race([test.run(), watch.rest]);
    } catch (error) {
      failure = error ?? "nothing";
    }
    watch.stop();
    try {
      for (const ending of suite.takeEndings()) await ending();
    } catch (error) {
      failure ??= error;
    }
    suite.vi.useRealTimers();
    suite.vi.unstubAllGlobals();
    suite.vi.unstubAllEnvs();
    await new Promise((resolve) => setImmediate(resolve)); // For rejections that nobody hears.
    failure ??= this.#loose;
    return failure === undefined ? undefined : text(failure);
  }

  /** Gives what was thrown. */
  async #load(mutant: string | undefined): Promise<unknown> {
    this.#loadings += 1;
    this.#isStale = false;
    suite.taken.clear();
    const shared = (globalThis as { [SLOT]?: Record<string, unknown> })[SLOT] ?? {};
    for (const protocol of Object.keys(shared)) delete shared[protocol];
    switchboard.activeMutant = mutant;
    const files = this.#rooms.flatMap((room) => globSync(`src/${room}{/**/*,}.test.ts`)).toSorted();
    try {
      for (const file of files.filter((path) => !path.endsWith(".process.test.ts"))) {
        suite.openFile(file, this.#root);
        await import(`${pathToFileURL(join(this.#root, file)).href}?${this.#loadings}`);
      }
      return undefined;
    } catch (error) {
      return error ?? "nothing";
    } finally {
      this.#tests = [...suite.taken.values()];
    }
  }

  #msOf({ name }: Test): number {
    return this.#lastedMs.get(name) ?? 0;
  }
}

/** By what the process does, not by the clock: on a busy machine a long test is not taken for one that hangs. */
function watchForRest(sentence: string): { readonly rest: Promise<never>; stop(): void } {
  const { promise: rest, reject } = Promise.withResolvers<never>();
  let before = process.cpuUsage();
  let looks = 0;
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(before);
    before = process.cpuUsage();
    looks = (user + system) / 1_000 < IDLE_CPU_MS ? looks + 1 : 0;
    if (looks === IDLE_LOOKS) reject(new Error(sentence));
  }, LOOK_MS);
  return { rest, stop: () => clearInterval(timer) };
}

function text(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

export const strykerPlugins: readonly object[] = [
  { kind: "TestRunner", name: "in-process", factory: () => new Runner() },
];
