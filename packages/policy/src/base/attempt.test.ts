import { describe, expect, it } from "vitest";
import { firstAttempt, givenSignal, laterAttempt, leaveWork } from "./attempt.ts";
import type { CallContext } from "./call.ts";

describe("the context of a call", () => {
  it("hands on the signal that the caller brought", () => {
    const { signal } = new AbortController();
    const context = firstAttempt(signal);
    expect(context.attempt).toBe(1);
    expect(context.signal).toBe(signal);
    expect(givenSignal(context)).toBe(signal);
  });

  it("gives a call without one a signal of its own, always the same, never shared", () => {
    const context = firstAttempt(undefined);
    expect(givenSignal(context)).toBeUndefined();
    expect(context.signal).toBe(context.signal);
    expect(context.signal.aborted).toBe(false);
    expect(firstAttempt(undefined).signal).not.toBe(context.signal);
    expect(givenSignal(context)).toBeUndefined();
  });

  it.each([undefined, new AbortController().signal])(
    "keeps its signal over all attempts (%j)",
    (given) => {
      const first = firstAttempt(given);
      const third = laterAttempt(laterAttempt(first, 2), 3);
      expect(third.attempt).toBe(3);
      expect(third.signal).toBe(first.signal);
      expect(givenSignal(third)).toBe(given);
    },
  );

  it("takes the signal of a context that somebody else made for one that may be aborted", () => {
    const { signal } = new AbortController();
    const foreign: CallContext = { signal, attempt: 4 };
    expect(givenSignal(foreign)).toBe(signal);
    expect(givenSignal(laterAttempt(foreign, 5))).toBe(signal);
  });
});

describe("work that goes on after its call", () => {
  it("is noted by every attempt around it, through the contexts in between", () => {
    const outer = firstAttempt(undefined);
    const inner = laterAttempt(outer, 2);
    const work = Promise.resolve();
    leaveWork(laterAttempt(inner, 3), work);
    expect(inner.zombie).toBe(work);
    expect(outer.zombie).toBe(work);
  });

  it("has ended when the last of it has", async () => {
    const attempt = firstAttempt(undefined);
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
