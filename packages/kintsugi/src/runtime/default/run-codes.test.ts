import { expect, it } from "vitest";

import { RunCodes } from "./run-codes.ts";

type Context = Parameters<ReturnType<RunCodes["workflow"]>["run"]>[0];

it("a run that two have asked for has its code until both are done with it", async () => {
  const codes = new RunCodes();
  const run = (): Promise<unknown> =>
    codes.workflow("nodes").run({ runId: "a" } as Context, undefined);
  for (const _ of [1, 2]) codes.give("a", async () => "done");
  codes.forget("a");
  await expect(run()).resolves.toBe("done");
  codes.forget("a");
  let isDone = false;
  void run().then(() => {
    isDone = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(isDone).toBe(false);
});
