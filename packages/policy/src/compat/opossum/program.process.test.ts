import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const program = new URL("fixtures/strangers-program.cjs", import.meta.url).pathname;

it("a program that requires opossum runs when it requires us, and ends by itself", async () => {
  const args = ["--conditions=source", program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 25_000 });
  expect(stdout.trim().split("\n")).toEqual([
    "30",
    "# open",
    "# fallback: milk: ask somebody",
    "milk: ask somebody",
    "# reject",
    "# fallback: salt: ask somebody",
    "salt: ask somebody",
    "true 1 1",
    "# halfOpen",
    "# close",
    "50 true 4",
    "2 1 4 1",
    "true 1",
    "ETIMEDOUT true true",
    "true true a constant",
    "true true",
    "ESHUTDOWN The circuit has been shutdown.",
  ]);
});
