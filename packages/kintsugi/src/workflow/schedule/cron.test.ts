import { describe, expect, it } from "vitest";

import { calendar } from "./cron.ts";

const times = (pattern: string, timeZone: string, from: string, count: number): string[] => {
  const found: string[] = [];
  let atMs: number | undefined = Date.parse(from);
  while (found.length < count && atMs !== undefined) {
    atMs = calendar("test", pattern, timeZone).after(atMs);
    if (atMs !== undefined) found.push(new Date(atMs).toISOString().slice(0, 16));
  }
  return found;
};

describe("the night on which the clocks go on", () => {
  it("has a daily run, when they have gone on", () => {
    expect(times("30 2 * * *", "Europe/Berlin", "2026-03-27T12:00:00Z", 3)).toEqual([
      "2026-03-28T01:30",
      "2026-03-29T01:00", // 3 o'clock: half past two was skipped.
      "2026-03-30T00:30",
    ]);
  });

  it("keeps the pace of what repeats within the hour", () => {
    expect(times("*/30 * * * *", "Europe/Berlin", "2026-03-29T00:15:00Z", 3)).toEqual([
      "2026-03-29T00:30",
      "2026-03-29T01:00",
      "2026-03-29T01:30",
    ]);
  });
});

describe("the night on which the clocks go back", () => {
  it("has one daily run, though its time comes twice", () => {
    expect(times("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2)).toEqual([
      "2026-10-25T00:30",
      "2026-10-26T01:30",
    ]);
  });

  it("keeps the pace of what repeats within the hour", () => {
    expect(times("*/30 * * * *", "Europe/Berlin", "2026-10-25T00:15:00Z", 4)).toEqual([
      "2026-10-25T00:30",
      "2026-10-25T01:00",
      "2026-10-25T01:30",
      "2026-10-25T02:00",
    ]);
  });
});

describe("the times between two moments", () => {
  it("are the newest, with the last moment and without the first", () => {
    const hourly = calendar("test", "0 * * * *", "UTC");
    const at = (hour: number): number => Date.UTC(2026, 0, 1, hour);
    expect(hourly.between(at(1), at(5), 10)).toEqual([at(2), at(3), at(4), at(5)]);
    expect(hourly.between(at(1), at(5), 2)).toEqual([at(4), at(5)]);
    expect(hourly.between(at(1), at(2) - 1, 10)).toEqual([]);
  });
});

describe("a calendar that means nothing", () => {
  it.each([
    ["0 3 * *", "UTC", 'schedules.test.cron must be a pattern such as "0 3 * * *", got "0 3 * *"'],
    [
      "61 * * * *",
      "UTC",
      'schedules.test.cron must be a pattern such as "0 3 * * *", got "61 * * * *"',
    ],
    ["0 0 30 2 *", "UTC", 'schedules.test.cron must name times that come, got "0 0 30 2 *"'],
    [
      "0 3 * * *",
      "Mars/Base",
      'schedules.test.timeZone must be one of IANA\'s, such as "Europe/Berlin", got "Mars/Base"',
    ],
  ])("is refused: %s %s", (pattern, timeZone, sentence) => {
    expect(() => calendar("test", pattern, timeZone)).toThrow(sentence);
  });
});
