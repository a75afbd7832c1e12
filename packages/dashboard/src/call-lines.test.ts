import { describe, expect, it } from "vitest";

import { type CallLine, callLines, figureOf } from "./call-lines.ts";

const series = {
  startMs: 10_000,
  everyMs: 1_000,
  calls: [4, 7, 1],
  failed: [0, 2, 0],
  retries: [0, 0, 0],
  p95Ms: [12, 30, null],
  steps: [0, 0, 0],
};

const line = (key: CallLine["key"]): CallLine =>
  callLines.find((each) => each.key === key) as CallLine;

describe("the figure beside a line of the chart", () => {
  it("is that of the last whole second: the one that runs has not all of its calls yet", () => {
    expect(figureOf(series, line("calls"), null)).toBe("7");
    expect(figureOf(series, line("failed"), null)).toBe("2");
  });

  it("is that of the second that is pointed at", () => {
    expect(figureOf(series, line("calls"), 12)).toBe("1");
    expect(figureOf(series, line("p95Ms"), 12)).toBe("–");
  });

  it("is no percentile where the last whole second had none, whatever came before", () => {
    expect(figureOf(series, line("p95Ms"), null)).toBe("30 ms");
    const quiet = { ...series, calls: [4, 0, 0], p95Ms: [3_200, null, null] };
    expect(figureOf(quiet, line("p95Ms"), null)).toBe("–");
  });
});
