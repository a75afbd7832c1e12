import { describe, expect, it, vi } from "vitest";

import { manualClock, settled } from "../base/fixtures/clocks.ts";
import { circuitStoreConformance } from "../testing/index.ts";
import { MemoryCircuitStore } from "./circuit-store.ts";

circuitStoreConformance({
  name: "the store in memory",
  describe,
  it,
  async open(nodes, clock) {
    const store = new MemoryCircuitStore({ clock });
    return { stores: Array(nodes).fill(store), settled, dispose: async () => {} };
  },
});

describe("the memory of circuits", () => {
  it("forgets what nobody has asked it to keep any longer", async () => {
    const clock = manualClock();
    const store = new MemoryCircuitStore({ clock });
    await store.write("db", 0, { n: 1 }, 1_000);
    await clock.advance(1_000);
    expect(await store.read("db")).toMatchObject({ version: 0, record: undefined });
    expect(await store.write("db", 0, { n: 2 }, 1_000)).toBe(true);
  });

  it("tells those who still watch when another has left, also where that one leaves twice", async () => {
    const store = new MemoryCircuitStore({ clock: manualClock() });
    const [first, second, third] = [vi.fn(), vi.fn(), vi.fn()];
    const leave = store.watch("db", first);
    const leaveToo = store.watch("db", second);
    leave();
    await store.write("db", 0, { n: 1 }, 1_000);
    expect([first.mock.calls.length, second.mock.calls.length]).toEqual([0, 1]);
    leaveToo();
    store.watch("db", third);
    leave();
    await store.write("db", 1, { n: 2 }, 1_000);
    expect([second.mock.calls.length, third.mock.calls.length]).toEqual([1, 1]);
  });

  it("holds ten thousand circuits, and forgets the first for one more", async () => {
    const store = new MemoryCircuitStore({ clock: manualClock() });
    for (let name = 0; name <= 10_000; name += 1) await store.write(`${name}`, 0, { name }, 1_000);
    const [first, second] = [await store.read("0"), await store.read("1")];
    expect([first.record, second.record]).toEqual([undefined, { name: 1 }]);
  });
});
