import { describe, expect, it } from "vitest";

import { nearest } from "./nearest.ts";

describe("a slip of the fingers", () => {
  it.each([
    ["urn", ["run", "done"], "run"],
    ["heartbaet", ["heartbeat", "shutdown"], "heartbeat"],
    ["failureThreshhold", ["successThreshold", "failureThreshold"], "failureThreshold"],
    ["Port", ["host", "port"], "port"],
    ["dirRun", ["dryRun"], "dryRun"],
  ])("%s finds the name that was meant", (written, names, meant) => {
    expect(nearest(written, names)).toBe(meant);
  });

  it.each([
    ["zz", ["name", "port"]],
    ["x".repeat(65), ["x".repeat(64)]],
    ["", ["a"]],
    ["name", []],
  ])("%s finds none where nothing is near", (written, names) => {
    expect(nearest(written, names)).toBeUndefined();
  });
});
