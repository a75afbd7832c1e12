import { manualClock } from "kintsugi/testing";
import { describe, expect, it } from "vitest";

import { LiveClock } from "./live-clock.ts";

describe("the server's clock on the page", () => {
  it("goes on by itself between two messages", async () => {
    const clock = manualClock();
    const live = new LiveClock(clock);
    live.hear(1_000, true);
    await clock.advance(700);
    expect(live.nowMs()).toBe(1_700);
  });

  it("believes the message that was under way for the shortest time", async () => {
    const clock = manualClock();
    const live = new LiveClock(clock);
    live.hear(1_000, true);
    await clock.advance(500);
    live.hear(1_400, false);
    expect(live.nowMs()).toBe(1_500);
    live.hear(1_600, false);
    expect(live.nowMs()).toBe(1_600);
  });

  it("follows when the server's clock is set back in the middle of a stream", async () => {
    const clock = manualClock();
    const live = new LiveClock(clock);
    live.hear(3_600_000, true);
    await clock.advance(1_000);
    live.hear(1_000, false);
    expect(live.nowMs()).toBe(1_000);
  });

  it("begins anew with each stream, as clocks may have been set", () => {
    const live = new LiveClock(manualClock());
    live.hear(9_000, true);
    live.hear(2_000, true);
    expect(live.nowMs()).toBe(2_000);
  });

  it("beats four times a second while somebody listens", async () => {
    const clock = manualClock();
    const live = new LiveClock(clock);
    let beats = 0;
    const stop = live.subscribe(() => {
      beats += 1;
    });
    await clock.advance(1_000);
    stop();
    await clock.advance(1_000);
    expect(beats).toBe(4);
  });
});
