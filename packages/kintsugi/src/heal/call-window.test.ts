import { describe, expect, it } from "vitest";

import { CallWindow } from "./call-window.ts";

describe("a window of calls", () => {
  it("counts the calls of its length, and lets the older ones go", () => {
    const window = new CallWindow(1_000);
    for (let atMs = 0; atMs < 1_000; atMs += 100) window.record(atMs % 200 === 0, atMs);
    expect(window.counts(999)).toEqual({ calls: 10, failed: 5 });
    expect(window.counts(1_499)).toEqual({ calls: 5, failed: 2 });
    expect(window.counts(5_000)).toEqual({ calls: 0, failed: 0 });
  });

  it("takes a call that comes a little late for a new one", () => {
    const window = new CallWindow(1_000);
    window.record(true, 700);
    window.record(true, 650);
    expect(window.counts(700)).toEqual({ calls: 2, failed: 2 });
  });

  it("begins anew when the wall clock was set back", () => {
    const window = new CallWindow(1_000);
    window.record(true, 3_600_000);
    expect(window.counts(10)).toEqual({ calls: 0, failed: 0 });
  });

  it("keeps what it counted when the wall clock is set back by less than its length", () => {
    const window = new CallWindow(1_000);
    window.record(true, 10_000);
    window.record(false, 9_400);
    expect(window.counts(9_400)).toEqual({ calls: 2, failed: 1 });
  });
});
