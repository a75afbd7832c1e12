import { describe, expect, it } from "vitest";

import { eventsFoot, factLine, matches } from "./fact-line.ts";
import { fact } from "./fixtures/boards.ts";

const line = (type: string, payload: object): string => {
  const { about, detail } = factLine(fact(1, type, payload));
  return `${about}: ${detail}`;
};

describe("a fact as a line", () => {
  it.each([
    [
      "component.exited",
      { component: "web", reason: { kind: "exited", code: 1 } },
      "web: exited with code 1",
    ],
    [
      "component.exited",
      { component: "web", reason: { kind: "signalled", signal: "SIGKILL" } },
      "web: ended by SIGKILL",
    ],
    [
      "component.restart-planned",
      { component: "web", delayMs: 200, attempt: 1 },
      "web: in 0.2\u00a0s",
    ],
    [
      "health.changed",
      { component: "web", from: { kind: "healthy" }, to: { kind: "critical", reason: "silent" } },
      "web: healthy to critical: silent",
    ],
    [
      "run.completed",
      { runId: "digest/1", workflow: "digest", steps: 5, durationMs: 800 },
      "digest/1: after 0.8\u00a0s; 5 steps",
    ],
    [
      "run.dead",
      { runId: "a", reason: "failed", error: { name: "E", message: "no" } },
      "a: failed; E: no",
    ],
    ["runtime.started", { pid: 7 }, "pid 7: "],
    ["store.full", {}, "store: "],
    ["trigger.fired", { component: "a\u001b[2J" }, "a␛[2J: "],
  ])("tells %s", (type, payload, told) => {
    expect(line(type, payload)).toBe(told);
  });
});

describe("the filter", () => {
  const exited = fact(12, "component.exited", { component: "Web", summary: "it ended" });
  it.each(["web", "EXITED", "#12", "ended web", "component."])("finds by %s", (sought) => {
    expect(matches(exited, sought)).toBe(true);
  });

  it("wants every word", () => {
    expect(matches(exited, "web model")).toBe(false);
  });
});

describe("the foot of the events", () => {
  const foot = (changes: Partial<Parameters<typeof eventsFoot>[0]>): string =>
    eventsFoot({ found: 40, kept: 40, isFiltered: false, hasOlder: false, most: 100, ...changes });

  it("says nothing where the whole log is in the list", () => {
    expect(foot({})).toBe("");
  });

  it("says that the log has more than the list", () => {
    expect(foot({ kept: 100, hasOlder: true })).toBe("The newest 100; older ones are in the log.");
    expect(foot({ kept: 300 })).toBe("The newest 100; older ones are in the log.");
  });

  it("says what the filter looked through", () => {
    expect(foot({ isFiltered: true, found: 3, kept: 100 })).toBe(
      "3 of the 100 that this page has.",
    );
    expect(foot({ isFiltered: true, found: 250, kept: 900 })).toBe(
      "250 of the 900 that this page has; the newest 100 are shown.",
    );
  });
});
