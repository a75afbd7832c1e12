import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "kintsugi";
import { describe, expect, it, onTestFinished } from "vitest";

import { moodFor } from "../model-server/misbehave.ts";
import { type BareOptions, runBare } from "./bare-run.ts";
import { findPackages } from "./documents.ts";

type Plan = NonNullable<NonNullable<Parameters<typeof defineConfig>[0]>["chaos"]>["plan"];

const TEMPER = { failureRate: 0.3, delayMs: 5 };
const example = fileURLToPath(new URL("..", import.meta.url));
const kill = { name: "the kill", at: { run: "digest", done: 14 }, kill: "runtime" };

/** Thirty packages with a readme each, and what the seed does to them at the first try. */
function setup(seed: string, plan: Plan, capMs = 15_000) {
  const folder = mkdtempSync(join(tmpdir(), "digest-bare-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (let index = 10; index < 40; index += 1) {
    mkdirSync(join(folder, "packages", `p${index}`), { recursive: true });
    writeFileSync(join(folder, "packages", `p${index}`, "README.md"), `Number ${index} is well.`);
  }
  const packages = findPackages(join(folder, "packages"));
  const moods = packages.map(({ name }) => moodFor(seed, `${name}/README.md`, 0, TEMPER).kind);
  const args = ["--conditions=source", "--disable-warning=ExperimentalWarning"];
  args.push("model-server/main.ts", `--seed=${seed}`);
  args.push(`--failures=${TEMPER.failureRate}`, `--delay=${TEMPER.delayMs}`);
  const model = { kind: "process", command: process.execPath, args, cwd: example } as const;
  const struck: string[] = [];
  const options: BareOptions = {
    config: defineConfig({ components: { model }, chaos: { enabled: true, plan: plan ?? [] } }),
    folder: join(folder, "packages"),
    packages,
    workFolder: join(folder, "out"),
    capMs,
    onFault: (name) => struck.push(name),
    signal: new AbortController().signal,
  };
  return { options, moods, struck, folder };
}

/** A seed by which, of the first `count` packages, at least one is never answered; or none of all. */
function seedWith(isSilent: boolean, count: number): string {
  for (let seed = 0; ; seed += 1) {
    const paths = Array.from({ length: count }, (_, index) => `p${10 + index}/README.md`);
    const kinds = paths.map((path) => moodFor(String(seed), path, 0, TEMPER).kind);
    if (kinds.includes("silent") === isSilent) return String(seed);
  }
}

const wellOf = (moods: readonly string[]): number => moods.filter((kind) => kind === "well").length;

describe("the job without our parts", () => {
  it("is killed between two waves, keeps what it finished, and is not started again", async () => {
    const { options, moods, struck } = setup(seedWith(false, 30), [kill]);
    const outcome = await runBare(options);
    expect(outcome).toMatchObject({
      begun: 18,
      ending: { kind: "killed", by: "the kill", documents: 18 },
      calls: { asked: 18, failed: 18 - wellOf(moods.slice(0, 18)) },
    });
    expect(outcome.finished).toHaveLength(wellOf(moods.slice(0, 18)));
    expect(struck).toEqual(["the kill"]);
  });

  it("loses what a provider fails, when nothing else happens, and writes a report of the rest", async () => {
    const { options, moods, folder } = setup(seedWith(false, 30), []);
    const { finished, begun, ending } = await runBare(options);
    expect({ begun, ending }).toEqual({ begun: 30, ending: { kind: "finished" } });
    expect(finished).toHaveLength(wellOf(moods));
    const report = JSON.parse(readFileSync(join(folder, "out/report.json"), "utf8"));
    expect(report.documents).toHaveLength(wellOf(moods));
  });

  it("waits for ever for an answer that never comes", async () => {
    const { options, moods } = setup(seedWith(true, 6), [kill], 3_000);
    const { finished, begun, ending } = await runBare(options);
    expect({ begun, ending }).toEqual({ begun: 6, ending: { kind: "stuck" } });
    expect(finished).toHaveLength(wellOf(moods.slice(0, 6)));
  });

  it("stands still beside a model server that hangs, and nobody wakes it", async () => {
    const hang = { name: "the hang", at: { run: "digest", done: 6 }, hang: "model", for: "1s" };
    const { options, moods } = setup(seedWith(false, 30), [hang], 3_000);
    const { finished, begun, ending, calls } = await runBare(options);
    expect({ begun, ending }).toEqual({ begun: 12, ending: { kind: "stuck" } });
    expect(finished).toHaveLength(wellOf(moods.slice(0, 6)));
    expect(calls.asked).toBe(6);
  });

  it("fails all the rest beside a model server that crashed", async () => {
    const leak = { name: "leak", at: { run: "digest", done: 6 }, leak: "model", perSecond: "1MB" };
    const crash = { name: "the crash", at: { run: "digest", done: 12 }, crash: "model" };
    const { options, moods, struck } = setup(seedWith(false, 30), [leak, crash]);
    const { finished, begun, ending } = await runBare(options);
    expect({ begun, ending }).toEqual({ begun: 30, ending: { kind: "finished" } });
    expect(finished).toHaveLength(wellOf(moods.slice(0, 12)));
    expect(struck).toEqual(["leak", "the crash"]);
  });

  it.each([
    ["node", /The model server ended with \d/],
    ["no-such-program", /The model server ended with -\d/],
  ])("says so when its model server cannot start: %s", async (command, why) => {
    const { options } = setup("1", []);
    const model = { ...options.config.components["model"], command, args: ["no-such-file.ts"] };
    const config = { ...options.config, components: { model } } as BareOptions["config"];
    await expect(runBare({ ...options, config })).rejects.toThrow(why);
  });
});
