import { describe, expect, it } from "vitest";

import { oneRenderAFrame } from "./one-render-a-frame.ts";

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
