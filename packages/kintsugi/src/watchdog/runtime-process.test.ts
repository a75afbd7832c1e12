import { describe, expect, it } from "vitest";

import type { ExitReason } from "../host/index.ts";
import { endOf, wordsOf } from "./runtime-process.ts";

const exited = (code: number): ExitReason => ({ kind: "exited", code });
const signalled = (signal: string): ExitReason => ({ kind: "signalled", signal });

describe("the end of a runtime", () => {
  it.each([
    ["on purpose", exited(0), { kind: "on-purpose" }],
    ["on purpose, by a person's signal", signalled("SIGTERM"), { kind: "on-purpose" }],
    ["on purpose, by Ctrl-C", signalled("SIGINT"), { kind: "on-purpose" }],
    ["for want of the lock", exited(75), { kind: "lock-held" }],
    ["a refused configuration", exited(78), { kind: "refused", code: 78 }],
    ["a refused environment", exited(69), { kind: "refused", code: 69 }],
    ["a store that failed", exited(74), { kind: "crash" }],
    ["an error", exited(1), { kind: "crash" }],
    ["a kill", signalled("SIGKILL"), { kind: "crash" }],
    ["a fault of native code", signalled("SIGSEGV"), { kind: "crash" }],
    ["no start", { kind: "spawn-failed", message: "no" }, { kind: "refused", code: 69 }],
    ["unseen", { kind: "unknown" }, { kind: "crash" }],
  ] as const)("is %s", (_, reason, end) => {
    expect(endOf(reason, undefined)).toEqual(end);
  });

  it.each([
    [0, { kind: "on-purpose" }],
    [74, { kind: "crash" }],
    [78, { kind: "refused", code: 78 }],
  ] as const)("that nobody saw is what it said it would be: %d", (farewell, end) => {
    expect(endOf({ kind: "unknown" }, farewell)).toEqual(end);
  });

  it.each([
    [exited(1), "it left with exit code 1: TypeError: no"],
    [signalled("SIGABRT"), "it was ended by SIGABRT: TypeError: no"],
    [signalled("SIGKILL"), "it was ended by SIGKILL"],
    [exited(0), "it left with exit code 0"],
  ] as const)("is told with its cause where that is one: %o", (reason, words) => {
    expect(wordsOf(reason, "TypeError: no")).toBe(words);
  });

  it("that was seen counts for more than what was said", () => {
    expect(endOf(exited(1), 0)).toEqual({ kind: "crash" });
  });
});
