import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { systemClock } from "@kintsugi/policy/base";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { memoryStore } from "../memory-store.ts";
import type { AnyTable, Cell, Change, Query, Store, Table } from "../port.ts";
import { openSqliteStore } from "./open-sqlite-store.ts";

interface Row {
  readonly name: string;
  readonly place: number;
  readonly text: string | null;
  readonly size: number | null;
  readonly body: unknown;
}

const rows: Table<Row> = {
  name: "rows",
  version: 1,
  key: ["name", "place"],
  columns: {
    name: { type: "text" },
    place: { type: "integer" },
    text: { type: "text" },
    size: { type: "real" },
    body: { type: "json" },
  },
  indexes: [["text"], ["size", "text"]],
};

const table = rows as unknown as AnyTable;

// Few values, so that commits meet: among them those that are ordered or stored in odd ways.
const name = fc.constantFrom("", "a", "a\0", "ab", "\uffff", "🜚", "\ud800");
const place = fc.constantFrom(-1, -0, 1, 2 ** 53 - 1);
const text = fc.constantFrom(null, "", "x", "🜚", "\udfff");
const size = fc.constantFrom(null, -0, 0.1, 1e300, 5e-324, 2);
const body = fc.oneof(fc.constant(null), fc.jsonValue({ maxDepth: 2 }));
const type = fc.constantFrom("run.started", "run.ended", "runs.counted", "incident.opened");

const row = fc.record({ name, place, text, size, body });
const key = fc.tuple(name, place);
const part = fc.record({ text, size, body }, { requiredKeys: [] });
const compared = fc.record({ text, size }, { requiredKeys: [] });
const factOf = fc.record(
  {
    type,
    atMs: fc.nat(),
    payload: fc.record({ n: fc.nat() }),
    sourceId: fc.constantFrom("s", "t"),
  },
  { requiredKeys: ["type", "atMs", "payload"] },
);

const change: fc.Arbitrary<Change> = fc.oneof(
  row.map((given): Change => ({ kind: "insert", table, row: given })),
  row.map((given): Change => ({ kind: "put", table, row: given })),
  fc
    .tuple(key, part, compared)
    .map(([at, set, when]): Change => ({ kind: "update", table, key: at, set, when })),
  key.map((at): Change => ({ kind: "delete", table, key: at })),
  factOf.map((fact): Change => ({ kind: "fact", fact })),
);

const anyOf = <Value>(value: fc.Arbitrary<Value>) =>
  fc.oneof(value, fc.array(value, { maxLength: 3 }));

const query: fc.Arbitrary<Query<Row>> = fc.record(
  {
    where: fc.record(
      { name: anyOf(name), text: anyOf(text), size: anyOf(size) },
      { requiredKeys: [] },
    ),
    orderBy: fc.constantFrom("name" as const, "place" as const, "text" as const, "size" as const),
    descending: fc.boolean(),
    after: row,
    limit: fc.nat({ max: 4 }),
  },
  { requiredKeys: [] },
);

const question = fc.record({ query, key, id: fc.nat({ max: 9 }), types: fc.array(type) });

/** The commits of one turn, and what is asked when they have ended. */
const turn = fc.record({
  commits: fc.array(fc.array(change, { maxLength: 4 }), { maxLength: 4 }),
  questions: fc.array(question, { maxLength: 3 }),
});

/** All that can be seen of a turn. */
async function play(store: Store, { commits, questions }: TurnOf<typeof turn>): Promise<unknown> {
  const ends = await Promise.allSettled(commits.map((changes) => store.commit(changes)));
  const answers = questions.map(async (asked) => [
    await store.list(rows, asked.query),
    await store.count(rows, asked.query.where),
    await store.get(rows, ...(asked.key as readonly Cell[])),
    await store.facts.after(asked.id, { limit: 3, types: asked.types }),
    await store.facts.latest(3, asked.types),
  ]);
  return {
    ends: ends.map((end) => (end.status === "rejected" ? String(end.reason) : end.status)),
    rows: await store.list(rows),
    ids: [store.facts.firstId, store.facts.lastId],
    answers: await Promise.all(answers),
  };
}

type TurnOf<Arbitrary> = Arbitrary extends fc.Arbitrary<infer Turn> ? Turn : never;

describe("the store in memory and the one on SQLite, in any history", () => {
  it("end their commits alike, read alike and tell the same facts", async () => {
    const seen = new Set<string>();
    const folder = mkdtempSync(join(tmpdir(), "kintsugi-twins-"));
    let histories = 0;
    const history = fc.array(turn, { maxLength: 12, size: "max" });

    await fc
      .assert(
        fc.asyncProperty(history, async (turns) => {
          histories += 1;
          const options = { clock: systemClock, tables: [table], maxFacts: 8 };
          const file = join(folder, `${histories}.sqlite`);
          const stores = [
            memoryStore(options),
            await openSqliteStore({ ...options, file }),
          ] as const;
          const heard = stores.map((store) => {
            const facts: unknown[] = [];
            store.facts.subscribe((one) => void facts.push(one));
            return facts;
          });
          for (const given of turns) {
            const [inMemory, onDisk] = await Promise.all(stores.map((store) => play(store, given)));
            expect(inMemory).toEqual(onDisk);
            seen.add(JSON.stringify(onDisk).includes("ConflictError") ? "conflict" : "none");
          }
          expect(heard[0]).toEqual(heard[1]);
          await Promise.all(stores.map((store) => store.close()));
        }),
        { numRuns: 60 },
      )
      .finally(() => rmSync(folder, { recursive: true }));

    expect([...seen].sort()).toEqual(["conflict", "none"]);
  });
});
