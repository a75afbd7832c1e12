import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";

import { limitStack, RejectedError, rejectSoon, toError } from "./errors.ts";

class Refused extends RejectedError {
  readonly code = "KINTSUGI_TEST";
}

describe("what was thrown", () => {
  it("stays the same when it is an Error, also one of another realm", () => {
    const error = new TypeError("mine");
    const foreign: unknown = runInNewContext("new TypeError('theirs')");
    expect(toError(error)).toBe(error);
    expect(foreign).not.toBeInstanceOf(Error);
    expect(toError(foreign)).toBe(foreign);
  });

  it.each([
    { thrown: "text", message: "text" },
    { thrown: undefined, message: "undefined" },
    { thrown: null, message: "null" },
    { thrown: 42, message: "42" },
    { thrown: Symbol("sign"), message: "Symbol(sign)" },
    { thrown: { status: 429, message: "slow down" }, message: "slow down" },
    { thrown: { message: "" }, message: "[object Object]" },
    { thrown: { message: 7 }, message: "[object Object]" },
    { thrown: Object.create(null), message: "Something was thrown that has no text" },
  ])("is wrapped and kept as the cause when it is none: $message", ({ thrown, message }) => {
    const error = toError(thrown);
    expect(error).toBeInstanceOf(Error);
    expect(error.message).toBe(message);
    expect(error.cause).toBe(thrown);
  });
});

describe("a refusal", () => {
  it("captures no stack, and leaves that of others as it is", () => {
    const refused = new Refused("no more of this", 5);
    expect(refused.stack).not.toContain("    at ");
    expect(refused).toMatchObject({ message: "no more of this", retryAfterMs: 5 });
    expect(refused).toBeInstanceOf(Error);
    expect(new Error("after it").stack).toContain("    at ");
  });

  it("captures one where that is asked for", () => {
    const depth = Error.stackTraceLimit;
    class Changing extends Refused {
      constructor() {
        super("no more of this", 0, true);
      }
    }
    expect(new Changing().stack).toContain("errors.test.ts");
    expect(Error.stackTraceLimit).toBe(depth);
  });

  it("is the same on a platform that lets nobody change how much is captured", () => {
    const before = Object.getOwnPropertyDescriptor(Error, "stackTraceLimit") ?? {};
    Object.defineProperty(Error, "stackTraceLimit", { value: 10, writable: false });
    expect(limitStack(0)).toBe(10);
    expect(new Refused("frozen", 0).message).toBe("frozen");
    Object.defineProperty(Error, "stackTraceLimit", before);
  });

  it("reaches who listens to its promise", async () => {
    const refused = new Refused("no more of this", 0);
    await expect(rejectSoon(refused)).rejects.toBe(refused);
  });
});
