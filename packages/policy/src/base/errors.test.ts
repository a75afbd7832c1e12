import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";

import { toError } from "./errors.ts";

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
    { thrown: Object.create(null), message: "Something was thrown that has no text" },
  ])("is wrapped and kept as the cause when it is none: $message", ({ thrown, message }) => {
    const error = toError(thrown);
    expect(error).toBeInstanceOf(Error);
    expect(error.message).toBe(message);
    expect(error.cause).toBe(thrown);
  });
});
