/** The places for trials of a circuit that is shared: who has one, and what the others are told of it. */

import { describe, expect, it } from "vitest";

import { settled } from "../base/fixtures/clocks.ts";
import type { CircuitBreakerOptions } from "./circuit-breaker.ts";
import { down, hang, up } from "./fixtures/calls.ts";
import { sharedNodes } from "./fixtures/nodes.ts";
import type { SharedCircuit } from "./shared-state.ts";

/** Open for all until its time is over; `a` has heard of it, and hears of nothing more by itself. */
async function setup(options: Partial<CircuitBreakerOptions> = {}) {
  const nodes = sharedNodes(options);
  const { clock, inner, store, node, openForAll, onStoreFailure } = nodes;
  await openForAll();
  const a = await node("a", { store });
  await clock.advance(1_000);
  const record = async () => (await inner.read("db")).record as SharedCircuit;
  const failed = () => onStoreFailure.mock.calls.map(([{ operation }]) => operation);
  return { ...nodes, a, record, failed };
}

const notFound = () => Promise.reject({ status: 404 });

describe("a node that asks for a place", () => {
  it("asks once, however many calls come meanwhile", async () => {
    const { store, a } = await setup();
    store.mood = "hangs";
    const { asked } = store;
    for (let call = 0; call < 3; call += 1) expect(await a.call(up)).toBe(false);
    expect(store.asked - asked).toBe(1);
  });

  it("gives up when others have written each time, and says so", async () => {
    const { store, a, onStoreFailure } = await setup();
    store.write = async () => false;
    const { asked } = store;
    await a.call(up);
    expect(store.asked - asked).toBe(10);
    expect(onStoreFailure.mock.lastCall?.[0]).toMatchObject({
      operation: "lease",
      error: { message: "Others have written 10 times in between" },
    });
  });

  it("has it also where the circuit has opened anew since, which nobody has told", async () => {
    const { clock, store, node } = sharedNodes();
    const [x, y] = [await node("x"), await node("y")];
    for (const each of [x, y]) await each.call(down);
    const a = await node("a", { store });
    await clock.advance(1_000);
    for (const each of [x, x, y, y]) await each.call(down);
    await clock.advance(1_000);
    expect([await a.call(up), await a.call(up)]).toEqual([false, true]);
  });

  it("has none where the circuit has opened anew before the answer came", async () => {
    const { clock, store, a } = await setup({ leaseMs: 9_000 });
    const write = store.write.bind(store);
    store.write = async (...record) => {
      const isWritten = await write(...record);
      const cell = store.written.at(-1) ?? expect.fail();
      const { revision, generation } = cell.record as SharedCircuit;
      const numbers = { revision: revision + 1, generation: generation + 1 };
      const untilMs = cell.nowMs + 200;
      store.tell({ ...cell, record: { ...(cell.record as object), ...numbers, untilMs } });
      return isWritten;
    };
    await a.call(up);
    await clock.advance(200);
    expect(await a.call(up)).toBe(false);
  });

  it("has it for no longer than since it asked, however late the answer came", async () => {
    const { clock, store, a } = await setup();
    const read = store.read.bind(store);
    store.read = async (circuit) => {
      await new Promise<void>((resolve) => clock.after(950, resolve));
      return read(circuit);
    };
    expect(await a.call(up)).toBe(false);
    await clock.advance(1_000);
    expect(await a.call(up)).toBe(false);
  });

  it("gives it back at once when its trial has said nothing", async () => {
    const { node, a } = await setup();
    const b = await node("b");
    await a.call(up);
    await a.call(notFound);
    expect([await b.call(up), await b.call(up)]).toEqual([false, true]);
  });

  it("tells of the trials that it had a place for, and of no others", async () => {
    const { clock, store, a, record, failed } = await setup({ successThreshold: 4 });
    store.mood = "fails";
    expect([await a.call(up), await a.call(up)]).toEqual([false, true]);
    store.mood = "well";
    a.breaker.isolate().release(); // It hears that the store answers again.
    await settled();
    expect([await a.call(up), await a.call(up)]).toEqual([false, true]);
    expect(await record()).toMatchObject({ kind: "open", successes: 1 });
    store.mood = "fails";
    expect([await a.call(up), await a.call(up)]).toEqual([false, true]);
    expect(failed()).toEqual(["lease", "lease"]);
    await clock.advance(2_000);
    expect(failed()).toEqual(["lease", "lease"]);
  });

  it("has found nothing out when new thresholds leave it as it is", async () => {
    const { a, record } = await setup({ successThreshold: 2 });
    await a.call(up);
    void a.breaker.execute(hang);
    a.breaker.configure({ timeout: 2_000 });
    await settled();
    expect(await record()).toMatchObject({ successes: 0, trials: [{ node: "a" }] });
  });

  it("drops it when the circuit has closed for all", async () => {
    const { clock, node, openForAll } = sharedNodes();
    const [a, b] = [await node("a"), await node("b")];
    await openForAll();
    await clock.advance(1_000);
    await a.call(up);
    expect(clock.pending).toBe(1);
    b.breaker.reset();
    await settled();
    expect(clock.pending).toBe(0);
  });

  it("begins no trial by itself because the store had failed before it joined", async () => {
    const { clock, store, node, openForAll } = sharedNodes();
    const teller = await node("teller", { store });
    await openForAll();
    teller.breaker.isolate().release();
    await settled();
    const told = store.written.at(-1) ?? expect.fail();
    store.mood = "fails";
    const late = await node("late", { store });
    store.tell(told);
    store.mood = "well";
    await clock.advance(1_000);
    expect(await late.call(up)).toBe(false); // It asks, as any other.
  });
});

describe("a node that gave a place back unused", () => {
  /** It has asked, and has let the time for its place pass. */
  async function owed(options: Partial<CircuitBreakerOptions> = {}) {
    const nodes = sharedNodes(options);
    const { clock, inner, node, openForAll } = nodes;
    const a = await node("a");
    await openForAll();
    await clock.advance(1_000);
    await a.call(up);
    await clock.advance(100);
    const record = async () => (await inner.read("db")).record as SharedCircuit;
    return { ...nodes, a, record };
  }

  it("begins its next trial at once where it sees a place, and not before", async () => {
    const { clock, node, a } = await owed();
    const dead = await node("dead");
    await dead.call(up);
    void dead.breaker.execute(hang); // Until 1,000 ms after it has asked.
    dead.sharing[Symbol.dispose]();
    await clock.advance(500);
    expect(await a.call(up)).toBe(false);
    await clock.advance(500);
    expect(await a.call(up)).toBe(true);
  });

  it("leases that place meanwhile, and tells what it has found; for another it asks", async () => {
    const { clock, a, record } = await owed({ successThreshold: 2 });
    const trial = Promise.withResolvers<void>();
    const running = a.breaker.execute(() => trial.promise);
    expect(await a.call(up)).toBe(false);
    const leased = { node: "a", untilMs: clock.epochMs() + 1_000 };
    expect(await record()).toMatchObject({ trials: [leased, leased] });
    trial.resolve();
    await running;
    await settled();
    expect(await record()).toMatchObject({ successes: 1, trials: [leased] });
  });
});

describe("callers that wait for a place", () => {
  const options = { halfOpenCallers: "wait", queueTimeoutMs: 9_000 } as const;

  /** Another node has the place, and dies. */
  async function taken() {
    const nodes = await setup(options);
    const dead = await nodes.node("dead");
    void dead.breaker.execute(hang);
    await settled();
    dead.sharing[Symbol.dispose]();
    return nodes;
  }

  it("ask again now and then, though nobody tells them", async () => {
    const { clock, store, a } = await taken();
    const { asked } = store;
    const waiting = a.breaker.execute(up);
    await clock.advance(900);
    expect(a.breaker.stats().waiting).toBe(1);
    expect(store.asked - asked).toBe(10);
    await clock.advance(100);
    await expect(waiting).resolves.toBe("pong");
    expect(clock.pending).toBe(0);
  });

  it("are let in when their node leaves the others", async () => {
    const { a } = await taken();
    const waiting = a.breaker.execute(up);
    await settled();
    a.sharing[Symbol.dispose]();
    await expect(waiting).resolves.toBe("pong");
  });

  it("set no timer while the store is asked, and may leave meanwhile", async () => {
    const { clock, store, a } = await setup(options);
    store.mood = "hangs";
    const user = new AbortController();
    const waiting = a.breaker.execute(up, user.signal);
    const end = expect(waiting).rejects.toThrow("user left");
    await settled();
    expect(clock.pending).toBe(2); // The time that it may wait, and that of the store.
    user.abort(new Error("user left"));
    await end;
    await clock.advance(1_000);
    expect(clock.pending).toBe(0);
  });
});

describe("a node that leaves the others", () => {
  it("drops the place that it has not used", async () => {
    const { clock, a } = await setup();
    await a.call(up);
    expect(clock.pending).toBe(1);
    a.sharing[Symbol.dispose]();
    expect(clock.pending).toBe(0);
  });

  it("keeps no place that it is given afterwards", async () => {
    const { clock, store, a } = await setup();
    const { asked } = store;
    void a.breaker.execute(up).catch(() => {});
    while (store.asked < asked + 2) await Promise.resolve(); // It writes.
    a.sharing[Symbol.dispose]();
    await settled();
    expect(clock.pending).toBe(0);
  });

  it("may be one that the store has never told anything", async () => {
    const { store, node } = sharedNodes();
    store.mood = "throws";
    const { sharing } = await node("a", { store });
    expect(() => sharing[Symbol.dispose]()).not.toThrow();
  });
});

describe("what is told of a circuit", () => {
  it("is none of ours where it is of another kind", async () => {
    const { store, a } = await setup();
    const cell = { version: 99, record: { kind: "ajar" }, nowMs: 0 };
    expect(() => store.tell(cell)).not.toThrow();
    expect(a.breaker.state.kind).toBe("open");
  });

  it("is no reason to ask again where it is known", async () => {
    const { store, node, a } = await setup();
    const b = await node("b", { store });
    await b.call(up);
    expect(await a.call(up)).toBe(false);
    const { asked } = store;
    store.tell(store.written.at(-1) ?? expect.fail());
    expect(await a.call(up)).toBe(false);
    expect(store.asked).toBe(asked);
  });

  it("holds nobody who has held it for himself, once he has released it", async () => {
    const { store, node } = sharedNodes();
    const a = await node("a", { store });
    const [first, second] = [a.breaker.isolate(), a.breaker.isolate()];
    await settled();
    expect(store.written).toHaveLength(1);
    first.release();
    await settled();
    expect(store.written).toHaveLength(1);
    store.mood = "fails";
    second.release();
    expect(await a.call(up)).toBe(true);
  });

  it("holds him where another holds it as well, though nobody has heard of his release", async () => {
    const { store, node } = sharedNodes();
    const [a, b] = [await node("a", { store }), await node("b")];
    b.breaker.isolate();
    await settled();
    const hold = a.breaker.isolate();
    await settled();
    store.mood = "fails";
    hold.release();
    expect(await a.call(up)).toBe(false);
  });

  it("asks no place of calls on a ramp, though nobody has heard yet that it is closed", async () => {
    const { store, a } = await setup({ rampCalls: 5 });
    await a.call(up);
    store.mood = "hangs";
    expect([await a.call(up), await a.call(up)]).toEqual([true, true]);
    expect(a.breaker.state).toMatchObject({ kind: "closed", ramp: { successes: 2 } });
  });
});

it("a sharing without a listener reports nothing when its store fails", async () => {
  const errors: unknown[] = [];
  const { store, node } = sharedNodes();
  store.mood = "throws";
  const silent = {
    onStoreFailure: undefined,
    onListenerError: (error: unknown) => errors.push(error),
  };
  await node("a", { store, ...(silent as object) });
  expect(errors).toEqual([]);
});
