import { seededRandom } from "@kintsugi/policy/base";
import { describe, expect, it } from "vitest";

import { type AnyTable, memoryDisk, memoryStore, put, type Table } from "../../store/index.ts";
import { manualClock } from "../../testing/index.ts";
import { defineWorkflow } from "../define.ts";
import { runs, workflowTables } from "../tables.ts";
import type { Transaction } from "../transaction-types.ts";
import { embeddedEngine } from "./embedded.ts";

interface Account {
  readonly id: string;
  readonly balance: number;
}

const accounts: Table<Account> = {
  name: "accounts",
  version: 1,
  columns: { id: { type: "text" }, balance: { type: "integer" } },
  key: ["id"],
};

type Work = (tx: Transaction) => Promise<unknown> | unknown;

async function setup(commits = Infinity) {
  const clock = manualClock();
  const disk = memoryDisk();
  const tables = [...workflowTables, accounts as unknown as AnyTable];
  const live = async (work: Work, limit = Infinity) => {
    const store = memoryStore({ clock, disk, tables });
    let left = limit;
    const dying = new Proxy(store, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (name === "commit") left -= 1;
        if (name === "commit" && left < 0) return () => new Promise(() => {});
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const engine = embeddedEngine({ store: dying, clock, random: seededRandom(1) });
    const workflow = defineWorkflow("transfer", (ctx) => ctx.transact("move", work));
    engine.register(workflow);
    void engine.start();
    await clock.advance(0);
    return { engine, store, workflow };
  };
  const first = memoryStore({ clock, disk, tables });
  void first.commit(["a", "b"].map((id) => put(accounts, { id, balance: 10 })));
  await clock.advance(0);
  const comesTo = async (work: Work, meanwhile?: () => Promise<void>): Promise<unknown> => {
    const { engine, workflow } = await live(work, commits);
    const handle = engine.run(workflow, undefined, { id: "run" });
    const result = handle.then((run) => run.result()).catch((error: Error) => error);
    await meanwhile?.();
    await clock.advance(0);
    return result;
  };
  const balances = async () => {
    const rows = await memoryStore({ clock, disk, tables }).list(accounts);
    return Object.fromEntries(rows.map(({ id, balance }) => [id, balance]));
  };
  return { clock, live, comesTo, balances };
}

const move: Work = async (tx) => {
  const [from, to] = [await tx.get(accounts, "a"), await tx.get(accounts, "b")];
  if (!from || !to) throw new Error("no such account");
  tx.update(accounts, ["a"], { balance: from.balance - 3 });
  tx.put(accounts, { id: "b", balance: to.balance + 3 });
  return (await tx.get(accounts, "a"))?.balance;
};

describe("a transaction of a workflow", () => {
  it("changes the user's tables and sees what it has changed", async () => {
    const { comesTo, balances } = await setup();
    expect(await comesTo(move)).toBe(7);
    expect(await balances()).toEqual({ a: 7, b: 13 });
  });

  it("changes nothing when it throws", async () => {
    const { comesTo, balances } = await setup();
    const error = await comesTo(async (tx) => {
      await move(tx);
      throw new Error("changed my mind");
    });
    expect(error).toMatchObject({ message: "changed my mind", step: "move" });
    expect(await balances()).toEqual({ a: 10, b: 10 });
  });

  it("runs again with fresh rows when those it has read were changed", async () => {
    const { live, clock, balances } = await setup();
    let tries = 0;
    const { engine, store, workflow } = await live(async (tx) => {
      tries += 1;
      const row = await tx.get(accounts, "a");
      if (tries === 1) void store.commit([put(accounts, { id: "a", balance: 100 })]);
      tx.update(accounts, ["b"], { balance: row?.balance ?? 0 });
    });
    void engine.run(workflow, undefined, { id: "run" });
    await clock.advance(0);
    expect(await balances()).toEqual({ a: 100, b: 100 });
    expect(tries).toBe(2);
  });

  it("fails when the rows change under each of its ten tries", async () => {
    const { live, clock } = await setup();
    let tries = 0;
    const { engine, store, workflow } = await live(async (tx) => {
      tries += 1;
      await tx.get(accounts, "a");
      void store.commit([put(accounts, { id: "a", balance: tries })]);
    });
    void engine.run(workflow, undefined, { id: "run" });
    await clock.advance(0);
    expect(tries).toBe(10);
    const view = await engine.get("run");
    expect(view?.error).toMatchObject({ name: "ConflictError", step: "move" });
    expect(view?.stepsRecorded).toBe(1);
  });

  it.each<[string, Work, RegExp]>([
    [
      "a row that is there is inserted",
      (tx) => tx.insert(accounts, { id: "a", balance: 1 }),
      /^Row \["a"\] of "accounts" is not/,
    ],
    [
      "a column cannot hold its value",
      (tx) => tx.put(accounts, { id: "c", balance: 0.5 }),
      /accounts\.balance must be a whole number, got 0\.5/,
    ],
    [
      "it reaches for the engine's tables",
      (tx) => tx.remove(runs, "run"),
      /^"runs" is a table of the engine$/,
    ],
    [
      "it lists what it has changed",
      (tx) => {
        tx.remove(accounts, "a");
        return tx.list(accounts);
      },
      /^List the rows of "accounts" before/,
    ],
  ])("says in one sentence that %s", async (_, work, sentence) => {
    const { comesTo, balances } = await setup();
    expect(((await comesTo(work)) as Error).message).toMatch(sentence);
    expect(await balances()).toEqual({ a: 10, b: 10 });
  });

  it("is done exactly once, before whichever commit the process dies", async () => {
    for (let commits = 0; commits < 8; commits += 1) {
      const { clock, live, balances } = await setup();
      const first = await live(move, commits);
      first.engine.run(first.workflow, undefined, { id: "run" }).catch(() => {});
      await clock.advance(5);
      const second = await live(move);
      void second.engine.run(second.workflow, undefined, { id: "run" });
      await clock.advance(5);
      expect((await second.engine.get("run"))?.status).toBe("completed");
      expect(await balances(), `died before commit ${commits}`).toEqual({ a: 7, b: 13 });
    }
  });
});
