import { describe, expect, it } from "vitest";

import { ownProgram, siblingProgram } from "./own-program.ts";
import { processTable } from "./platform.ts";

describe("a program file of our own", () => {
  it("runs as source in a checkout, and plainly when it was built", () => {
    const quiet = "--disable-warning=ExperimentalWarning";
    expect(ownProgram("file:///house/main.ts", ["--watch"])).toEqual({
      command: process.execPath,
      args: [quiet, "--conditions=source", "/house/main.ts", "--watch"],
    });
    expect(ownProgram(new URL("file:///house/main.js")).args).toEqual([quiet, "/house/main.js"]);
  });

  it.each(["ts", "js"])("is found beside a .%s file with the same ending", (ending) => {
    const sibling = siblingProgram("worker", `file:///house/watch.${ending}`);
    expect(sibling.href).toBe(`file:///house/worker.${ending}`);
  });
});

it("refuses to watch processes where it has not learnt how", () => {
  expect(() => processTable("plan9")).toThrow("on Linux only, and this is plan9");
});
