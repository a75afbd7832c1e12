/** Options that an executor refuses by itself, also where no policy would look at them. */

import { describe, expect, it } from "vitest";

import { manualClock } from "../base/fixtures/clocks.ts";
import { type Classifier, reactions } from "../classify/index.ts";
import { ResilientExecutor } from "./executor.ts";
import { ResilientExecutorFactory } from "./factories.ts";
import { createCallRegistry } from "./registry.ts";

describe("an executor", () => {
  it.each([
    [{ fallback: [] }, /^fallback must be a function or a list of at least one source/],
    [{ fallback: "stale" }, /^fallback must be a function or a list of at least one source/],
    [{ retry: { clock: manualClock() } }, /no option "clock"/],
    [{ bulkhead: { name: "another" } }, /no option "name"/],
  ])("refuses %j", (options, sentence) => {
    expect(() => new ResilientExecutor({ name: "api", ...(options as object) })).toThrow(sentence);
  });

  it.each([
    [{ cost: -1 }, /^cost must be/],
    [{ cots: 1 }, /no option "cots"/],
  ])("refuses a claim of %j, whichever policies it has", (claim, sentence) => {
    expect(() => new ResilientExecutor({ name: "bare" }).with(claim as object)).toThrow(sentence);
  });

  it("has no preset where it is a custom one", () => {
    const options = { name: "custom with a preset", preset: "api" };
    expect(() => ResilientExecutorFactory.custom(options as { name: string })).toThrow(
      /no option "preset"/,
    );
  });

  it("goes by its classifier in every policy, also where one stands in another's calls", async () => {
    const classify: Classifier["classify"] = () => ({
      ...reactions["code-bug"],
      class: "code-bug",
      evidence: "the test",
    });
    const chaos = { enabled: false };
    const options = { adaptiveLimit: {}, chaos, classifier: { classify } };
    const executor = new ResilientExecutor({ name: "api", ...options });
    await executor.execute(() => Promise.reject({ status: 503 }));
    expect(executor.stats().adaptiveLimit).toMatchObject({ dropped: 0, ignored: 1 });
  });

  it("measures by its clock how long calls take that it limits", async () => {
    const clock = manualClock();
    const executor = new ResilientExecutor({ name: "api", adaptiveLimit: {}, clock });
    for (let call = 0; call < 50; call += 1) {
      const running = executor.execute(() => new Promise<void>((end) => clock.after(70, end)));
      await clock.advance(70);
      await running;
    }
    expect(executor.stats().adaptiveLimit?.baselineMs).toBe(70);
  });

  it("is hit by the seed of its chaos, and not by the chance that it has besides", async () => {
    const chaos = { enabled: true, errorRate: 0.5, seed: "tuesday" };
    const hits = async (options: object): Promise<readonly boolean[]> => {
      const executor = new ResilientExecutor({ name: "api", chaos, ...options });
      const results = [];
      for (let call = 0; call < 20; call += 1) results.push(await executor.execute(() => call));
      return results.map(({ success }) => success);
    };
    const random = { next: () => 0, uuid: () => "" };
    const alone = await hits({});
    expect(new Set(alone)).toEqual(new Set([true, false]));
    expect(await hits({ random })).toEqual(alone);
  });
});

describe("a registry", () => {
  it("refuses names that are none, wherever one is given", () => {
    const registry = createCallRegistry();
    for (const name of ["", 5 as never]) {
      expect(() => registry.executor(name)).toThrow(/^name must be/);
      expect(() => registry.configure(name, {})).toThrow(/^name must be/);
    }
  });

  it("refuses a preset that there is not, and a second name", () => {
    const registry = createCallRegistry();
    expect(() => registry.executor("a", { preset: "slow" as never })).toThrow(/^preset must be/);
    expect(() => registry.executor("a", { name: "b" } as object)).toThrow(/no option "name"/);
  });

  it("refuses options of a circuit that is there already", () => {
    const { circuits } = createCallRegistry();
    circuits.getOrCreate({ name: "db" });
    expect(() => circuits.getOrCreate({ name: "db", treshold: 1 } as { name: string })).toThrow(
      /no option "treshold"/,
    );
    expect(() => circuits.getOrCreate({ name: "db", failureThreshold: 0 })).toThrow(
      /^failureThreshold must be/,
    );
  });

  it("takes the time limit of a preset as a number", () => {
    const update = { presets: { llm: { timeout: 60_000 } } };
    expect(() => createCallRegistry().update(update)).not.toThrow();
  });
});
