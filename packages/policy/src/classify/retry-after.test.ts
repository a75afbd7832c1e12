import { describe, expect, it } from "vitest";

import { manualClock } from "../base/fixtures/clocks.ts";
import { createClassifier } from "./classify.ts";
import { headerOf, retryAfterMs } from "./retry-after.ts";

const clock = manualClock();
const inMs = (ms: number): string => new Date(clock.epochMs() + ms).toUTCString();

describe("a server that asks for a wait", () => {
  it.each([
    [{ "retry-after": "7" }, 7_000],
    [{ "Retry-After": "0.25" }, 250],
    [{ "retry-after": 3 }, 3_000],
    [{ "retry-after": "0" }, 0],
    [{ "retry-after-ms": "1500", "retry-after": "2" }, 1_500],
    [{ "x-ms-retry-after-ms": "20.4" }, 21],
    [{ "retry-after": inMs(90_000) }, 90_000],
    [{ "retry-after": inMs(-90_000) }, 0],
    [new Headers({ "Retry-After": "7" }), 7_000],
    [new Map([["retry-after", "7"]]), 7_000],
  ])("is understood: %j is %d ms", (headers, ms) => {
    expect(retryAfterMs(headers, clock)).toBe(ms);
  });

  it("is understood in all three forms of an HTTP date", () => {
    const at = (date: string) =>
      retryAfterMs({ date: "Sun, 06 Nov 1994 08:49:30 GMT", "retry-after": date }, clock);
    expect(at("Sun, 06 Nov 1994 08:49:37 GMT")).toBe(7_000);
    expect(at("Sunday, 06-Nov-94 08:49:37 GMT")).toBe(7_000);
    expect(at("Sun Nov  6 08:49:37 1994")).toBe(7_000);
  });

  it("is understood by the server's own clock, when ours is an hour off", () => {
    const headers = { date: inMs(3_600_000), "retry-after": inMs(3_607_000) };
    expect(retryAfterMs(headers, clock)).toBe(7_000);
  });

  it.each(["soon", "-5", "", "NaN", "1e9", "Infinity", "2026-01-01"])(
    "is not believed when it says %j",
    (text) => {
      expect(retryAfterMs({ "retry-after": text }, clock)).toBeUndefined();
    },
  );

  it.each([undefined, null, "retry-after: 7", 7, {}, { "retry-after": ["7"] }])(
    "asks for nothing with the headers %j",
    (headers) => {
      expect(retryAfterMs(headers, clock)).toBeUndefined();
    },
  );
});

describe("a classified error", () => {
  const classifier = createClassifier({ clock });
  const error = (fields: object) => Object.assign(new Error("busy"), fields);

  it.each([
    { headers: { "retry-after": "2" } },
    { responseHeaders: { "Retry-After": "2" } },
    { response: { status: 429, headers: new Headers({ "retry-after": "2" }) } },
    { cause: error({ headers: { "retry-after": "2" } }) },
    { retryAfterMs: 2_000 },
  ])("carries the wait, wherever it stands (%#)", (fields) => {
    expect(classifier.classify(error(fields)).retryAfterMs).toBe(2_000);
  });

  it("obeys a server that knows whether to try again", () => {
    const classify = (status: number, advice: string) =>
      classifier.classify(error({ status, headers: { "x-should-retry": advice } })).retryable;
    expect([classify(409, "true"), classify(503, "false"), classify(503, "maybe")]).toEqual([
      true,
      false,
      true,
    ]);
  });
});

it("a header is found by its name in any case, and trimmed", () => {
  expect(headerOf({ "X-Should-RETRY": " true " }, "x-should-retry")).toBe("true");
  expect(headerOf({}, "constructor")).toBeUndefined();
});
