import { describe, expect, it } from "vitest";

import { settled } from "../base/fixtures/clocks.ts";
import type { CircuitCell } from "./circuit-store.ts";
import { down, up } from "./fixtures/calls.ts";
import { sharedNodes } from "./fixtures/nodes.ts";

/** So many at least, when they have been counted. */
type Three = [CircuitCell, CircuitCell, CircuitCell];

describe("a store that fails", () => {
  it.each(["fails", "hangs", "throws"] as const)(
    "lets a circuit make its own trials when it %s, and says so",
    async (mood) => {
      const { clock, store, node, onStoreFailure } = sharedNodes();
      const { breaker, call } = await node("a", { store });
      await (await node("b", { store })).call(down);
      await call(down);
      store.mood = mood;
      await clock.advance(1_000);
      await call(up); // Asks for a place.
      await clock.advance(1_000); // The store has had its time.
      expect(await call(up)).toBe(true);
      expect(breaker.state.kind).toBe("closed");
      await clock.advance(2_000);
      expect(onStoreFailure.mock.calls.map(([{ operation }]) => operation)).toEqual([
        "lease",
        "success",
      ]);
      expect(onStoreFailure.mock.calls[0]?.[0]).toMatchObject({
        breaker: "db",
        error: {
          message: mood === "hangs" ? "The store took longer than 1000 ms" : "The store is gone",
        },
      });
      expect(clock.pending).toBe(0);
    },
  );

  it("keeps a circuit open until it answers again, where it is told to deny", async () => {
    const { clock, store, node } = sharedNodes({}, { whenStoreFails: "deny" });
    const { call } = await node("a", { store });
    await (await node("b", { store })).call(down);
    await call(down);
    store.mood = "fails";
    const asked = store.asked;
    for (let second = 0; second < 5; second += 1) {
      await clock.advance(1_000);
      expect([await call(up), await call(up)]).toEqual([false, false]);
    }
    expect(store.asked - asked).toBe(5); // Once a second, and not with every call.
    store.mood = "well";
    await clock.advance(1_000);
    await call(up);
    expect(await call(up)).toBe(true);
  });

  it("does not touch a closed circuit, nor break a call", async () => {
    const { store, node, onStoreFailure } = sharedNodes();
    store.mood = "throws";
    const { breaker, call } = await node("a", { store });
    expect(await call(up)).toBe(true);
    await expect(breaker.execute(down)).rejects.toThrow("dependency is down");
    await expect(breaker.execute(up)).rejects.toThrow('Circuit "db" is open');
    await settled();
    expect(onStoreFailure.mock.calls.map(([{ operation }]) => operation)).toEqual([
      "watch",
      "look",
      "vote",
    ]);
  });

  it("is told no more than a hundred things at once", async () => {
    const { clock, store, node, onStoreFailure } = sharedNodes();
    const { breaker } = await node("a", { store });
    store.mood = "hangs";
    for (let each = 0; each < 150; each += 1) breaker.reset();
    await settled();
    expect(onStoreFailure).toHaveBeenCalledTimes(50);
    store.mood = "well";
    await clock.advance(1_000);
    expect(store.written).toHaveLength(99);
    expect(clock.pending).toBe(0);
  });

  it("that holds a record of another kind is one that holds none", async () => {
    const { inner, node } = sharedNodes({}, { quorum: 1 });
    await inner.write("db", 0, { kind: "ajar", revision: 9e15, generation: 9e15 }, 1_000);
    const [a, b] = [await node("a"), await node("b")];
    await a.call(down);
    expect(b.breaker.state.kind).toBe("open");
  });

  it("that lost what it held begins with numbers that nobody has seen", async () => {
    const { clock, node } = sharedNodes({}, { quorum: 1 });
    const [a, b] = [await node("a"), await node("b")];
    await a.call(down);
    await clock.advance(86_400_000);
    await b.call(up);
    expect(await b.call(up)).toBe(true);
    await a.call(down);
    expect(b.breaker.state.kind).toBe("open");
  });
});

describe("a store that tells what it holds as soon as it is watched", () => {
  it("is heard when the circuit is there: an isolation holds, an opening is told", async () => {
    const { store, node, openForAll, onTransition } = sharedNodes();
    const teller = await node("teller", { store });
    await openForAll();
    teller.breaker.isolate();
    await settled();
    store.replayed = store.written.at(-1);
    store.mood = "fails";
    onTransition.mockClear();
    const joining = node("late", { store });
    expect(onTransition).not.toHaveBeenCalled();
    const { breaker } = await joining;
    expect(onTransition).toHaveBeenCalledOnce();
    expect(breaker.stats()).toMatchObject({ state: "open", isolated: true });
  });

  it("lets no call past that was isolated before", async () => {
    const { store, node } = sharedNodes();
    const teller = await node("teller", { store });
    teller.breaker.isolate();
    await settled();
    store.replayed = store.written.at(-1);
    store.mood = "fails";
    const late = await node("late", { store });
    expect(await late.call(up)).toBe(false);
  });
});

describe("what is told late, twice or in another order", () => {
  it("moves nothing", async () => {
    const { clock, store, node } = sharedNodes({}, { quorum: 1 });
    const [teller, hearer] = [await node("teller", { store }), await node("hearer", { store })];
    await teller.call(down);
    await clock.advance(1_000);
    await teller.call(up);
    await teller.call(up);
    expect(store.written).toHaveLength(3);
    const [opening, , closing] = store.written as Three;
    store.tell(closing);
    store.tell(opening);
    store.tell({ ...opening, version: 99 });
    expect(hearer.breaker.state.kind).toBe("closed");
    expect(hearer.breaker.stats().opened).toBe(0);
  });

  it("does not close a circuit again that has opened since", async () => {
    const { clock, store, node } = sharedNodes({}, { quorum: 1 });
    const [teller, hearer] = [await node("teller", { store }), await node("hearer", { store })];
    await teller.call(down);
    await clock.advance(1_000);
    await teller.call(up);
    await teller.call(up);
    await teller.call(down);
    expect(store.written).toHaveLength(4);
    const [, , closing] = store.written as Three;
    for (const cell of store.written) store.tell(cell);
    store.tell(closing);
    expect(hearer.breaker.state.kind).toBe("open");
  });

  it("does not hold a circuit that was released since", async () => {
    const { store, node } = sharedNodes();
    const [teller, hearer] = [await node("teller", { store }), await node("hearer", { store })];
    teller.breaker.isolate().release();
    await settled();
    expect(store.written).toHaveLength(2);
    const [held, released] = store.written as [CircuitCell, CircuitCell];
    store.tell(released);
    store.tell(held);
    expect(hearer.breaker.stats().isolated).toBe(false);
  });

  it("and was lost is learnt with the next question", async () => {
    const { clock, store, node } = sharedNodes({}, { quorum: 1 });
    const [a, b] = [await node("a", { store }), await node("b", { store })];
    await a.call(down);
    for (const cell of store.written) store.tell(cell);
    await clock.advance(1_000);
    await a.call(up);
    await a.call(up); // Closes it, and nobody tells b.
    expect(b.breaker.state.kind).toBe("open");
    await b.call(up);
    expect(b.breaker.state.kind).toBe("closed");
  });
});
