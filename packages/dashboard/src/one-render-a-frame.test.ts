import { manualClock } from "kintsugi/testing";
import { describe, expect, it } from "vitest";

import { frameOrTimeout, oneRenderAFrame } from "./one-render-a-frame.ts";

function setup() {
  const frames: (() => void)[] = [];
  const rendered: number[] = [];
  const queue = oneRenderAFrame<number, number>({
    initial: 0,
    reduce: (sum, added) => sum + added,
    nextFrame: (fn) => frames.push(fn),
    render: (sum) => rendered.push(sum),
  });
  const frame = (): void => {
    for (const draw of frames.splice(0)) draw();
  };
  return { queue, frame, frames, rendered };
}

describe("a page that hears many messages", () => {
  it("draws 200 of them in one frame once", () => {
    const { queue, frame, rendered } = setup();
    for (let n = 0; n < 200; n += 1) queue.push(1);
    expect(rendered).toEqual([]);
    frame();
    expect(rendered).toEqual([200]);
  });

  it("draws again in the frame after the next message, and not before", () => {
    const { queue, frame, rendered } = setup();
    queue.push(1);
    frame();
    frame();
    queue.push(2);
    frame();
    expect(rendered).toEqual([1, 3]);
  });

  it("knows all and draws nothing while it gets no frames", () => {
    const { queue, frames, rendered } = setup();
    queue.push(1);
    queue.push(2);
    expect(queue.state).toBe(3);
    expect(frames).toHaveLength(1);
    expect(rendered).toEqual([]);
  });

  it("asks for no frame when nothing has changed", () => {
    const { queue, frames } = setup();
    queue.push(0);
    expect(frames).toEqual([]);
  });
});

describe("a tab that is hidden", () => {
  it("is drawn once a second, for its title is seen all the same", async () => {
    const clock = manualClock();
    const frames: (() => void)[] = [];
    let drawn = 0;
    const next = frameOrTimeout(clock, (fn) => frames.push(fn));
    next(() => {
      drawn += 1;
    });
    await clock.advance(999);
    expect(drawn).toBe(0);
    await clock.advance(1);
    expect(drawn).toBe(1);
    for (const frame of frames) frame();
    expect(drawn).toBe(1);
  });

  it("is drawn in its frame alone when it is seen", async () => {
    const clock = manualClock();
    let drawn = 0;
    frameOrTimeout(clock, (fn) => fn())(() => {
      drawn += 1;
    });
    await clock.advance(1_000);
    expect(drawn).toBe(1);
  });
});
