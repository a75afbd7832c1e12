/**
 * Failures as the providers document them, and as their clients throw them. Sources: OpenAI's "Error
 * codes" and the streaming events of its Responses API; Anthropic's "Errors" (HTTP errors, and errors
 * within a stream); Google's google.rpc.Code and google.rpc.RetryInfo; the retry rules of the clients
 * openai 7 and @anthropic-ai/sdk 1 (408, 409 by `x-should-retry`, 429, 500 and above).
 */

import { describe, expect, it } from "vitest";

import { manualClock } from "../base/fixtures/clocks.ts";
import { type Classification, createClassifier } from "./classify.ts";

const clock = manualClock();
const classify = (fields: object): Classification =>
  createClassifier({ clock }).classify(Object.assign(new Error("it failed"), fields));

const anthropic = (type: string, message = "no") => ({ type: "error", error: { type, message } });
const openai = (type: string, code: string | null, message = "no") => ({ type, code, message });

/** As a client throws it that read an error event from a stream of status 200: no status of its own. */
const inStream = (error: object): object => ({ status: undefined, error, headers: new Headers() });

describe("an error of Anthropic's", () => {
  it.each<[number, string, string, Partial<Classification>]>([
    [400, "invalid_request_error", "no", { class: "unknown", retryable: false }],
    [400, "invalid_request_error", "prompt is too long: 9 > 8", { class: "context-length" }],
    [400, "invalid_request_error", "Your credit balance is too low", { class: "quota" }],
    [401, "authentication_error", "no", { class: "auth", retryable: false }],
    [402, "billing_error", "no", { class: "quota", retryable: false }],
    [403, "permission_error", "no", { class: "auth", retryable: false }],
    [404, "not_found_error", "model: claude-9", { class: "model-not-found", retryable: false }],
    [404, "not_found_error", "no such batch", { class: "unknown", retryable: false }],
    [413, "request_too_large", "no", { class: "context-length", retryable: false }],
    [429, "rate_limit_error", "no", { class: "rate-limit", retryable: true, outcome: "ignore" }],
    [500, "api_error", "no", { class: "unknown", retryable: true, outcome: "failure" }],
    [504, "timeout_error", "no", { class: "timeout", retryable: true }],
    [529, "overloaded_error", "no", { class: "overloaded", retryable: true, outcome: "failure" }],
  ])("with %d %s (%s) is %o", (status, type, message, expected) => {
    expect(classify({ status, error: anthropic(type, message) })).toMatchObject(expected);
  });

  it.each<[string, Partial<Classification>]>([
    ["overloaded_error", { class: "overloaded", retryable: true, outcome: "failure" }],
    ["api_error", { class: "unknown", retryable: true, outcome: "failure" }],
    ["rate_limit_error", { class: "rate-limit", retryable: true, outcome: "ignore" }],
    ["invalid_request_error", { class: "unknown", retryable: false, outcome: "ignore" }],
  ])("in mid-stream, %s, is %o", (type, expected) => {
    expect(classify(inStream(anthropic(type)))).toMatchObject(expected);
  });
});

describe("an error of OpenAI's", () => {
  it.each<[number, string, string | null, Partial<Classification>]>([
    [400, "invalid_request_error", "context_length_exceeded", { class: "context-length" }],
    [400, "invalid_request_error", null, { class: "unknown", retryable: false }],
    [401, "invalid_request_error", "invalid_api_key", { class: "auth", retryable: false }],
    [404, "invalid_request_error", "model_not_found", { class: "model-not-found" }],
    [429, "tokens", "rate_limit_exceeded", { class: "rate-limit", retryable: true }],
    [429, "insufficient_quota", "insufficient_quota", { class: "quota", retryable: false }],
    [500, "server_error", null, { class: "unknown", retryable: true, outcome: "failure" }],
    [503, "server_error", null, { class: "overloaded", retryable: true, outcome: "failure" }],
  ])("with %d %s %s is %o", (status, type, code, expected) => {
    expect(classify({ status, code, type, error: openai(type, code) })).toMatchObject(expected);
  });

  it.each<[string, Partial<Classification>]>([
    ["server_error", { class: "unknown", retryable: true, outcome: "failure" }],
    ["rate_limit_exceeded", { class: "rate-limit", retryable: true, outcome: "ignore" }],
    ["invalid_prompt", { class: "unknown", retryable: false, outcome: "ignore" }],
  ])("in mid-stream, %s, is %o", (code, expected) => {
    expect(classify(inStream({ type: "error", code, message: "no" }))).toMatchObject(expected);
  });
});

describe("an error of Google's", () => {
  it.each<[number, string, Partial<Classification>]>([
    [400, "INVALID_ARGUMENT", { class: "unknown", retryable: false, outcome: "ignore" }],
    [400, "FAILED_PRECONDITION", { class: "unknown", retryable: false, outcome: "ignore" }],
    [403, "PERMISSION_DENIED", { class: "auth", retryable: false }],
    [404, "NOT_FOUND", { class: "unknown", retryable: false }],
    [429, "RESOURCE_EXHAUSTED", { class: "rate-limit", retryable: true, outcome: "ignore" }],
    [500, "INTERNAL", { class: "unknown", retryable: true, outcome: "failure" }],
    [503, "UNAVAILABLE", { class: "overloaded", retryable: true, outcome: "failure" }],
    [504, "DEADLINE_EXCEEDED", { class: "timeout", retryable: true, outcome: "failure" }],
  ])("with %d %s is %o", (code, status, expected) => {
    const body = JSON.stringify({ error: { code, status, message: "no" } });
    expect(classify({ status: code, body })).toMatchObject(expected);
    expect(classify({ body })).toMatchObject({ ...expected }); // In mid-stream.
  });
});

describe("a conflict", () => {
  it.each([
    [undefined, false],
    ["true", true],
    ["false", false],
  ])("with x-should-retry %s is tried again: %s", (advice, retryable) => {
    const headers = advice === undefined ? {} : { "x-should-retry": advice };
    expect(classify({ status: 409, headers }).retryable).toBe(retryable);
  });
});

describe("a body that asks for a wait", () => {
  const info = { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "34.074s" };

  it.each<[string, object, number | undefined]>([
    ["Google", { error: { status: "RESOURCE_EXHAUSTED", details: [{}, null, info] } }, 34_074],
    ["Discord", { message: "limited", retry_after: 64.57 }, 64_570],
    ["Telegram", { ok: false, error_code: 429, parameters: { retry_after: 5 } }, 5_000],
    ["milliseconds", { error: { retry_after_ms: 1_500.2 } }, 1_501],
    ["nonsense", { retry_after: -1, parameters: null, details: "x" }, undefined],
    ["no number", { retry_after: "soon", error: { details: [{ retryDelay: "s" }] } }, undefined],
  ])("is understood: %s", (_, body, ms) => {
    expect(classify({ status: 429, body: JSON.stringify(body) }).retryAfterMs).toBe(ms);
  });

  it("gives way to the headers", () => {
    const headers = { "retry-after": "7" };
    const body = '{"retry_after":3}';
    expect(classify({ status: 429, headers, body }).retryAfterMs).toBe(7_000);
  });
});

it("an error tells what its attempt has cost, where it says so", () => {
  const usage = { total_tokens: 1_234 };
  expect(classify({ error: anthropic("overloaded_error"), usage }).cost).toBe(1_234);
  expect(classify({ body: JSON.stringify({ error: { usage } }) }).cost).toBe(1_234);
  expect(classify({ status: 503 })).not.toHaveProperty("cost");
});

describe("an error event in an answer with the status of 200", () => {
  it.each<[string, object, Partial<Classification>]>([
    [
      "Anthropic's overload",
      anthropic("overloaded_error"),
      { class: "overloaded", retryable: true, outcome: "failure" },
    ],
    [
      "OpenAI's overload",
      { type: "error", error: openai("service_unavailable_error", "server_is_overloaded") },
      { class: "overloaded", retryable: true, outcome: "failure" },
    ],
    [
      "OpenAI's limit",
      { error: openai("requests", "rate_limit_exceeded") },
      { class: "rate-limit", retryable: true, outcome: "ignore" },
    ],
    [
      "an event of the Responses API",
      openai("error", "rate_limit_exceeded"),
      { class: "rate-limit" },
    ],
  ])("is what it says: %s", (_, body, expected) => {
    expect(classify({ status: 200, body })).toMatchObject(expected);
    expect(classify({ status: 200, body: JSON.stringify(body) })).toMatchObject(expected);
  });
});
