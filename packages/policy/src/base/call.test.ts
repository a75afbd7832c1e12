import { describe, expect, it } from "vitest";

import { type CallContext, firstAttempt, givenSignal, laterAttempt } from "./call.ts";

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
