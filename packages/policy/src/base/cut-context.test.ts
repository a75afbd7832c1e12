import { describe, expect, it } from "vitest";

import { CutContext } from "./cut-context.ts";

describe("a context that its policy may end", () => {
  it("has one signal, which says why it was cut, and keeps the first reason", () => {
    const context = new CutContext(3, undefined, undefined);
    const { signal } = context;
    expect(context.attempt).toBe(3);
    expect(context.signal).toBe(signal);
    expect(signal.aborted).toBe(false);
    context.cut("lost");
    context.cut("again");
    expect(signal.reason).toBe("lost");
  });

  it("has an aborted signal when that is read only after the cut", () => {
    const context = new CutContext(1, undefined, undefined);
    context.cut(undefined);
    expect(context.signal.aborted).toBe(true);
  });
});
