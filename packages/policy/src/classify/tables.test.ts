/** The rows of the tables, one by one: what stands in one only by habit is found nowhere else. */

import { describe, expect, it, onTestFinished, vi } from "vitest";

import { createClassifier, judgeByTables } from "./classify.ts";
import { classOfCode, classOfLanguageError, classOfSentence } from "./code-table.ts";
import type { ErrorClass } from "./error-class.ts";
import { chainOf } from "./facts.ts";
import { bodyRetryAfterMs, retryAfterMs } from "./retry-after.ts";
import { verdictOfStatus } from "./status-table.ts";

const classifier = createClassifier();
const classOf = (fields: object): ErrorClass => classifier.classify(fields).class;

describe("a status", () => {
  it.each<[number, ErrorClass]>([
    [403, "auth"],
    [407, "auth"],
    [413, "context-length"],
    [425, "overloaded"],
    [499, "aborted"],
    [502, "network"],
    [504, "timeout"],
    [507, "disk-full"],
    [521, "network"],
    [522, "timeout"],
    [523, "network"],
    [524, "timeout"],
    [525, "tls"],
    [526, "tls"],
  ])("of %d is %s", (status, expected) => {
    expect(classOf({ status })).toBe(expected);
  });

  it("below 400 or above 599 says nothing", () => {
    expect([399, 600, 700].map(verdictOfStatus)).toEqual([undefined, undefined, undefined]);
    expect(verdictOfStatus(400)).toMatchObject({ retryable: false, outcome: "ignore" });
    expect(verdictOfStatus(599)).toMatchObject({ retryable: true, outcome: "failure" });
    expect(verdictOfStatus(505)?.retryable).toBe(false);
  });
});

describe("a code of a family", () => {
  it.each<[string, ErrorClass | undefined]>([
    ["SQLITE_BUSY_SNAPSHOT", "db-lock"],
    ["SQLITE_LOCKED_SHAREDCACHE", "db-lock"],
    ["SQLITE_CANTOPEN_ISDIR", "db-connection"],
    ["SQLITE_READONLY_DIRECTORY", "permission"],
    ["ER_NO_REFERENCED_ROW_2", "db-constraint"],
    ["ER_ROW_IS_REFERENCED_2", "db-constraint"],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "tls"],
    ["08001", "db-connection"],
    ["40P01", "db-lock"],
    ["080011", undefined],
    ["A0800", undefined],
    ["X08001", undefined],
    ["UND_ERR_CLOSED", "network"],
    ["", undefined],
  ])("%j is %s", (code, expected) => {
    expect(classOfCode(code)).toBe(expected);
  });

  it.each<[number, ErrorClass]>([
    [3, "permission"],
    [5, "db-lock"],
    [6, "db-lock"],
    [7, "oom"],
    [8, "permission"],
    [13, "disk-full"],
    [14, "db-connection"],
    [19, "db-constraint"],
  ])("SQLite's result %d is %s, and says so", (errcode, expected) => {
    const found = classifier.classify({ code: "ERR_SQLITE_ERROR", errcode });
    expect(found).toMatchObject({ class: expected, evidence: `SQLite result ${errcode}` });
  });

  it("says by which code a program could not be started", () => {
    const found = classifier.classify({ code: "ENOENT", syscall: "spawn ffmpeg" });
    expect(found).toMatchObject({ class: "spawn-failed", evidence: "code ENOENT" });
  });

  it("counts as SQLite's only beside SQLite's own code", () => {
    expect(classOf({ code: "E_OWN", errcode: 5 })).toBe("unknown");
  });

  it.each<[string, ErrorClass]>([
    ["RangeError", "code-bug"],
    ["URIError", "code-bug"],
    ["AssertionError", "code-bug"],
  ])("%s is %s, whatever it says", (name, expected) => {
    expect(classOfLanguageError(name, "fetch failed")).toBe(expected);
  });

  it("of a failed connection is the database's only at its port, and only for connections", () => {
    expect(classOf({ code: "ETIMEDOUT", port: 6379 })).toBe("db-connection");
    expect(classOf({ code: "EACCES", port: 5432 })).toBe("permission");
    expect(classOf({ code: "ECONNRESET", port: 5433 })).toBe("network");
  });
});

describe("a sentence beside a code", () => {
  it.each<[string, string, ErrorClass | undefined]>([
    ["invalid_request_error", "input would exceed context limit: 9", "context-length"],
    ["invalid_request_error", "This model's maximum context length is 9", "context-length"],
    ["BadRequestError", "This model's maximum context length is 9", "context-length"],
    ["invalid_request_error", "no", undefined],
    ["other_error", "This model's maximum context length is 9", undefined],
  ])("%s: %s", (code, message, expected) => {
    expect(classOfSentence(code, message)).toBe(expected);
  });
});

describe("a wait that a body asks for", () => {
  it.each<[object, number | undefined]>([
    [{ retry_after: 0 }, 0],
    [{ retry_after: Number.NaN }, undefined],
    [{ retry_after: Infinity }, undefined],
    [{ parameters: { retry_after: -1 } }, undefined],
    [{ parameters: { retry_after: 2 } }, 2_000],
    [{ parameters: "retry_after" }, undefined],
    [{ details: [{ retryDelay: "3s" }] }, 3_000],
    [{ details: [{ retryDelay: "in 3s" }] }, undefined],
    [{ details: [{ retryDelay: "3s or so" }] }, undefined],
    [{ details: [{ retryDelay: "s" }] }, undefined],
    [{ details: [{ retryDelay: null }, { retryDelay: 3 }] }, undefined],
    [{ details: [{ retryDelay: {} }] }, 0],
    [{ parameters: null, details: [{ retryDelay: "3s" }] }, 3_000],
  ])("%o is %s ms", (body, expected) => {
    expect(bodyRetryAfterMs(body as Readonly<Record<string, unknown>>)).toBe(expected);
  });

  it("is no date that does not begin with its weekday", () => {
    const clock = { epochMs: () => 0 } as Parameters<typeof retryAfterMs>[1];
    const waitOf = (text: string) => retryAfterMs({ "retry-after": text }, clock);
    expect(waitOf("06 Nov 1994 08:49:37 GMT")).toBeUndefined();
    expect(waitOf("on Sun, 06 Nov 1994 08:49:37 GMT")).toBeUndefined();
  });
});

describe("what an error says besides", () => {
  it("is told only where it is said", () => {
    expect(Object.keys(classifier.classify({ code: "EPIPE" })).sort()).toEqual([
      "class",
      "evidence",
      "outcome",
      "retryable",
    ]);
  });

  it("about trying again is believed where the error is ours", () => {
    const retryableOf = (fields: object) => classifier.classify(fields).retryable;
    expect(retryableOf({ code: "KINTSUGI_VALIDATION_FAILED", retryable: true })).toBe(true);
    expect(retryableOf({ code: "KINTSUGI_VALIDATION_FAILED" })).toBe(false);
    expect(retryableOf({ code: "KINTSUGI_VALIDATION_FAILED", retryable: "yes" })).toBe(false);
    expect(retryableOf({ code: "ECONNRESET", retryable: false })).toBe(true);
    expect(retryableOf({ retryable: false })).toBe(true);
  });

  it("must be a number where it is a status or a count", () => {
    expect(classifier.classify({ status: "503" })).not.toHaveProperty("status");
    expect(classifier.classify({ status: Number.NaN, statusCode: 503 }).status).toBe(503);
    expect(classOf({ code: "", name: "AbortError" })).toBe("aborted");
  });

  it("is read in the ten outermost errors of a chain", () => {
    const chain = (length: number): object =>
      length === 0 ? { code: "ECONNRESET" } : { cause: chain(length - 1) };
    expect(classOf(chain(9))).toBe("network");
    expect(classOf(chain(10))).toBe("unknown");
    expect(chainOf(chain(20))).toHaveLength(10);
    expect(chainOf({ errors: Array(50).fill({}) })).toHaveLength(10);
    expect(chainOf("text")).toEqual([]);
  });

  it("is read in a body of up to 65,536 characters, with or without space before it", () => {
    const body = '  {"error":{"code":"insufficient_quota"}}';
    expect(classOf({ body })).toBe("quota");
    expect(classOf({ body: body.padEnd(65_536) })).toBe("quota");
    expect(classOf({ body: body.padEnd(65_537) })).toBe("unknown");
    expect(classOf({ body: '"insufficient_quota"' })).toBe("unknown");
    expect(classOf({ body: ["insufficient_quota"] })).toBe("unknown");
  });
});

it("policies without a classifier judge by the tables, and nobody has to mend that", () => {
  const reported = vi.fn();
  vi.stubGlobal("reportError", reported);
  onTestFinished(() => void vi.unstubAllGlobals());
  expect(judgeByTables({ status: 503 }, undefined)).toMatchObject({ class: "overloaded" });
  expect(judgeByTables({ status: 503 }, AbortSignal.abort())).toMatchObject({ class: "aborted" });
  expect(judgeByTables({ code: "SQLITE_BUSY" }, undefined)).toMatchObject({
    retryable: true,
    outcome: "ignore",
  });
  expect(reported).not.toHaveBeenCalled();
});
