import { describe, expect, it } from "vitest";

import { judgeByTables } from "../classify/index.ts";
import {
  isIdempotent,
  isTurnedAway,
  NotSentAgainError,
  neverLeft,
  Sending,
  SentOnceError,
  unmarked,
} from "./repeat.ts";

const thrownBy = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );

describe("a method", () => {
  it.each(["GET", "head", "PUT", "DELETE", "OPTIONS", "TRACE", "QUERY"])(
    "%s is idempotent",
    (method) => {
      expect(isIdempotent(method, {})).toBe(true);
    },
  );

  it.each(["POST", "PATCH", "CONNECT"])("%s is not, unless its caller names a key", (method) => {
    expect(isIdempotent(method, undefined)).toBe(false);
    expect(isIdempotent(method, { "Idempotency-Key": "7" })).toBe(true);
    expect(isIdempotent(method, new Headers({ "idempotency-key": "7" }))).toBe(true);
  });
});

describe("an answer", () => {
  it.each([
    [408, {}, true],
    [425, {}, true],
    [429, {}, true],
    [503, { "retry-after": "1" }, true],
    [503, {}, false],
    [500, { "x-should-retry": "true" }, true],
    [500, { "retry-after": "1" }, false],
    [502, {}, false],
  ])("of %d with %j says that the request was not taken: %s", (status, headers, expected) => {
    expect(isTurnedAway({ status, headers })).toBe(expected);
  });
});

describe("a failure", () => {
  it("tells where the request never left", () => {
    const refused = Object.assign(new Error("no"), { code: "ECONNREFUSED" });
    expect(neverLeft(refused)).toBe(true);
    expect(neverLeft(new TypeError("fetch failed", { cause: refused }))).toBe(true);
    expect(neverLeft(new TypeError("fetch failed", { cause: new AggregateError([refused]) }))).toBe(
      true,
    );
    expect(neverLeft(Object.assign(new Error("no"), { code: "ECONNRESET" }))).toBe(false);
    const lost = (syscall: string) =>
      neverLeft(Object.assign(new Error("no way"), { code: "EHOSTUNREACH", syscall }));
    expect(["connect", "read", "write"].map(lost)).toEqual([true, false, false]);
    expect([undefined, null, "ECONNREFUSED"].map(neverLeft)).toEqual([false, false, false]);
    const circle = new Error("round and round");
    circle.cause = circle;
    expect(neverLeft(circle)).toBe(false);
  });
});

describe("a request that is sent", () => {
  const lost = Object.assign(new Error("reset"), { code: "ECONNRESET" });
  const failing = () => Promise.reject(lost);

  it("is sent as often as one likes where that is safe", async () => {
    const sending = new Sending(true, () => false);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expect(sending.attempt(failing)).rejects.toBe(lost);
    }
  });

  it("is marked after the failure that may be the last, whose class it keeps", async () => {
    const sending = new Sending(false, () => false);
    const marked = await thrownBy(sending.attempt(failing));
    expect(marked).toBeInstanceOf(SentOnceError);
    expect(judgeByTables(marked, undefined)).toMatchObject({
      class: "network",
      outcome: "failure",
      retryable: false,
    });
    expect(unmarked(marked)).toBe(lost);
    expect(unmarked(lost)).toBe(lost);
  });

  it("is not sent by an attempt that begins all the same", async () => {
    const sending = new Sending(false, () => false);
    void sending.attempt(() => new Promise(() => {}));
    const refusal = await thrownBy(sending.attempt(() => Promise.resolve("twice")));
    expect(refusal).toBeInstanceOf(NotSentAgainError);
    expect(judgeByTables(refusal, undefined)).toMatchObject({
      outcome: "ignore",
      retryable: false,
    });
  });

  it("is sent again after a failure that had no effect", async () => {
    const sending = new Sending(false, (thrown) => thrown === lost);
    await expect(sending.attempt(failing)).rejects.toBe(lost);
    await expect(sending.attempt(() => Promise.resolve("again"))).resolves.toBe("again");
  });
});
