import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Starts the main job, and gives its output up to a line that holds `mark`. */
async function startedUntil(mark: string) {
  const args = ["--conditions=source", "examples/digest/main.ts", "--seed", "interrupted"];
  const job = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  const exited = new Promise<number | null>((resolve) => job.once("exit", resolve));
  let printed = "";
  job.stdout.setEncoding("utf8");
  await new Promise<void>((resolve) => {
    job.stdout.on("data", (piece: string) => {
      printed += piece;
      if (printed.includes(mark)) resolve();
    });
    job.once("exit", () => resolve());
  });
  return { job, exited, text: () => printed };
}

/** Far longer than an orderly end takes; a start that hangs never comes to it. */
const PATIENCE_MS = 30_000;

const within = <T>(promise: Promise<T>): Promise<T | "still there"> =>
  Promise.race([
    promise,
    new Promise<"still there">((resolve) => setTimeout(resolve, PATIENCE_MS, "still there")),
  ]);

describe("the main job, stopped in the middle", () => {
  it("gives the prompt back, and goes on from there at the next start", async () => {
    const first = await startedUntil("fault ");
    first.job.kill("SIGINT");
    expect(await within(first.exited), first.text()).toBe(1);
    expect(first.text()).toContain("the next start goes on from here");

    const second = await startedUntil("dashboard  http");
    expect(second.text()).toContain("goes on where the last start was stopped");
    // Whoever read its lines has left.
    second.job.stdout.destroy();
    expect(await within(second.exited), second.text()).toBe(1);
  });
});
