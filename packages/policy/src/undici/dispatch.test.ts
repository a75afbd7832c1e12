import { describe, expect, it, vi } from "vitest";

import { type DispatchControls, StableControls } from "./dispatch.ts";

const connection = () =>
  ({
    aborted: false,
    paused: false,
    reason: null,
    rawHeaders: ["a", "b"],
    rawTrailers: ["c", "d"],
    abort: vi.fn(),
    pause: vi.fn(),
    resume: vi.fn(),
  }) satisfies DispatchControls;

describe("the controls of a request", () => {
  it("hold up an answer that comes when its reader is not ready", () => {
    const controls = new StableControls(() => {});
    controls.resume(); // Nothing was held up yet.
    controls.pause();
    const late = connection();
    controls.connection = late;
    expect([late.pause.mock.calls.length, controls.paused]).toEqual([1, true]);
    controls.resume();
    expect([late.resume.mock.calls.length, controls.paused]).toEqual([1, false]);
  });

  it("show what the connection has, once there is one", () => {
    const controls = new StableControls(() => {});
    expect([controls.rawHeaders, controls.rawTrailers]).toEqual([null, null]);
    controls.connection = connection();
    expect([controls.rawHeaders, controls.rawTrailers]).toEqual([
      ["a", "b"],
      ["c", "d"],
    ]);
  });

  it("tell of an abort once, with its first reason", () => {
    const onAbort = vi.fn();
    const controls = new StableControls(onAbort);
    expect([controls.aborted, controls.reason]).toEqual([false, null]);
    const left = new Error("the user left");
    controls.abort(left);
    controls.abort(new Error("again"));
    expect(onAbort.mock.calls).toEqual([[left]]);
    expect([controls.aborted, controls.reason]).toEqual([true, left]);
  });
});
