import { describe, expect, it } from "vitest";

import { fact, incident, NOON } from "./fixtures/boards.ts";
import { chosenIncidents, stagesOf, stageTimes } from "./incident-story.ts";

const told = (...args: Parameters<typeof stagesOf>): readonly string[] =>
  stagesOf(...args).map(({ word, state }) => `${word} ${state}`);

describe("the life of an incident", () => {
  it("shows where it is and what is ahead", () => {
    expect(told(incident({ status: "verifying" }), new Map())).toEqual([
      "opened done",
      "healing done",
      "verifying now",
      "resolved ahead",
    ]);
  });

  it("ends as it ended", () => {
    const ended = incident({ status: "escalated", endedAtMs: NOON });
    expect(told(ended, new Map()).at(-1)).toBe("escalated done");
    expect(stagesOf(ended, new Map()).at(-1)?.atMs).toBe(NOON);
  });

  it("claims nothing that did not come before an end without a repair", () => {
    const ended = incident({ status: "suppressed", endedAtMs: NOON });
    expect(told(ended, new Map())).toEqual(["opened done", "suppressed done"]);
    const tried = new Map([[ended.id, { healing: NOON - 2 }]]);
    expect(told({ ...ended, status: "escalated" }, tried)).toEqual([
      "opened done",
      "healing done",
      "escalated done",
    ]);
  });

  it("takes its times from the log", () => {
    const facts = [
      { ...fact(1, "incident.healing", { id: "a" }), atMs: 10 },
      { ...fact(2, "incident.verifying", { id: "a" }), atMs: 20 },
      { ...fact(3, "incident.healing", { id: "b" }), atMs: 30 },
      { ...fact(4, "incident.resolved", { id: "a" }), atMs: 40 },
    ];
    const open = incident({ id: "a", status: "verifying", openedAtMs: 5 });
    const times = stagesOf(open, stageTimes(facts)).map(({ atMs }) => atMs);
    expect(times).toEqual([5, 10, 20, null]);
  });
});

describe("hundreds of incidents", () => {
  const many = (count: number, endedAtMs: number | null) =>
    Array.from({ length: count }, (_, place) =>
      incident({ id: `${place} ${endedAtMs}`, endedAtMs, openedAtMs: NOON - place }),
    );

  it("are shown as far as a page holds them, and a few are told in full", () => {
    const { shown, left } = chosenIncidents([...many(300, null), ...many(30, NOON)]);
    expect(shown.filter(({ incident: { endedAtMs } }) => endedAtMs === null)).toHaveLength(30);
    expect(shown.filter(({ isUnfolded }) => isUnfolded)).toHaveLength(5);
    expect(left).toBe(292);
  });

  it("are led by those that are open, and the first is told in full when none is", () => {
    const { shown, left } = chosenIncidents([...many(1, NOON), ...many(2, null)]);
    const told = shown.map(({ incident: { endedAtMs }, isUnfolded }) => [endedAtMs, isUnfolded]);
    expect(told).toEqual([
      [null, true],
      [null, true],
      [NOON, false],
    ]);
    expect(left).toBe(0);
    const [first, second] = chosenIncidents(many(2, NOON)).shown;
    expect([first?.isUnfolded, second?.isUnfolded]).toEqual([true, false]);
  });
});
