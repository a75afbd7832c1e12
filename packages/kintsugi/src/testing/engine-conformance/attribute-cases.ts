import assert from "node:assert/strict";

import { type Attributes, defineWorkflow } from "../../workflow/index.ts";
import { type EngineCases, failureOf, onEngine, resultOf, settle, viewOf } from "./bench.ts";

export const attributeCases: EngineCases = {
  "find the runs that have them, newest first and a page at a time": async (open) => {
    const workflow = defineWorkflow("tagged", (ctx, customer: string) =>
      ctx.tag({ customer, state: "paid" }),
    );
    await onEngine(open, [workflow], async (bench) => {
      for (const [id, customer] of Object.entries({ a: "x", b: "y", c: "x", d: "x" })) {
        const attributes = { big: id === "c", count: 1 };
        const handle = await settle(
          bench,
          bench.engine.run(workflow, customer, { id, attributes }),
        );
        await settle(bench, handle.result());
        await bench.pass(2);
      }
      const find = async (attributes: Attributes, more = {}): Promise<readonly string[]> => {
        const found = await settle(bench, bench.engine.list({ attributes, ...more }));
        return found.map(({ id }) => id);
      };
      assert.deepEqual(await find({ customer: "x" }), ["d", "c", "a"]);
      assert.deepEqual(await find({ customer: "x" }, { limit: 1, after: "d" }), ["c"]);
      assert.deepEqual(await find({ customer: "x", big: true }), ["c"]);
      assert.deepEqual(await find({ count: 1 }, { status: "dead" }), []);
      assert.deepEqual(await find({ count: "1" }), []);
      const { attributes } = await viewOf(bench, "c");
      assert.deepEqual(attributes, { big: true, count: 1, customer: "x", state: "paid" });
    });
  },

  "say in one sentence what cannot be one": async (open) => {
    const workflow = defineWorkflow("tagged", (ctx, attributes: Attributes) => ctx.tag(attributes));
    const many = Object.fromEntries(Array.from({ length: 33 }, (_, at) => [`a${at}`, at]));
    const wrong: readonly (readonly [object, string])[] = [
      [
        { owner: { name: "x" } },
        'Attribute "owner" must be a text of at most 500 characters, a finite number or a boolean, got object',
      ],
      [
        { note: "n".repeat(501) },
        'Attribute "note" must be a text of at most 500 characters, a finite number or a boolean, got text of 501',
      ],
      [{ "": 1 }, "An attribute needs a name of 1 to 100 characters, got 0"],
      [many, "A run has at most 32 attributes, got 33"],
    ];
    await onEngine(open, [workflow], async (bench) => {
      for (const [attributes, sentence] of wrong) {
        const bad = attributes as Attributes;
        assert.equal((await failureOf(resultOf(bench, workflow, bad))).message, sentence);
        const refused = bench.engine.run(workflow, {}, { attributes: bad });
        assert.equal((await failureOf(settle(bench, refused))).message, sentence);
      }
    });
  },
};
