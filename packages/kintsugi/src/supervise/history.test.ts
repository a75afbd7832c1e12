import { expect, it } from "vitest";

import { History } from "./history.ts";

it("remembers so much and no more", () => {
  const history = new History();
  for (let atMs = 1; atMs <= 1_000; atMs += 1) {
    history.exit({ atMs, reason: { kind: "unknown" }, stderrTail: "" });
    history.ask({ atMs, why: "" });
    history.readSilent(atMs, { rssBytes: 1, cpuMs: 1 }, 1, 9_000);
  }
  const { exits, asked, rss, hangs } = history;
  expect([exits, asked, rss, hangs].map(({ length }) => length)).toEqual([10, 10, 120, 5]);
  expect(exits.at(-1)?.atMs).toBe(1_000);
});

it("tells of a silence once, with the processor time that was used in it", () => {
  const history = new History();
  history.read(1_000, { rssBytes: 1, cpuMs: 400 });
  history.readSilent(7_000, { rssBytes: 2, cpuMs: 6_400 }, 3, 6_000);
  history.readSilent(8_000, { rssBytes: 2, cpuMs: 7_400 }, 3, 7_000);
  expect(history.hangs).toEqual([
    { atMs: 7_000, incarnation: 3, silentMs: 6_000, rssBytes: 2, cpuMs: 6_000 },
  ]);
  history.read(9_000, { rssBytes: 2, cpuMs: 7_500 });
  history.readSilent(20_000, { rssBytes: 2, cpuMs: 7_500 }, 3, 11_000);
  expect(history.hangs).toHaveLength(2);
});
