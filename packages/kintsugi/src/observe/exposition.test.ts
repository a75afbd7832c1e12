import { describe, expect, it } from "vitest";

import { familyText } from "./exposition.ts";

const counter = { type: "counter", labels: ["who", "how"], help: "Things." } as const;
const one = (value: number) => ({ kind: "number", value }) as const;

describe("a family in Prometheus' text format", () => {
  it("says HELP and TYPE once, and then a line for each series", () => {
    const series = [
      { labels: ["a", "b"], value: one(1) },
      { labels: ["a", "c"], value: one(2.5) },
    ];
    expect(familyText("things_total", counter, series)).toBe(
      [
        "# HELP things_total Things.",
        "# TYPE things_total counter",
        'things_total{who="a",how="b"} 1',
        'things_total{who="a",how="c"} 2.5',
        "",
      ].join("\n"),
    );
  });

  it("has no braces where it has no labels", () => {
    const gauge = { type: "gauge", labels: [], help: "Bytes." } as const;
    const text = familyText("size_bytes", gauge, [{ labels: [], value: one(7) }]);
    expect(text).toContain("\nsize_bytes 7\n");
  });

  it("is not there at all without a series", () => {
    expect(familyText("things_total", counter, [])).toBe("");
  });

  it("escapes what would end a label's value or a line", () => {
    const labels = ['back\\slash "quoted"', "two\nlines"];
    const text = familyText("things_total", counter, [{ labels, value: one(1) }]);
    const expected = String.raw`things_total{who="back\\slash \"quoted\"",how="two\nlines"} 1`;
    expect(text.split("\n")[2]).toBe(expected);
  });

  it("escapes backslashes and ends of lines in the help, and leaves its quotes", () => {
    const spec = { type: "gauge", labels: [], help: 'a\\b\n"c"' } as const;
    const [help] = familyText("x", spec, [{ labels: [], value: one(0) }]).split("\n");
    expect(help).toBe(String.raw`# HELP x a\\b\n"c"`);
  });

  it.each([
    [Number.POSITIVE_INFINITY, "+Inf"],
    [Number.NEGATIVE_INFINITY, "-Inf"],
    [Number.NaN, "NaN"],
    [-0.5, "-0.5"],
    [1e21, "1e+21"],
    [1e-7, "1e-7"],
  ])("writes %d as %s", (value, written) => {
    const spec = { type: "gauge", labels: [], help: "X." } as const;
    const text = familyText("x", spec, [{ labels: [], value: one(value) }]);
    expect(text).toContain(`\nx ${written}\n`);
  });
});

describe("a histogram", () => {
  it("counts up from bucket to bucket, and ends with all, their sum and their number", () => {
    const spec = {
      type: "histogram",
      labels: ["who"],
      help: "Time.",
      bounds: [0.5, 1, 10],
    } as const;
    const value = { kind: "buckets", counts: [2, 0, 3, 1], sum: 31.5 } as const;
    const lines = familyText("time_seconds", spec, [{ labels: ["me"], value }]).split("\n");
    expect(lines.slice(1)).toEqual([
      "# TYPE time_seconds histogram",
      'time_seconds_bucket{who="me",le="0.5"} 2',
      'time_seconds_bucket{who="me",le="1"} 2',
      'time_seconds_bucket{who="me",le="10"} 5',
      'time_seconds_bucket{who="me",le="+Inf"} 6',
      'time_seconds_sum{who="me"} 31.5',
      'time_seconds_count{who="me"} 6',
      "",
    ]);
  });
});
