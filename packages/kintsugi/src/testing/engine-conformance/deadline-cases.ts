import assert from "node:assert/strict";

import { defineWorkflow, type WorkflowContext } from "../../workflow/index.ts";
import {
  type AnyWorkflow,
  type EngineBench,
  type EngineCases,
  failureOf,
  forever,
  type OpenEngine,
  onEngine,
  settle,
  until,
  untilItWaits,
  viewOf,
} from "./bench.ts";

const ID = "late";

/** Starts the workflow with a deadline, and waits until it is dead of that. */
async function diesInTime(
  open: OpenEngine,
  code: (ctx: WorkflowContext) => Promise<unknown>,
  meanwhile: (bench: EngineBench) => Promise<void> = async () => {},
  others: readonly AnyWorkflow[] = [],
): Promise<Error> {
  const workflow = defineWorkflow("late", (ctx) => code(ctx));
  const deaths: Error[] = [];
  await onEngine(open, [workflow, ...others], async (bench) => {
    const options = { id: ID, deadline: 100 };
    const handle = await settle(bench, bench.engine.run(workflow, undefined, options));
    await meanwhile(bench);
    deaths.push(await failureOf(settle(bench, handle.result())));
    const view = await viewOf(bench, ID);
    assert.deepEqual([view.status, view.deadReason], ["dead", "deadline"]);
    assert.equal(view.error?.name, "RunDeadlineError");
    assert.equal(view.deadlineMs, view.createdAtMs + 100);
    assert.ok((view.endedAtMs ?? 0) >= view.createdAtMs + 100);
  });
  const [death] = deaths;
  assert.ok(death);
  return death;
}

export const deadlineCases: EngineCases = {
  "ends a run in its step, which hears of it by its signal": async (open) => {
    let reason: unknown;
    const error = await diesInTime(open, (ctx) =>
      ctx.step("hung", ({ signal }) => {
        signal.addEventListener("abort", () => {
          reason = signal.reason;
        });
        return forever();
      }),
    );
    assert.equal((error as { code?: unknown }).code, "KINTSUGI_RUN_DEADLINE");
    assert.match(error.message, /^Run "late" had to end by \d{4}-.*Z, and has not$/);
    assert.equal((reason as Error).name, "RunDeadlineError");
  },

  "ends a run that sleeps": (open) => diesInTime(open, (ctx) => ctx.sleep("1h")).then(() => {}),

  "ends a run that waits for a signal, and tells its code": async (open) => {
    const told: string[] = [];
    await diesInTime(open, (ctx) =>
      ctx.waitFor("never").catch((error: Error) => {
        told.push(error.name);
        return ctx.sleep(1).catch((again: Error) => told.push(again.name));
      }),
    );
    assert.deepEqual(told, ["RunDeadlineError", "RunDeadlineError"]);
  },

  "gives a child no more time than its parent has": async (open) => {
    const child = defineWorkflow("child", (ctx) => ctx.step("hung", forever));
    await diesInTime(
      open,
      (ctx) => ctx.child(child, undefined, { id: "late child" }),
      async (bench) => {
        await until(bench, async () => (await bench.engine.get("late child")) !== undefined);
        const { deadlineMs } = await viewOf(bench, "late child");
        assert.equal(deadlineMs, (await viewOf(bench, ID)).deadlineMs);
        await until(bench, async () => (await viewOf(bench, "late child")).status === "dead");
        assert.equal((await viewOf(bench, "late child")).deadReason, "deadline");
      },
      [child],
    );
  },

  "ends a run that has not begun": async (open) => {
    const workflow = defineWorkflow("put off", async () => assert.fail("It must not begin"));
    await onEngine(open, [workflow], async (bench) => {
      const options = { id: ID, delay: "1h", deadline: 50 } as const;
      const handle = await settle(bench, bench.engine.run(workflow, undefined, options));
      const error = await failureOf(settle(bench, handle.result()));
      assert.equal(error.code, "KINTSUGI_RUN_DEADLINE");
    });
  },

  "leaves a run alone that was in time": async (open) => {
    const workflow = defineWorkflow("quick", (ctx) => ctx.step("quick", () => 1));
    await onEngine(open, [workflow], async (bench) => {
      const options = { id: ID, deadline: 50 };
      const handle = await settle(bench, bench.engine.run(workflow, undefined, options));
      assert.equal(await settle(bench, handle.result()), 1);
      await bench.pass(100);
      assert.equal((await viewOf(bench, ID)).status, "completed");
    });
  },

  "gives a dead run as much time again when it is replayed": async (open) => {
    let isSlow = true;
    const workflow = defineWorkflow("again", (ctx) =>
      ctx.step("slow", () => (isSlow ? forever() : "done")),
    );
    await onEngine(open, [workflow], async (bench) => {
      if (!bench.engine.can.replayDead) return;
      const options = { id: ID, deadline: 50 };
      const handle = await settle(bench, bench.engine.run(workflow, undefined, options));
      await failureOf(settle(bench, handle.result()));
      isSlow = false;
      const again = await settle(bench, bench.engine.replay(ID));
      assert.equal(await settle(bench, again.result()), "done");
    });
  },
};

export const deadlineCrashCases: EngineCases = {
  "ends a run whose time was up while no process ran": async (open) => {
    const workflow = defineWorkflow("sleeper", (ctx) => ctx.sleep("1h"));
    await onEngine(open, [workflow], async (bench) => {
      const options = { id: ID, deadline: 50 };
      await settle(bench, bench.engine.run(workflow, undefined, options));
      await untilItWaits(bench, ID);
      await bench.reopen?.("crash", []);
      await until(bench, async () => (await viewOf(bench, ID)).status === "dead");
      assert.equal((await viewOf(bench, ID)).deadReason, "deadline");
    });
  },
};
