/** Values that are larger than a record may be: each is refused where it is handed over, in one sentence. */

import { seededRandom } from "@kintsugi/policy/base";
import { describe, expect, it } from "vitest";

import { memoryStore } from "../../store/index.ts";
import { manualClock } from "../../testing/index.ts";
import { defineWorkflow } from "../define.ts";
import { workflowTables } from "../tables.ts";
import type { WorkflowContext } from "../types.ts";
import { embeddedEngine } from "./embedded.ts";
import type { Engine } from "./port.ts";

/** A hundred megabytes, and the quotes around them. */
const hundred = (): string => "x".repeat(100 * 2 ** 20);

const tooLarge = (what: string): string =>
  `The ${what} has 104,857,602 characters as text, and at most 16,776,192 can be recorded: keep it` +
  " in a file and record the path of that";

async function setup() {
  const clock = manualClock();
  const store = memoryStore({ clock, tables: workflowTables });
  const engine = embeddedEngine({ store, clock, random: seededRandom(1) });
  const done = async <T>(work: Promise<T>): Promise<T> => {
    let isDone = false;
    const over = (): void => {
      isDone = true;
    };
    work.then(over, over);
    while (!isDone) await clock.advance(0);
    return work;
  };
  await done(engine.start());
  /** What a run of this code comes to. */
  const failureOf = async (code: (ctx: WorkflowContext) => Promise<unknown>): Promise<Error> => {
    const handle = await done(engine.run(defineWorkflow("large", code), undefined, { id: "run" }));
    return messageOf(done(handle.result()));
  };
  return { engine, done, failureOf };
}

const messageOf = (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => Promise.reject(new Error("It did not fail")),
    (error: Error) => error,
  );

describe("a hundred megabytes", () => {
  it("as the result of a step make that step fail, and name it", async () => {
    const { engine, failureOf } = await setup();
    const { message } = await failureOf((ctx) => ctx.step("read all", hundred));
    expect(message).toBe(tooLarge('result of step "read all"'));
    expect(await engine.get("run")).toMatchObject({
      status: "dead",
      error: { name: "ValueTooLargeError", message, step: "read all" },
    });
  });

  it("can be caught by the code like other failures of a step", async () => {
    const { engine, done } = await setup();
    const workflow = defineWorkflow("small", async (ctx: WorkflowContext) => {
      const size = ctx.step("read all", hundred).then(({ length }) => length);
      return size.catch(({ code }: { code: string }) => code);
    });
    const handle = await done(engine.run(workflow, undefined));
    await expect(done(handle.result())).resolves.toBe("KINTSUGI_VALUE_TOO_LARGE");
  });

  it("as the result of a run make a dead letter", async () => {
    const { failureOf } = await setup();
    expect((await failureOf(async () => hundred())).message).toBe(tooLarge("result of the run"));
  });

  it("as an input are refused before there is a run", async () => {
    const { engine, done } = await setup();
    const workflow = defineWorkflow(
      "given",
      async (_: WorkflowContext, text: string) => text.length,
    );
    const work = done((engine as Engine).run(workflow, hundred(), { id: "given" }));
    expect((await messageOf(work)).message).toBe(tooLarge('input of run "given"'));
    expect(await engine.get("given")).toBeUndefined();
  });

  it("as the payload of a signal are refused, and the run waits on", async () => {
    const { engine, done } = await setup();
    const workflow = defineWorkflow("waits", (ctx: WorkflowContext) => ctx.waitFor("go"));
    const handle = await done(engine.run(workflow, undefined, { id: "run" }));
    const sent = await messageOf(done(handle.signal("go", hundred())));
    expect(sent.message).toBe(tooLarge('payload of signal "go" to run "run"'));
    await done(handle.signal("go", 1));
    await expect(done(handle.result())).resolves.toBe(1);
  });

  it("of an error's message are cut, so that the run can say that it failed", async () => {
    const { failureOf } = await setup();
    const { message } = await failureOf(async () => {
      throw new Error(hundred());
    });
    expect(message).toHaveLength(65_536 + "... and 104792064 characters".length);
  });
});
