import { describe, expect, it, onTestFinished, vi } from "vitest";

import { manualClock } from "../base/fixtures/clocks.ts";
import { type Judgements, RejectedError } from "../base/index.ts";
import { type Classifier, createClassifier, judge, judgeBy } from "./classify.ts";
import { type ErrorClass, reactions } from "./error-class.ts";

const classifier = createClassifier({ clock: manualClock() });
const classOf = (thrown: unknown): ErrorClass => classifier.classify(thrown).class;
const error = (fields: object, message = "it failed") => Object.assign(new Error(message), fields);

class Refused extends RejectedError {
  readonly code = "KINTSUGI_TEST";
}

describe("a code", () => {
  it.each<[ErrorClass, readonly object[]]>([
    ["network", [{ code: "ECONNREFUSED", port: 8080 }, { code: "UND_ERR_SOCKET" }]],
    ["dns", [{ code: "ENOTFOUND" }, { code: "EAI_AGAIN" }]],
    ["tls", [{ code: "CERT_HAS_EXPIRED" }, { code: "ERR_TLS_CERT_ALTNAME_INVALID" }]],
    ["timeout", [{ code: "ETIMEDOUT" }, { code: "KINTSUGI_TIMEOUT" }, { code: "57014" }]],
    ["aborted", [{ code: "ABORT_ERR" }, { name: "AbortError" }]],
    ["disk-full", [{ code: "ENOSPC" }, { code: "53100" }]],
    ["fd-limit", [{ code: "EMFILE" }]],
    ["permission", [{ code: "EACCES", syscall: "open" }, { code: "42501" }]],
    ["port-in-use", [{ code: "EADDRINUSE", port: 5432 }]],
    ["oom", [{ code: "ERR_WORKER_OUT_OF_MEMORY" }]],
    ["missing-module", [{ code: "ERR_MODULE_NOT_FOUND" }]],
    ["module-format", [{ code: "ERR_REQUIRE_ESM" }]],
    ["native-addon", [{ code: "ERR_DLOPEN_FAILED" }]],
    ["spawn-failed", [{ code: "ENOENT", syscall: "spawn ffmpeg" }]],
    ["db-connection", [{ code: "ECONNREFUSED", port: 5432 }, { code: "08006" }, { code: "57P01" }]],
    ["db-constraint", [{ code: "23505" }, { code: "SQLITE_CONSTRAINT_UNIQUE" }, { code: 11_000 }]],
    ["db-lock", [{ code: "40P01" }, { code: "ERR_SQLITE_ERROR", errcode: 261 }]],
    ["auth", [{ code: "28P01" }]],
    ["rate-limit", [{ name: "ThrottlingException" }]],
    ["schema-validation", [{ name: "ZodError" }]],
    ["model-not-found", [{ name: "AI_NoSuchModelError" }]],
    ["config-missing", [{ name: "AI_LoadAPIKeyError" }]],
    ["code-bug", [{ code: "ERR_INVALID_ARG_TYPE" }]],
    ["unknown", [{ code: "ENOENT", syscall: "open" }, { code: "E_OWN" }, {}]],
  ])("makes it %s", (expected, cases) => {
    for (const fields of cases)
      expect([fields, classOf(error(fields))]).toEqual([fields, expected]);
  });

  it.each(["constructor", "__proto__", "toString", ""])("that is %j is nobody's", (code) => {
    expect(classOf(error({ code }))).toBe("unknown");
  });
});

describe("a status", () => {
  it.each([
    { status: 401, expected: { class: "auth", retryable: false } },
    { status: 402, expected: { class: "quota", retryable: false, outcome: "failure" } },
    { status: 404, expected: { class: "unknown", retryable: false, outcome: "ignore" } },
    { status: 408, expected: { class: "timeout", retryable: true } },
    { status: 422, expected: { class: "schema-validation", retryable: false } },
    { status: 429, expected: { class: "rate-limit", retryable: true, outcome: "ignore" } },
    { status: 500, expected: { class: "unknown", retryable: true, outcome: "failure" } },
    { status: 501, expected: { class: "unknown", retryable: false, outcome: "failure" } },
    { status: 503, expected: { class: "overloaded", retryable: true, outcome: "failure" } },
    { status: 529, expected: { class: "overloaded" } },
    { status: 200, expected: { class: "unknown", evidence: "nothing" } },
  ])("of $status is $expected", ({ status, expected }) => {
    expect(classifier.classify(error({ status }))).toMatchObject({ ...expected, status });
  });

  it.each([
    { statusCode: 503 },
    { response: { status: 503 } },
    { $metadata: { httpStatusCode: 503 } },
    { name: "AI_APICallError", statusCode: 503, responseHeaders: {} },
  ])("is found where libraries put it: %j", (fields) => {
    expect(classOf(error(fields))).toBe("overloaded");
  });
});

describe("the body of an answer", () => {
  it.each<[ErrorClass, string, object]>([
    [
      "quota",
      "OpenAI's client, where 429 alone would be tried again",
      { status: 429, code: "insufficient_quota", error: { code: "insufficient_quota" } },
    ],
    ["overloaded", "Anthropic's client", { status: 529, error: overloaded() }],
    ["context-length", "a raw body", { status: 400, body: json("context_length_exceeded") }],
    ["model-not-found", "axios", { response: { status: 404, data: body("model_not_found") } }],
    ["content-filter", "AI SDK", { statusCode: 400, responseBody: json("content_filter") }],
    ["quota", "an error that is a word", { body: '{"error":"insufficient_quota"}' }],
    ["overloaded", "a type beside the error", { body: '{"type":"overloaded_error"}' }],
    ["quota", "OpenAI's client, by its type", { type: "insufficient_quota" }],
    ["auth", "a list, and then a body", { body: [], data: body("invalid_api_key") }],
    ["auth", "AI SDK, parsed", { statusCode: 400, data: body("invalid_api_key") }],
    ["rate-limit", "Google", { body: '{"error":{"code":8,"status":"RESOURCE_EXHAUSTED"}}' }],
    ["context-length", "llama-server", { body: '{"error":{"type":"exceed_context_size_error"}}' }],
  ])("makes it %s: %s", (expected, _, fields) => {
    expect(classOf(error(fields))).toBe(expected);
  });

  it.each([
    "<html>busy</html>",
    '{"error": {"code": "insufficient_qu',
    `{"padding":"${" ".repeat(70_000)}","error":"insufficient_quota"}`,
    "[1, 2]",
    '{"error":null}',
  ])("that says nothing leaves it to the status (%#)", (text) => {
    expect(classOf(error({ status: 503, body: text }))).toBe("overloaded");
  });
});

describe("a chain of causes", () => {
  it.each<[ErrorClass, string, unknown]>([
    ["network", "fetch failed", chain(new TypeError("fetch failed"), { code: "ECONNRESET" })],
    ["tls", "wrapped twice", chain(new Error("a"), chain(new Error("b"), { code: "EPROTO" }))],
    ["timeout", "an abort by time", chain(error({ name: "AbortError" }), { name: "TimeoutError" })],
    ["dns", "tried together", new AggregateError([error({ code: "ENOTFOUND" })])],
    ["overloaded", "the outer says more", chain(error({ status: 503 }), { code: "EPIPE" })],
    [
      "overloaded",
      "out of time further in",
      chain(error({ status: 503 }), { name: "TimeoutError" }),
    ],
    ["aborted", "given up", chain(error({ name: "AbortError" }), new Error("the user left"))],
    ["aborted", "given up, and so lost", chain(error({ name: "AbortError" }), { code: "EPIPE" })],
    ["network", "a cause that is none", error({ code: "EPIPE", cause: null })],
  ])("makes it %s: %s", (expected, _, thrown) => {
    expect(classOf(thrown)).toBe(expected);
  });

  it("ends, also where it is a circle", () => {
    const first = error({});
    const second = error({ cause: first });
    Object.assign(first, { cause: second });
    expect(classOf(first)).toBe("unknown");
  });
});

describe("an error of the language itself", () => {
  it.each<[ErrorClass, unknown]>([
    ["code-bug", new TypeError("x is not a function")],
    ["code-bug", new ReferenceError("x is not defined")],
    ["invalid-json", thrownBy(() => JSON.parse("{"))],
    ["network", new TypeError("Failed to fetch")],
    ["network", new TypeError("Load failed")],
    ["timeout", new DOMException("too slow", "TimeoutError")],
    ["aborted", new DOMException("stopped", "AbortError")],
  ])("makes it %s: %s", (expected, thrown) => {
    expect(classOf(thrown)).toBe(expected);
  });
});

describe("anything else that is thrown", () => {
  it.each([
    undefined,
    null,
    "ECONNRESET",
    42,
    Object.create(null),
    {
      get cause() {
        throw new Error("hostile");
      },
    },
    new Proxy(
      {},
      {
        get() {
          throw new Error("hostile");
        },
      },
    ),
  ])("is unknown, and never breaks who asks (%#)", (thrown) => {
    const expected = { class: "unknown", retryable: true, outcome: "failure", evidence: "nothing" };
    expect(classifier.classify(thrown)).toEqual(expected);
  });

  it("is a refusal when it was refused: nothing happened, and no other attempt will", () => {
    expect(classifier.classify(new Refused("circuit is open", 700))).toEqual({
      class: "overloaded",
      retryable: false,
      outcome: "ignore",
      retryAfterMs: 700,
      evidence: "a refusal",
    });
  });

  it("names no time to come back where the refusal knows none", () => {
    expect(classifier.classify(new Refused("no room", 0))).not.toHaveProperty("retryAfterMs");
  });

  it("has a reaction for each class", () => {
    for (const [name, reaction] of Object.entries(reactions)) {
      expect([name, reaction.outcome]).not.toEqual([name, "success"]);
    }
    expect(Object.keys(reactions)).toHaveLength(29);
  });
});

describe("a classifier that knows more", () => {
  const asked: unknown[] = [];
  const next: Classifier = {
    classify(thrown) {
      asked.push(thrown);
      return {
        ...(thrown === "disk" ? reactions["disk-full"] : reactions.unknown),
        class: thrown === "disk" ? "disk-full" : "unknown",
        evidence: "a neighbour",
      };
    },
  };
  const asking = createClassifier({ next });

  it("is asked about what the tables do not know, and about nothing else", () => {
    expect(asking.classify("disk")).toMatchObject({ class: "disk-full", evidence: "a neighbour" });
    expect(asking.classify(error({ code: "EPIPE" })).evidence).toBe("code EPIPE");
    expect(asked).toEqual(["disk"]);
  });

  it("leaves what the tables found when it does not know either", () => {
    const found = asking.classify(error({ status: 404 }));
    expect(found).toMatchObject({ class: "unknown", retryable: false, evidence: "status 404" });
  });
});

describe("a classifier that throws", () => {
  it("is reported, and the tables judge in its place", () => {
    const mistake = new Error("no such rule");
    const reported = vi.fn();
    vi.stubGlobal("reportError", reported);
    onTestFinished(() => void vi.unstubAllGlobals());
    const classifier: Classifier = {
      classify() {
        throw mistake;
      },
    };
    expect(judge(classifier, { status: 503 }, undefined)).toMatchObject({ class: "overloaded" });
    const { signal } = new AbortController();
    const late = AbortSignal.abort(new DOMException("too slow", "TimeoutError"));
    expect(judge(classifier, { status: 429 }, signal)).toMatchObject({ outcome: "ignore" });
    expect(judge(classifier, new Error("stopped"), late)).toMatchObject({ class: "timeout" });
    expect(reported.mock.calls).toEqual([[mistake], [mistake], [mistake]]);
  });
});

describe("how a classifier judges for a frame", () => {
  it("is asked once about a failure of an attempt, by however many policies", () => {
    const classify = vi.fn(classifier.classify);
    const judgeOne = judgeBy({ classify });
    const attempt: Judgements = { judged: undefined };
    const first = judgeOne({ status: 503 }, undefined);
    expect(first).toMatchObject({ class: "overloaded" });
    const lost = error({ code: "ECONNRESET" });
    const judged = [1, 2, 3].map(() => judgeOne(lost, undefined, attempt));
    expect(judged).toMatchObject(Array(3).fill({ class: "network" }));
    expect(classify).toHaveBeenCalledTimes(2);
    expect(judgeOne({ status: 401 }, undefined, attempt)).toMatchObject({ class: "auth" });
  });
});

describe("the end of a call under a signal", () => {
  const down = error({ code: "ECONNRESET" });

  it.each([
    { why: "no signal", signal: undefined, expected: { class: "network", retryable: true } },
    {
      why: "a signal that nobody used",
      signal: new AbortController().signal,
      expected: { class: "network", retryable: true },
    },
    {
      why: "a caller that changed its mind",
      signal: AbortSignal.abort(new Error("user left")),
      expected: { class: "aborted", retryable: false, outcome: "ignore" },
    },
    {
      why: "a caller that ran out of time",
      signal: AbortSignal.abort(new DOMException("too slow", "TimeoutError")),
      expected: { class: "timeout", retryable: false, outcome: "failure" },
    },
  ])("is $expected for $why", ({ signal, expected }) => {
    expect(judge(classifier, down, signal)).toMatchObject(expected);
  });
});

function body(code: string): object {
  return { error: { code, message: "no" } };
}

function json(code: string): string {
  return JSON.stringify(body(code));
}

function overloaded(): object {
  return { type: "error", error: { type: "overloaded_error" } };
}

function chain(outer: Error, cause: object): Error {
  return Object.assign(outer, { cause });
}

function thrownBy(fn: () => unknown): unknown {
  try {
    return fn();
  } catch (thrown) {
    return thrown;
  }
}

describe("a connection that fails", () => {
  it.each([1433, 1521, 3306, 5432, 6379, 6432, 7687, 9042, 11211, 26257, 26379, 27017, 33060])(
    "is the database's at port %d",
    (port) => {
      for (const code of ["ECONNREFUSED", "ECONNRESET", "ETIMEDOUT"]) {
        const error = Object.assign(new Error("no"), { code, port });
        expect(createClassifier().classify(error).class).toBe("db-connection");
      }
    },
  );

  it.each([80, 443, 3000, 8080])("is the network's at port %d", (port) => {
    const error = Object.assign(new Error("no"), { code: "ECONNREFUSED", port });
    expect(createClassifier().classify(error).class).toBe("network");
  });
});
