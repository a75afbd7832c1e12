import { type Clock, seededRandom, sleep } from "@kintsugi/policy/base";
import fc from "fast-check";
import { expect, it } from "vitest";

import { memoryDisk, memoryStore, type Store } from "../../store/index.ts";
import { manualClock } from "../../testing/index.ts";
import { defineWorkflow } from "../define.ts";
import { type StepRow, steps, workflowTables } from "../tables.ts";
import type { WorkflowContext } from "../types.ts";
import { recordedValues } from "../value/recorded-values.ts";
import { embeddedEngine } from "./embedded.ts";
import type { Engine } from "./port.ts";

/** What one branch of a run does, one after another. All steps have one name: only order tells them. */
type Deed =
  | { readonly kind: "step"; readonly ms: number }
  | { readonly kind: "fail"; readonly ms: number }
  | { readonly kind: "sleep"; readonly ms: number }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "now" }
  | { readonly kind: "child"; readonly ms: number }
  | { readonly kind: "fork" | "race"; readonly branches: readonly (readonly Deed[])[] };

const branchesWith = (...kinds: ("fork" | "race")[]): fc.Arbitrary<readonly Deed[]> =>
  fc.letrec<{ branch: readonly Deed[]; deed: Deed }>((tie) => {
    const ms = fc.integer({ min: 0, max: 30 });
    const simple = fc.record({
      kind: fc.constantFrom("step", "step", "fail", "sleep", "wait", "child"),
      ms,
    }) as fc.Arbitrary<Deed>;
    return {
      branch: fc.array(tie("deed"), { maxLength: 4 }),
      deed: fc.oneof(
        { maxDepth: 2, withCrossShrink: true },
        simple,
        fc.constant<Deed>({ kind: "now" }),
        fc.record({
          kind: fc.constantFrom(...kinds),
          branches: fc.array(tie("branch"), { maxLength: 4 }),
        }),
      ),
    };
  }).branch;

/** The code of the run, and the child that it may have. */
function workflows(clock: Clock, branches: readonly (readonly Deed[])[]) {
  const child = defineWorkflow("child", (ctx, { ms, path }: { ms: number; path: string }) =>
    ctx.step("work", async ({ signal }) => {
      await sleep(clock, ms, signal);
      return path;
    }),
  );
  const work = async (ctx: WorkflowContext, deed: Deed, path: string): Promise<unknown> => {
    switch (deed.kind) {
      case "step":
        return ctx.step("work", async ({ signal }) => {
          await sleep(clock, deed.ms, signal);
          return path;
        });
      case "fail": {
        const failing = ctx.step("work", async ({ signal }) => {
          await sleep(clock, deed.ms, signal);
          throw new Error(path);
        });
        return failing.catch((error: Error) => error.message);
      }
      case "sleep":
        await ctx.sleep(deed.ms);
        return path;
      case "wait":
        return (await ctx.waitFor("never", { timeout: deed.ms })) === null ? path : "a signal";
      case "now":
        return typeof (await ctx.now()) === "number" ? path : "no number";
      case "child":
        return ctx.child(child, { ms: deed.ms, path });
      case "fork":
        return Promise.all(deed.branches.map((one, at) => goAlong(ctx, one, `${path}.${at}`)));
      case "race": {
        const sides = deed.branches.map(
          (one, at) => (side: WorkflowContext) => goAlong(side, one, `${path}.${at}`),
        );
        return sides.length === 0 ? [] : ctx.race(sides);
      }
    }
  };
  const goAlong = async (ctx: WorkflowContext, branch: readonly Deed[], path: string) => {
    const results: unknown[] = [];
    for (const [at, deed] of branch.entries()) results.push(await work(ctx, deed, `${path}/${at}`));
    return results;
  };
  const workflow = defineWorkflow("branches", (ctx) =>
    ctx.all(branches.map((branch, at) => () => goAlong(ctx, branch, `${at}`))),
  );
  return { workflow, child };
}

/** A world with one run in it, whose process can be crashed at any moment. */
async function setup(branches: readonly (readonly Deed[])[]) {
  const clock = manualClock();
  const disk = memoryDisk();
  const { workflow, child } = workflows(clock, branches);
  const open = async (): Promise<{ engine: Engine; store: Store }> => {
    const store = memoryStore({ clock, disk, tables: workflowTables });
    const random = seededRandom(1);
    const engine = embeddedEngine({ store, clock, random, maxLive: 2, onFatal: () => {} });
    engine.register(workflow);
    engine.register(child);
    void engine.start();
    await clock.advance(0);
    return { engine, store };
  };
  return { clock, workflow, open };
}

/** What the branch comes to when nothing ever crashes, and it has no race. */
function expected(branch: readonly Deed[], path: string): unknown[] {
  return branch.map((deed, at) =>
    deed.kind === "fork"
      ? deed.branches.map((one, index) => expected(one, `${path}/${at}.${index}`))
      : `${path}/${at}`,
  );
}

/** True of what the branch may come to when nothing ever crashes: a race has many ends. */
function fits(branch: readonly Deed[], path: string, results: unknown): boolean {
  if (!Array.isArray(results) || results.length !== branch.length) return false;
  return branch.every((deed, at) => fitsDeed(deed, `${path}/${at}`, results[at]));
}

function fitsDeed(deed: Deed, path: string, result: unknown): boolean {
  switch (deed.kind) {
    case "fork":
      return (
        Array.isArray(result) &&
        result.length === deed.branches.length &&
        deed.branches.every((one, index) => fits(one, `${path}.${index}`, result[index]))
      );
    case "race":
      return deed.branches.length === 0
        ? Array.isArray(result)
        : deed.branches.some((one, index) => fits(one, `${path}.${index}`, result));
    default:
      return result === path;
  }
}

/** Crashes after each of these spans, and lets the run come to its end. */
async function follow(branches: readonly (readonly Deed[])[], crashesMs: readonly number[]) {
  const { clock, workflow, open } = await setup(branches);
  let life = await open();
  void life.engine.run(workflow, undefined, { id: "run" });
  await clock.advance(0);
  const recorded = new Map<number, StepRow>();
  for (const ms of crashesMs) {
    await clock.advance(ms);
    life = await open();
    for (const row of await life.store.list(steps, { where: { runId: "run" } })) {
      const before = recorded.get(row.seq);
      const isFinal = before && (before.ordinal !== null || before.abandonedBy !== null);
      if (isFinal) expect(row).toEqual(before);
      recorded.set(row.seq, row);
    }
  }
  await clock.advance(2_000);
  const handle = await life.engine.handle("run");
  const ended = Promise.allSettled([handle?.result()]);
  await clock.advance(0);
  return { ended: (await ended)[0], view: await life.engine.get("run") };
}

it("a run of parallel branches comes to the same, whenever its process crashes", async () => {
  const anyBranches = fc.array(branchesWith("fork", "race"), { maxLength: 4 });
  const anyCrashes = fc.array(fc.integer({ min: 0, max: 25 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(anyBranches, anyCrashes, async (branches, crashesMs) => {
      const { ended, view } = await follow(branches, crashesMs);
      const value = ended?.status === "fulfilled" ? (ended.value as unknown[]) : [ended];
      const areFit = branches.map((branch, at) => fits(branch, `${at}`, value[at]));
      expect(areFit.every(Boolean), JSON.stringify(value)).toBe(true);
      expect(view?.crashes).toBe(0);
    }),
    { numRuns: 200, endOnFailure: true },
  );
}, 60_000);

it("a run of parallel branches comes to the same, whichever step it is rewound to or forked from", async () => {
  const anyBranches = fc.array(branchesWith("fork"), { minLength: 1, maxLength: 4 });
  const anyPlaces = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(anyBranches, anyPlaces, async (branches, places) => {
      const { clock, workflow, open } = await setup(branches);
      const { engine, store } = await open();
      const value = branches.map((branch, at) => expected(branch, `${at}`));
      const values = recordedValues(store, { random: seededRandom(1) });
      const recordOf = (runId: string) => values.list(steps, { where: { runId } });
      const comesTo = async (id: string): Promise<void> => {
        await clock.advance(2_000);
        const ended = Promise.allSettled([engine.handle(id).then((handle) => handle?.result())]);
        await clock.advance(0);
        expect((await ended)[0]).toEqual({ status: "fulfilled", value });
      };
      void engine.run(workflow, undefined, { id: "run" });
      await comesTo("run");
      for (const [at, place] of places.entries()) {
        const before = await recordOf("run");
        const fromStep = Math.round(place * before.length);
        const kept = before.filter(({ seq }) => seq < fromStep);
        void engine.fork("run", { fromStep, id: `fork ${at}` });
        void engine.rewind("run", { fromStep });
        await comesTo("run");
        await comesTo(`fork ${at}`);
        expect((await recordOf("run")).slice(0, kept.length)).toEqual(kept);
        const copied = kept.map((row) => ({ ...row, runId: `fork ${at}` }));
        expect((await recordOf(`fork ${at}`)).slice(0, kept.length)).toEqual(copied);
      }
    }),
    { numRuns: 100 },
  );
}, 60_000);
