import { describe, expect, it, vi } from "vitest";

import { fallback } from "./factories.ts";
import { handleAll, handleType, handleWhenResult } from "./filters.ts";

class OutageError extends Error {}

const broken = new OutageError("broken");
const fail = (): never => {
  throw broken;
};

describe("a fallback", () => {
  it("leaves a call alone that succeeds", async () => {
    const value = vi.fn();
    await expect(fallback(handleAll, value).execute(() => "own")).resolves.toBe("own");
    expect(value).not.toHaveBeenCalled();
  });

  it("answers for a call that fails, and tells of the failure", async () => {
    const policy = fallback(handleAll, "instead");
    const told = vi.fn();
    policy.onFailure(told);
    await expect(policy.execute(fail)).resolves.toBe("instead");
    const duration: unknown = expect.any(Number);
    expect(told.mock.calls).toEqual([[{ duration, handled: true, reason: { error: broken } }]]);
  });

  it("answers with what a function returns, also later", async () => {
    await expect(fallback(handleAll, () => 1).execute(fail)).resolves.toBe(1);
    await expect(fallback(handleAll, async () => 2).execute(fail)).resolves.toBe(2);
  });

  it("answers for an answer that its policy names", async () => {
    const policy = fallback(
      handleWhenResult((value) => value === undefined),
      "instead",
    );
    await expect(policy.execute(() => undefined)).resolves.toBe("instead");
  });

  it("does nothing about an error that its policy does not name", async () => {
    const policy = fallback(handleType(TypeError), "instead");
    await expect(policy.execute(fail)).rejects.toBe(broken);
  });

  it("comes to the error of its own function, where that fails too", async () => {
    const worse = new Error("worse");
    const policy = fallback(handleAll, () => Promise.reject(worse));
    await expect(policy.execute(fail)).rejects.toBe(worse);
  });

  it("hands on the caller's signal, and answers also who has given up", async () => {
    const controller = new AbortController();
    const end = fallback(handleAll, "instead").execute(({ signal }) => {
      controller.abort();
      expect(signal.aborted).toBe(true);
      return fail();
    }, controller.signal);
    await expect(end).resolves.toBe("instead");
  });
});
