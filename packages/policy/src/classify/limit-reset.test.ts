import { describe, expect, it } from "vitest";

import { manualClock } from "../base/fixtures/clocks.ts";
import { createClassifier } from "./classify.ts";
import { resetMs } from "./limit-reset.ts";

const clock = manualClock();
const waitFor = (status: number, headers: object): number | undefined =>
  createClassifier({ clock }).classify(Object.assign(new Error("no"), { status, headers }))
    .retryAfterMs;

const inMs = (ms: number): string => new Date(clock.epochMs() + ms).toISOString();

describe("a limit that is used up", () => {
  it.each<[object, number | undefined]>([
    [{ "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s" }, 360_000],
    [{ "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "120ms" }, 120],
    [
      { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(clock.epochMs() / 1_000 + 9) },
      9_000,
    ],
    [{ "ratelimit-remaining": "0", "ratelimit-reset": "30" }, 30_000],
    [
      {
        "anthropic-ratelimit-output-tokens-remaining": "0",
        "anthropic-ratelimit-output-tokens-reset": inMs(4_000),
      },
      4_000,
    ],
    // Both are used up: the later counts.
    [
      {
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "1s",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "2s",
      },
      2_000,
    ],
    [{ "x-ratelimit-remaining-requests": "7", "x-ratelimit-reset-requests": "6m0s" }, undefined],
    [{ "x-ratelimit-remaining": "0", "x-ratelimit-reset": "tomorrow" }, undefined],
    // What is asked for in so many words goes before.
    [{ "retry-after": "1", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "99" }, 1_000],
  ])("by the headers %j is there again after %o", (headers, expected) => {
    expect(waitFor(429, headers)).toBe(expected);
  });

  it("is told by whichever error of the chain has the headers", () => {
    const cause = { headers: { "ratelimit-remaining": "0", "ratelimit-reset": "30" } };
    const limited = Object.assign(new Error("no"), { status: 429, cause });
    expect(createClassifier({ clock }).classify(limited).retryAfterMs).toBe(30_000);
  });

  it("is no reason for a server that is down", () => {
    expect(waitFor(503, { "ratelimit-remaining": "0", "ratelimit-reset": "30" })).toBeUndefined();
  });
});

describe("a reset", () => {
  it.each<[string, number | undefined]>([
    ["6m0s", 360_000],
    ["1.25s", 1_250],
    ["1d2h3m4s5ms", 93_784_005],
    ["in 6s", undefined],
    ["6s or so", undefined],
    ["9.75", 9_750],
    ["in 9", undefined],
    ["9 or so", undefined],
    ["2026-01-01T00:00:09Z", 9_000],
    ["on 2026-01-01T00:00:09Z", undefined],
    ["2026-01-01", undefined],
  ])("in %j is in %o ms", (text, expected) => {
    expect(resetMs(text, clock)).toBe(expected);
  });

  it("that has passed is now, as a moment in either form", () => {
    expect(resetMs(inMs(-5_000), clock)).toBe(0);
    expect(resetMs("1000000000", clock)).toBe(0);
    expect(resetMs(undefined, clock)).toBeUndefined();
  });
});
