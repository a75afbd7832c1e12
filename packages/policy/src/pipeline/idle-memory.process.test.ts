import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";

it("ten thousand pipelines that nobody calls take 800 bytes each at most, and no timer", () => {
  const program = new URL("fixtures/idle-pipelines.ts", import.meta.url).pathname;
  const flags = ["--conditions=source", "--expose-gc"];
  const printed = execFileSync(process.execPath, [...flags, program], { encoding: "utf8" });
  const [bytes, timers, pipelines] = printed.split(" ").map(Number);
  expect(bytes).toBeGreaterThan(200);
  expect(bytes).toBeLessThanOrEqual(800);
  expect([timers, pipelines]).toEqual([0, 10_000]);
});
