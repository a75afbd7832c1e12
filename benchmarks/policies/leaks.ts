/** What policies leave behind: on a signal that many calls share, in the heap, and in a process that wants to end. */

import type { Bench, Contestant } from "../harness/bench.ts";

const program = (name: string): URL => new URL(`${name}.ts`, import.meta.url);
const WHOLE = "retry + breaker + timeout + bulkhead";

const calls = (name: string, file: string, count: number): Contestant => ({
  name,
  passes: [
    {
      program: program(file),
      flags: ["--expose-gc"],
      settings: { case: WHOLE, what: "leak", calls: count },
    },
  ],
  ...(count < 1_000_000 && { note: `it makes ${count.toLocaleString("en-US")} calls only` }),
});

const leaving = (name: string): Contestant => ({
  name,
  passes: [{ program: program("leaving-time"), settings: { case: name } }],
});

export const policyLeaks: Bench = {
  name: "policy-leaks",
  title: "What policies leave behind.",
  rounds: 2,
  quickRounds: 1,
  peers: ["cockatiel", "opossum"],
  servers: {},
  sections: [
    {
      title: "after",
      figures: [
        { key: "listeners", label: "listeners left" },
        { key: "keptBytes", label: "bytes kept a call" },
      ],
      rows: [
        {
          name: "a million calls on one parent signal",
          ours: "kintsugi",
          contestants: [
            calls("kintsugi", "kintsugi", 1_000_000),
            calls("cockatiel", "cockatiel", 50_000),
          ],
        },
      ],
    },
    {
      title: "until the end of",
      figures: [{ key: "exitMs", label: "ms after its last call" }],
      rows: [
        {
          name: "a process that has used 1,000 policies",
          ours: "kintsugi",
          contestants: ["kintsugi", "bare", "cockatiel", "opossum"].map(leaving),
        },
      ],
    },
  ],
  goals: [
    {
      label: "listeners left by a million calls",
      row: "a million calls on one parent signal",
      figure: "listeners",
      unit: "",
      atMost: 0,
    },
    {
      label: "heap kept for each of them",
      row: "a million calls on one parent signal",
      figure: "keptBytes",
      unit: "B",
      atMost: 1,
    },
    {
      label: "a process with idle policies lives on, over a bare one",
      row: "a process that has used 1,000 policies",
      figure: "exitMs",
      unit: "ms",
      over: "bare",
      atMost: 50,
    },
  ],
  quotes: () => [],
};
