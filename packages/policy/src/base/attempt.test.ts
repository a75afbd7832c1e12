import { describe, expect, it } from "vitest";

import { Attempt } from "./attempt.ts";
import { firstAttempt, laterAttempt, leaveWork } from "./call.ts";

describe("work that goes on after its call", () => {
  it("is noted by every attempt around it, through the contexts in between", () => {
    const outer = new Attempt(firstAttempt(undefined));
    const inner = new Attempt(laterAttempt(outer, 2));
    const work = Promise.resolve();
    leaveWork(laterAttempt(inner, 3), work);
    expect(inner.zombie).toBe(work);
    expect(outer.zombie).toBe(work);
  });

  it("has ended when the last of it has", async () => {
    const attempt = new Attempt(firstAttempt(undefined));
    const works = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    for (const { promise } of works) attempt.leave(promise);
    let hasEnded = false;
    const ended = attempt.zombie?.then(() => {
      hasEnded = true;
    });
    works[0].reject(new Error("too late to matter"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(hasEnded).toBe(false);
    works[1].resolve();
    await ended;
    expect(hasEnded).toBe(true);
  });

  it("is nothing to a context of another house", () => {
    const foreign = { signal: new AbortController().signal, attempt: 1 };
    expect(() => leaveWork(foreign, Promise.resolve())).not.toThrow();
  });
});
