import { describe, expect, it } from "vitest";

import { bothSignals } from "./runner.ts";

describe("the signal of an answer that is read after its attempt", () => {
  it("is the attempt's where the caller brought none, or the same", () => {
    const { signal } = new AbortController();
    expect(bothSignals(signal, undefined)).toBe(signal);
    expect(bothSignals(signal, signal)).toBe(signal);
  });

  it.each(["attempt", "caller"] as const)("is aborted by the %s", (who) => {
    const controllers = { attempt: new AbortController(), caller: new AbortController() };
    const both = bothSignals(controllers.attempt.signal, controllers.caller.signal);
    expect(both.aborted).toBe(false);
    controllers[who].abort("left");
    expect(both.reason).toBe("left");
  });
});
