import { describe, expect, it } from "vitest";

import { durationMs, sizeBytes } from "./duration.ts";

describe("a span", () => {
  it.each([
    [0, 0],
    [250, 250],
    ["250", 250],
    ["250ms", 250],
    ["1.5s", 1_500],
    ["1.25s", 1_250],
    [0.5, 0.5],
    [" 2 m ", 120_000],
    ["1H", 3_600_000],
    ["30d", 2_592_000_000],
  ])("of %j is %d ms", (written, ms) => {
    expect(durationMs(written)).toBe(ms);
  });

  it.each([
    -1,
    Number.NaN,
    Infinity,
    "",
    "s",
    "-1s",
    "1 week",
    "1s 2s",
    "1e3",
    "constructor",
    "in 5",
    "1.s",
  ])("is refused when it is %j", (written) => {
    expect(() => durationMs(written)).toThrow(RangeError);
    expect(() => durationMs(written)).toThrow(
      `got ${typeof written === "string" ? JSON.stringify(written) : written}`,
    );
  });
});

describe("a size", () => {
  it.each([
    [1_000, 1_000],
    ["512KB", 524_288],
    ["150mb", 157_286_400],
    ["1.5 GB", 1_610_612_736],
    ["0.3b", 0],
  ])("of %j is %d bytes", (written, bytes) => {
    expect(sizeBytes(written)).toBe(bytes);
  });

  it.each([-1, "150MiB", "10%", "1s"])("is refused when it is %j", (written) => {
    expect(() => sizeBytes(written)).toThrow(RangeError);
  });
});
