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

  it("keeps the first reason also where nobody has read it yet", () => {
    const context = new CutContext(1, undefined, undefined);
    context.cut("lost");
    context.cut("again");
    expect(context.signal.reason).toBe("lost");
    expect(context.signal).toBe(context.signal);
  });

  it("hands the policies further in the signal that it is cut by", () => {
    const context = new CutContext(1, new AbortController().signal, undefined);
    expect(context.given).toBe(context.signal);
    context.cut("lost");
    expect(context.given.reason).toBe("lost");
  });
});
