import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const program = new URL("fixtures/idle-program.ts", import.meta.url).pathname;

/** Runs the program with the real clock until it ends by itself; milliseconds that it idled at its end. */
async function idledMs(what: string): Promise<number> {
  const args = ["--conditions=source", program, what];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 30_000 });
  return Number(stdout);
}

describe("a program with policies that nothing runs under", () => {
  it("ends at once after short calls, whatever their limits", async () => {
    expect(await idledMs("short")).toBeLessThan(10_000); // Of the hour that is the limit, a tick is 56 s.
  });

  it("ends at once after a call that outlasted a tick", async () => {
    expect(await idledMs("long")).toBeLessThan(10_000);
  });
});
