import type { CircuitCell } from "../circuit-breaker/index.ts";
import { type Cases, expectSame, nth } from "./bench.ts";

const KEEP_MS = 60_000;

export const cellCases: Cases = {
  "holds nothing at first, and says the time of its clock": {
    nodes: 1,
    check: async ({ stores }, clock) => {
      const cell = await nth(stores, 0).read("db");
      expectSame(cell, { version: 0, nowMs: clock.epochMs() }, "an empty cell");
    },
  },

  "holds what was written, for all, until it is written again": {
    nodes: 2,
    check: async ({ stores }) => {
      const [one, two] = [nth(stores, 0), nth(stores, 1)];
      const record = {
        kind: "open",
        votes: [{ node: 'a"b', untilMs: 0.5 }],
        revision: 2 ** 53 - 1,
      };
      expectSame(await one.write("db", 0, record, KEEP_MS), true, "the first write");
      const first = await two.read("db");
      expectSame(first.record, record, "what the other reads");
      expectSame(await two.write("db", first.version, { kind: "x" }, KEEP_MS), true, "the second");
      const second = await one.read("db");
      expectSame(second.record, { kind: "x" }, "what the first reads");
      expectSame(second.version === first.version, false, "the same version");
    },
  },

  "writes nothing where another one has written meanwhile": {
    nodes: 2,
    check: async ({ stores }) => {
      const [one, two] = [nth(stores, 0), nth(stores, 1)];
      await one.write("db", 0, { n: 1 }, KEEP_MS);
      expectSame(await two.write("db", 0, { n: 2 }, KEEP_MS), false, "a write over an empty cell");
      const { version } = await two.read("db");
      await one.write("db", version, { n: 3 }, KEEP_MS);
      expectSame(
        await two.write("db", version, { n: 4 }, KEEP_MS),
        false,
        "a write over an old one",
      );
      expectSame((await two.read("db")).record, { n: 3 }, "what stands");
    },
  },

  "lets one of many write who come at the same moment": {
    nodes: 3,
    check: async ({ stores }) => {
      for (let round = 0; round < 5; round += 1) {
        const { version } = await nth(stores, 0).read("db");
        const writers = Array.from({ length: 12 }, (_, writer) => ({ round, writer }));
        const ends = await Promise.all(
          writers.map((record) =>
            nth(stores, record.writer % stores.length).write("db", version, record, KEEP_MS),
          ),
        );
        const winners = writers.filter((_, place) => ends[place]);
        expectSame(winners.length, 1, "how many have written");
        expectSame((await nth(stores, 1).read("db")).record, winners[0], "what stands");
      }
    },
  },

  "keeps circuits apart, whatever their names": {
    nodes: 1,
    check: async ({ stores }) => {
      const store = nth(stores, 0);
      const names = ["db", "db:1", "DB", "öl/{x} *", "__proto__", " "];
      for (const name of names) await store.write(name, 0, { name }, KEEP_MS);
      for (const name of names) {
        expectSame((await store.read(name)).record, { name }, `the cell of ${name}`);
      }
    },
  },

  "gives a copy to everybody": {
    nodes: 1,
    check: async ({ stores }) => {
      const store = nth(stores, 0);
      const record = { votes: ["a"] };
      await store.write("db", 0, record, KEEP_MS);
      record.votes.push("b");
      const { record: read } = await store.read("db");
      (read as typeof record).votes.push("c");
      expectSame((await store.read("db")).record, { votes: ["a"] }, "what stands");
    },
  },

  "keeps a record for as long as it is asked to": {
    nodes: 1,
    check: async ({ stores, settled }, clock) => {
      const store = nth(stores, 0);
      await store.write("db", 0, { n: 1 }, 1_000);
      await clock.advance(999, settled);
      expectSame((await store.read("db")).record, { n: 1 }, "what stands");
    },
  },

  "tells all who watch a circuit, until they cancel": {
    nodes: 2,
    check: async ({ stores, settled }) => {
      const [one, two] = [nth(stores, 0), nth(stores, 1)];
      const heard: CircuitCell[] = [];
      const elsewhere: CircuitCell[] = [];
      const cancel = two.watch("db", (cell) => void heard.push(cell));
      two.watch("other", (cell) => void elsewhere.push(cell));
      await settled(); // Where watching takes a while to begin.
      await one.write("db", 0, { n: 1 }, KEEP_MS);
      await settled();
      expectSame(heard, [await two.read("db")], "what was heard");
      cancel();
      cancel();
      await settled();
      await one.write("db", (await one.read("db")).version, { n: 2 }, KEEP_MS);
      await settled();
      expectSame([heard.length, elsewhere.length], [1, 0], "how often it was told");
    },
  },
};
