import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

import { metricNames, metricTable } from "./metric-table.ts";

const document = readFileSync(
  new URL("../../../../docs/metrics.md", import.meta.url).pathname,
  "utf8",
);

describe("the table of metrics", () => {
  it("stands in docs/metrics.md, word for word and in its order", () => {
    const rows = metricNames.map((name) => {
      const { type, labels, help } = metricTable[name];
      const quoted = labels.map((label) => `\`${label}\``).join(", ");
      return `| \`${name}\` | ${type} | ${quoted || "-"} | ${help} |`;
    });
    expect(document.split("\n").filter((line) => line.startsWith("| `"))).toEqual(rows);
  });

  it.each(metricNames)("names and explains %s as Prometheus wants it", (name) => {
    const { type, labels, help, bounds } = metricTable[name];
    expect(name).toMatch(/^(kintsugi|process|nodejs)_[a-z_]+[a-z]$/);
    expect(name.endsWith("_total")).toBe(type === "counter");
    expect(name).not.toMatch(/_(ms|milliseconds|minutes|mb|kilobytes)(_|$)/);
    expect(help).toMatch(/^[A-Z0-9].*[^.]\.$/);
    for (const label of labels) expect(label).toMatch(/^[a-z]+$/);
    expect(labels).not.toContain("le");
    expect(bounds !== undefined).toBe(type === "histogram");
    expect(bounds ?? []).toEqual((bounds ?? []).toSorted((a, b) => a - b));
  });
});
