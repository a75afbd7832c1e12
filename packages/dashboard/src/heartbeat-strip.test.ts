import { describe, expect, it } from "vitest";

import { STRIP_SECONDS, withBeat } from "./heartbeat-strip.ts";

describe("a strip of beats", () => {
  it("holds the longest silence of each second", () => {
    const first = withBeat(undefined, 10_100, 10_000);
    const longer = withBeat(first, 10_900, 10_000);
    const beaten = withBeat(longer, 10_950, 10_940);
    expect(beaten).toEqual({ second: 10, silences: [900] });
    expect(beaten).toBe(longer);
  });

  it("leaves seconds empty in which nothing was heard", () => {
    const strip = withBeat(withBeat(undefined, 10_000, 10_000), 13_000, 12_800);
    expect(strip.silences).toEqual([0, null, null, 200]);
  });

  it("shows nothing where nothing lives", () => {
    expect(withBeat(undefined, 10_000, null).silences).toEqual([null]);
  });

  it("keeps a minute, also after a long sleep of the page", () => {
    let strip = withBeat(undefined, 0, 0);
    for (let second = 1; second < 100; second += 1) strip = withBeat(strip, second * 1_000, 0);
    expect(strip.silences).toHaveLength(STRIP_SECONDS);
    const woken = withBeat(strip, 10_000_000, 10_000_000);
    expect(woken.silences).toHaveLength(STRIP_SECONDS);
    expect(woken.silences.filter((silence) => silence !== null)).toEqual([0]);
  });

  it("begins anew when the server's clock goes back", () => {
    expect(withBeat(withBeat(undefined, 9_000, 9_000), 5_000, 5_000).silences).toEqual([0]);
  });
});
