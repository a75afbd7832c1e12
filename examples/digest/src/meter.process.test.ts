import { describe, expect, it } from "vitest";

import { startMeter } from "./meter.ts";

/** Burns so much of this process's own CPU time. */
function burn(ms: number): void {
  const { user } = process.cpuUsage();
  while (process.cpuUsage().user - user < ms * 1_000);
}

describe("a meter", () => {
  it("reads what a process used and held", () => {
    const meter = startMeter(() => [{ pid: process.pid }]);
    const before = process.cpuUsage();
    burn(100);
    const cost = meter.stop();
    expect(cost?.cpuMs).toBeGreaterThan((before.user + before.system) / 1_000);
    expect(cost?.peakBytes).toBeGreaterThan(2 ** 20);
  });

  it("takes no other process for the one that had the same pid before", () => {
    expect(startMeter(() => [{ pid: process.pid, startTicks: "1" }]).stop()).toBeUndefined();
  });

  it("has nothing to say where nothing lives", () => {
    expect(startMeter(() => [{ pid: 2 ** 30 }]).stop()).toBeUndefined();
  });
});
