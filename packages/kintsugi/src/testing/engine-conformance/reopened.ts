/** What the cases stand on whose engine ends and comes back. */

import assert from "node:assert/strict";

import {
  type AnyWorkflow,
  type EngineBench,
  type OpenEngine,
  onEngine,
  settle,
  start,
} from "./bench.ts";

/** An engine that can be reopened, and the run that is looked at. */
export interface Reopened extends EngineBench {
  reopen(end: "crash" | "stop", workflows?: readonly AnyWorkflow[]): Promise<void>;
  result(): Promise<unknown>;
}

export const ID = "survivor";

/** Starts `workflow` as {@link ID}; `reopen` brings it back unless it is told of others. */
export function onCrash(
  open: OpenEngine,
  workflows: readonly [AnyWorkflow, ...AnyWorkflow[]],
  check: (bench: Reopened) => Promise<void>,
): Promise<void> {
  return onEngine(open, workflows, async (bench) => {
    await start(bench, workflows[0], undefined as never, ID);
    await check({
      get engine() {
        return bench.engine;
      },
      pass: (ms) => bench.pass(ms),
      dispose: () => bench.dispose(),
      async reopen(end, others) {
        assert.ok(bench.reopen, "this engine cannot be reopened");
        await bench.reopen(end, others ?? workflows);
      },
      async result() {
        const handle = await settle(bench, bench.engine.handle(ID));
        assert.ok(handle);
        return settle(bench, handle.result());
      },
    });
  });
}
