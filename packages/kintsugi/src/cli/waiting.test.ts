import { expect, it } from "vitest";

import { createClient } from "../server/client/index.ts";
import { waitingLines } from "./ready-lines.ts";
import { countWaiting } from "./waiting.ts";

interface Waiting {
  readonly dead?: number;
  readonly phases?: Readonly<Record<string, string>>;
  readonly incidents?: readonly {
    readonly component?: string;
    readonly status: string;
    readonly openedAtMs: number;
  }[];
}

/** A program whose API tells of these. */
async function counted({ dead = 0, phases = {}, incidents = [] }: Waiting): Promise<number> {
  const answers: Readonly<Record<string, unknown>> = {
    "/api/v1/status": {
      runs: { running: 3, completed: 4, dead, cancelled: 5 },
      components: Object.entries(phases).map(([name, phase]) => ({ name, phase })),
    },
    "/api/v1/incidents": {
      incidents: incidents.map((each) => ({ component: "web", key: "web/crash", ...each })),
    },
  };
  const url = "http://127.0.0.1:4600";
  const fetch = async (address: string) => Response.json(answers[new URL(address).pathname]);
  return countWaiting(createClient({ url, fetch: fetch as typeof globalThis.fetch }));
}

const escalated = { status: "escalated", openedAtMs: 1 } as const;

it.each([
  ["nothing", {}, 0],
  ["dead runs", { dead: 2 }, 2],
  ["a component that was left alone", { phases: { web: "gave-up", db: "running" } }, 1],
  ["an incident that nobody could mend", { incidents: [escalated] }, 1],
  [
    "the same trouble once",
    { phases: { web: "gave-up" }, incidents: [escalated, { ...escalated, openedAtMs: 2 }] },
    1,
  ],
  [
    "no trouble that was mended after it",
    { incidents: [{ status: "resolved", openedAtMs: 2 }, escalated] },
    0,
  ],
  [
    "trouble about which nothing was done since",
    { incidents: [{ status: "suppressed", openedAtMs: 2 }, escalated] },
    1,
  ],
  ["all of it", { dead: 1, phases: { db: "crash-looping" }, incidents: [escalated] }, 3],
] as const)("counts what waits for a person: %s", async (_, waiting, count) => {
  expect(await counted(waiting)).toBe(count);
});

it("is worth a line where it is more than nothing", () => {
  const commands = "`kintsugi runs`, `kintsugi incidents`";
  expect(waitingLines(undefined)).toEqual([]);
  expect(waitingLines(0)).toEqual([]);
  expect(waitingLines(1)).toEqual([`1 thing waits for you: ${commands}`]);
  expect(waitingLines(12)).toEqual([`12 things wait for you: ${commands}`]);
});
