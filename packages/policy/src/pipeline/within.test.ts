import { describe, expect, it } from "vitest";

import type { CallContext } from "../base/index.ts";
import { type EveryPolicy, makers } from "./fixtures/every-policy.ts";

const names = Object.keys(makers) as EveryPolicy[];

/** Ends when its signal does. */
const obedient = ({ signal }: CallContext): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });

describe.each(names)("inside an attempt that somebody else makes: %s", (name) => {
  const within = <T>(call: (context: CallContext) => T, signal: AbortSignal) =>
    makers[name]().within?.(call, { attempt: 3, signal });

  it("makes the call, which hears which attempt it is part of", async () => {
    const { signal } = new AbortController();
    const seen: number[] = [];
    const answer = within(({ attempt }) => {
      seen.push(attempt);
      return "answer";
    }, signal);
    await expect(answer).resolves.toBe("answer");
    expect(seen).toEqual([3]);
  });

  it("ends with the signal of that attempt", async () => {
    const controller = new AbortController();
    const answer = within(obedient, controller.signal);
    const left = new Error("left");
    controller.abort(left);
    await expect(answer).rejects.toBe(left);
  });
});
