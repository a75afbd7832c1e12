/** Records in a real database that somebody, or the disk, has changed by hand between two lives. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { seededRandom, systemClock } from "@kintsugi/policy/base";
import { describe, expect, it, onTestFinished } from "vitest";

import { openSqliteStore } from "../../store/index.ts";
import { defineWorkflow } from "../define.ts";
import { type EmbeddedEngineOptions, embeddedEngine } from "../engine/embedded.ts";
import type { Engine } from "../engine/port.ts";
import { workflowTables } from "../tables.ts";
import type { EncryptionOptions } from "./keyring.ts";

type Values = Pick<EmbeddedEngineOptions, "encryption" | "compressFrom">;

const keyOf = (letter: string): Uint8Array => Buffer.alloc(32, letter);

function setup() {
  const folder = mkdtempSync(join(tmpdir(), "kintsugi-damaged-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "store.sqlite");
  /** How often the steps of each run were done, over all lives. */
  const done = new Map<string, number>();
  const order = defineWorkflow<string, string>("order", async (ctx, item) => {
    const step = (name: string) =>
      ctx.step(name, () => {
        const key = `${ctx.runId} ${name}`;
        done.set(key, (done.get(key) ?? 0) + 1);
        return `${name} of ${ctx.runId}`;
      });
    const paid = await step("pay");
    const sent = await step("send");
    const word = await ctx.waitFor<string>("go");
    return [item, paid, sent, word].join(", ");
  });
  const live = async (
    work: (engine: Engine) => Promise<void>,
    values: Values = {},
  ): Promise<void> => {
    const store = await openSqliteStore({ file, tables: workflowTables, clock: systemClock });
    const random = seededRandom("damaged");
    const engine = embeddedEngine({ store, clock: systemClock, random, ...values });
    engine.register(order);
    await engine.start();
    await work(engine);
    await engine.stop();
    await store.close();
  };
  /** Both have recorded their steps, and wait. */
  const begin = (values: Values = {}): Promise<void> =>
    live(async (engine) => {
      for (const id of ["a", "b"]) await engine.run(order, `item ${id}`, { id });
      const waits = async (id: string) => (await engine.get(id))?.waiting;
      while (!((await waits("a")) && (await waits("b")))) await passed(5);
    }, values);
  const edit = (sql: string): void => {
    const database = new DatabaseSync(file);
    database.exec(sql);
    database.close();
  };
  const bytes = (): string => readFileSync(file, "latin1");
  return { live, begin, edit, done, bytes };
}

const passed = (ms: number): Promise<void> =>
  new Promise((resolve) => void systemClock.after(ms, () => resolve()));

const resultOf = async (engine: Engine, id: string): Promise<unknown> =>
  (await engine.handle(id))?.result();

const failureOf = async (engine: Engine, id: string): Promise<Error> => {
  const error: unknown = await resultOf(engine, id).catch((thrown: unknown) => thrown);
  if (error instanceof Error) return error;
  throw new Error(`run ${id} did not fail`);
};

const go = async (engine: Engine, id: string): Promise<void> =>
  (await engine.handle(id))?.signal("go", "gone");

const FLIP =
  "UPDATE steps SET outcome = replace(outcome, 'send of a', 'send of c') WHERE runId = 'a'";

const SWAP = `UPDATE steps SET outcome = CASE runId
   WHEN 'a' THEN (SELECT outcome FROM steps WHERE runId = 'b' AND seq = 1)
   ELSE (SELECT outcome FROM steps WHERE runId = 'a' AND seq = 0) END
   WHERE runId = 'a' AND seq = 1`;

describe("a recorded outcome", () => {
  it.each([
    ["was changed", FLIP],
    ["is that of the same step of another run", SWAP],
    [
      "is that of another step",
      "UPDATE steps SET outcome = (SELECT outcome FROM steps WHERE runId = 'a' AND seq = 0) WHERE runId = 'a' AND seq = 1",
    ],
  ])("that %s ends its run and no other, and no step is done again", async (_, sql) => {
    const { live, begin, edit, done } = setup();
    await begin();
    edit(sql);
    await live(async (engine) => {
      for (const id of ["a", "b"]) await go(engine, id);
      expect(await resultOf(engine, "b")).toBe("item b, pay of b, send of b, gone");
      expect((await failureOf(engine, "a")).message).toBe(
        'The outcome of step 1 "send" of run "a" cannot be read: its checksum does not fit, so it was' +
          " damaged, or written for another place. Rewind the run to step 1 to do that step again, or" +
          " discard it",
      );
      expect(await engine.get("a")).toMatchObject({
        status: "dead",
        error: { name: "CorruptRecordError" },
      });
    });
    expect([...done.values()]).toEqual([1, 1, 1, 1]);
  });

  it("that is damaged is made again when a person rewinds the run to its step", async () => {
    const { live, begin, edit, done } = setup();
    await begin();
    edit(FLIP);
    await live(async (engine) => {
      await go(engine, "a");
      await failureOf(engine, "a");
      await engine.replay("a");
      expect((await failureOf(engine, "a")).name).toBe("CorruptRecordError");
      await engine.rewind("a", { fromStep: 1 });
      expect(await resultOf(engine, "a")).toBe("item a, pay of a, send of a, gone");
    });
    expect(Object.fromEntries(done)).toMatchObject({ "a pay": 1, "a send": 2 });
  });
});

describe("a damaged record", () => {
  it("of an input, a result or a signal is named as what it is", async () => {
    const { live, begin, edit } = setup();
    await begin();
    edit("UPDATE runs SET input = replace(input, 'item', 'itom') WHERE id = 'a'");
    await live(async (engine) => {
      await go(engine, "a");
      expect((await failureOf(engine, "a")).message).toMatch(
        /^The input of run "a" cannot be read: .*\. Start the work again as another run$/,
      );
      await go(engine, "b");
      await resultOf(engine, "b");
    });
    edit("UPDATE runs SET outcome = replace(outcome, 'gone', 'gune') WHERE id = 'b'");
    await live(async (engine) => {
      expect((await failureOf(engine, "b")).message).toMatch(/^The outcome of run "b" cannot be/);
    });
  });
});

describe("records that were written in the clear", () => {
  it("before there were checksums are read as ever", async () => {
    const { live, begin, edit } = setup();
    await begin();
    edit(
      "UPDATE steps SET outcome = substr(outcome, 12); UPDATE runs SET input = substr(input, 12)",
    );
    await live(async (engine) => {
      await go(engine, "a");
      expect(await resultOf(engine, "a")).toBe("item a, pay of a, send of a, gone");
    });
  });

  it("are read, and what follows is encrypted, when a key is given later", async () => {
    const { live, begin, bytes } = setup();
    const encryption: EncryptionOptions = {
      current: "k1",
      keys: [{ id: "k1", secret: keyOf("1") }],
    };
    await begin();
    await live(
      async (engine) => {
        await go(engine, "a");
        expect(await resultOf(engine, "a")).toBe("item a, pay of a, send of a, gone");
      },
      { encryption },
    );
    expect(bytes()).not.toMatch(/send of a, gone/);
  });
});

describe("records that were encrypted", () => {
  const first = { id: "first", secret: keyOf("1") };
  const second = { id: "second", secret: keyOf("2") };

  it("show nothing in the file, and are read after the keys have changed", async () => {
    const { live, begin, bytes } = setup();
    await begin({ encryption: { keys: [first], current: "first" }, compressFrom: 10 });
    expect(bytes()).not.toMatch(/item a|pay of/);
    await live(
      async (engine) => {
        await go(engine, "a");
        expect(await resultOf(engine, "a")).toBe("item a, pay of a, send of a, gone");
      },
      { encryption: { keys: [first, second], current: "second" } },
    );
    expect(bytes()).toMatch(/~1esecond|~1e[\da-f]{8}second:/);
  });

  it("whose key is missing say which, and go on once it is there", async () => {
    const { live, begin, done } = setup();
    await begin({ encryption: { keys: [first], current: "first" } });
    await live(
      async (engine) => {
        await go(engine, "a");
        expect((await failureOf(engine, "a")).message).toBe(
          'The input of run "a" cannot be read: it is encrypted with key "first", which was not given.' +
            " Give that key, and replay the run",
        );
      },
      { encryption: { keys: [second], current: "second" } },
    );
    await live(
      async (engine) => {
        await engine.replay("a");
        expect(await resultOf(engine, "a")).toBe("item a, pay of a, send of a, gone");
      },
      { encryption: { keys: [first, second], current: "second" } },
    );
    expect(done.get("a send")).toBe(1);
  });
});
