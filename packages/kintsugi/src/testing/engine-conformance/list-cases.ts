import assert from "node:assert/strict";

import { defineWorkflow, type RunFilter } from "../../workflow/index.ts";
import {
  type EngineBench,
  type EngineCases,
  failureOf,
  onEngine,
  resultOf,
  settle,
  start,
  untilItWaits,
  viewOf,
} from "./bench.ts";

const quick = defineWorkflow("quick", async () => {});
const other = defineWorkflow("other", async () => {});
const broken = defineWorkflow("broken", async () => {
  throw new Error("no");
});
const sleeper = defineWorkflow("sleeper", (ctx) => ctx.sleep("10h"));
const ALL = [quick, other, broken, sleeper];

const idsOf = async (bench: EngineBench, filter: RunFilter): Promise<readonly string[]> => {
  const views = await settle(bench, bench.engine.list(filter));
  return views.map(({ id }) => id);
};

/** Runs that began a moment apart: `a` and `d` completed, `b` died, `c` sleeps. */
async function fourRuns(bench: EngineBench): Promise<void> {
  await resultOf(bench, quick, undefined, "a");
  await bench.pass(5);
  await failureOf(resultOf(bench, broken, undefined, "b"));
  await bench.pass(5);
  await start(bench, sleeper, undefined, "c");
  await untilItWaits(bench, "c");
  await bench.pass(5);
  await resultOf(bench, other, undefined, "d");
}

export const listCases: EngineCases = {
  "stand with the newest first": (open) =>
    onEngine(open, ALL, async (bench) => {
      await fourRuns(bench);
      assert.deepEqual(await idsOf(bench, {}), ["d", "c", "b", "a"]);
      assert.deepEqual(await idsOf(bench, { limit: 2 }), ["d", "c"]);
    }),

  "are found by status, by one of several, and by workflow": (open) =>
    onEngine(open, ALL, async (bench) => {
      await fourRuns(bench);
      assert.deepEqual(await idsOf(bench, { status: "completed" }), ["d", "a"]);
      assert.deepEqual(await idsOf(bench, { status: ["dead", "running"] }), ["c", "b"]);
      assert.deepEqual(await idsOf(bench, { status: [] }), []);
      assert.deepEqual(await idsOf(bench, { workflow: "quick" }), ["a"]);
      assert.deepEqual(await idsOf(bench, { workflow: "quick", status: "dead" }), []);
      assert.equal(await settle(bench, bench.engine.count({ status: ["dead", "completed"] })), 3);
    }),

  "are found by the time at which they began": (open) =>
    onEngine(open, ALL, async (bench) => {
      await fourRuns(bench);
      const [b, d] = [await viewOf(bench, "b"), await viewOf(bench, "d")];
      const span = { sinceMs: b.createdAtMs, untilMs: d.createdAtMs };
      assert.deepEqual(await idsOf(bench, span), ["c", "b"]);
      assert.deepEqual(await idsOf(bench, { ...span, status: "dead" }), ["b"]);
      assert.deepEqual(await idsOf(bench, { untilMs: b.createdAtMs }), ["a"]);
    }),

  "come a page at a time, each once, while others begin": (open) =>
    onEngine(open, ALL, async (bench) => {
      const ids = ["k", "e", "y", "s", "t", "o", "n"]; // Some of them within one millisecond.
      await Promise.all(ids.map((id) => start(bench, quick, undefined, id)));
      await bench.pass(5);
      await Promise.all(["z", "a"].map((id) => start(bench, quick, undefined, id)));
      const seen: string[] = [];
      for (let more = true; more; ) {
        const after = seen.at(-1);
        const page = await idsOf(bench, { limit: 2, ...(after !== undefined && { after }) });
        seen.push(...page);
        more = page.length > 0;
        await bench.pass(5);
        await resultOf(bench, quick, undefined);
      }
      assert.deepEqual([...seen].sort(), [...ids, "a", "z"].sort());
      assert.deepEqual(seen.slice(0, 2).sort(), ["a", "z"]);
    }),

  "go on behind the one that is named, within what is asked for": (open) =>
    onEngine(open, ALL, async (bench) => {
      await fourRuns(bench);
      const status = ["completed", "dead"] as const;
      assert.deepEqual(await idsOf(bench, { after: "c", status }), ["b", "a"]);
      const { createdAtMs: untilMs } = await viewOf(bench, "b");
      assert.deepEqual(await idsOf(bench, { after: "d", untilMs }), ["a"]);
      assert.deepEqual(await idsOf(bench, { after: "a" }), []);
      const error = await failureOf(idsOf(bench, { after: "nobody" }));
      assert.equal(error.message, 'There is no run "nobody"');
    }),
};
