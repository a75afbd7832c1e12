import { expect, it, onTestFinished, vi } from "vitest";

import { DefaultRuntime } from "./default-runtime.ts";

const { stop } = vi.hoisted(() => ({ stop: vi.fn(async () => {}) }));
vi.mock("../create-kintsugi.ts", () => ({
  createWithParts: async () => ({ kintsugi: { stop }, parts: { engine: {} } }),
}));

it("a folder that could not be given back is reported, and opened again by the next", async () => {
  vi.useFakeTimers();
  const report = vi.fn();
  vi.stubGlobal("reportError", report);
  onTestFinished(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });
  const full = new Error("The disk is full");
  stop.mockRejectedValueOnce(full);
  const runtime = new DefaultRuntime();
  await runtime.use(async () => {});
  await vi.advanceTimersByTimeAsync(1_000);
  expect(report.mock.calls).toEqual([[full]]);
  for (const _ of [1, 2]) await expect(runtime.use(async () => "done")).resolves.toBe("done");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(stop).toHaveBeenCalledTimes(2);
});
