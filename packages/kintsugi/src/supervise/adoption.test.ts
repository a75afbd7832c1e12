import { describe, expect, it } from "vitest";

import type { MarkedProcess } from "../host/index.ts";
import { sortLiving } from "./adoption.ts";
import type { ComponentRow } from "./tables.ts";

const identity = (pid: number) => ({ pid, startTicks: `${pid}0`, bootId: "boot" });

const found = (pid: number, incarnation: number, rest: Partial<MarkedProcess> = {}) => ({
  identity: identity(pid),
  leader: true,
  env: {
    KINTSUGI_ROLE: "component",
    KINTSUGI_COMPONENT: "web",
    KINTSUGI_INCARNATION: `${incarnation}`,
  },
  ...rest,
});

const row = (rest: Partial<ComponentRow>): ComponentRow => ({
  name: "web",
  kind: "process",
  phase: "running",
  incarnation: 2,
  identity: identity(7),
  fingerprint: "",
  restart: { kind: "running", restartsAtMs: [] },
  restarts: 0,
  health: { kind: "healthy" },
  lastExit: null,
  startedAtMs: 0,
  ...rest,
});

const sort = (recorded: ComponentRow | undefined, marked: readonly MarkedProcess[]) => {
  const { adopted, strays } = sortLiving(new Map([["web", recorded]]), marked);
  return { adopted: adopted.get("web"), strays: strays.map((stray) => stray.identity.pid) };
};

describe("a living process of an earlier supervisor", () => {
  it.each([
    ["recorded", row({}), [found(7, 2)], 7, []],
    ["newer than what is recorded", row({}), [found(7, 2), found(8, 3)], 8, [7]],
    [
      "announced and never recorded",
      row({ phase: "starting", identity: null }),
      [found(8, 2)],
      8,
      [],
    ],
    ["of a store that was lost", undefined, [found(8, 5)], 8, []],
  ] as const)("is taken up when it is %s", (_, recorded, marked, pid, strays) => {
    const sorted = sort(recorded, marked);
    expect(sorted.adopted?.identity).toEqual(identity(pid));
    expect(sorted.strays).toEqual(strays);
  });

  it.each([
    ["of a life that is over", row({}), found(6, 1)],
    [
      "what a life that is over left running",
      row({ phase: "backing-off", identity: null }),
      found(6, 2),
    ],
    [
      "the pid of the recorded one, used again",
      row({}),
      found(7, 2, { identity: { ...identity(7), startTicks: "9" } }),
    ],
    ["no leader, and its leader is gone", row({}), found(9, 2, { leader: false })],
    [
      "of a component that is no more",
      row({}),
      found(9, 2, { env: { KINTSUGI_ROLE: "component", KINTSUGI_COMPONENT: "old" } }),
    ],
  ] as const)("has to go when it is %s", (_, recorded, marked) => {
    expect(sort(recorded, [marked])).toEqual({ adopted: undefined, strays: [marked.identity.pid] });
  });

  it("is left alone when it is of the same group, or no component at all", () => {
    const child = found(9, 2, { leader: false });
    const watchdog = found(5, 0, { env: { KINTSUGI_ROLE: "watchdog" } });
    expect(sort(row({}), [found(7, 2), child, watchdog]).strays).toEqual([]);
  });
});
