import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { MemoryStore } from "./cache-store.ts";

const entry = (value: unknown) => ({ answer: { value, storedMs: 0 } });
const sizeOf = (value: unknown): number => value as number;

describe("the memory of a cache", () => {
  it("throws out what was least lately used", () => {
    const store = new MemoryStore({ maxEntries: 2, maxBytes: Infinity, sizeOf: undefined });
    store.set("a", entry(1));
    store.set("b", entry(2));
    store.get("a");
    store.set("c", entry(3));
    expect(["a", "b", "c"].map((key) => store.get(key)?.answer?.value)).toEqual([1, undefined, 3]);
    expect(store.stats).toEqual({ entries: 2, bytes: 0, evicted: 1 });
  });

  it("keeps nothing that is larger than all its room, and not what that replaced", () => {
    const store = new MemoryStore({ maxEntries: 9, maxBytes: 10, sizeOf });
    store.set("small", entry(2));
    store.set("big", entry(10));
    expect(store.stats).toEqual({ entries: 1, bytes: 10, evicted: 1 });
    store.set("small", entry(3));
    store.set("small", entry(11));
    expect(store.get("small")).toBeUndefined();
    expect(store.stats).toMatchObject({ entries: 0, bytes: 0 });
  });

  it("weighs no failure, and refuses sizes that are none", () => {
    const store = new MemoryStore({ maxEntries: 9, maxBytes: 10, sizeOf });
    store.set("down", { failure: { thrown: 1, failedMs: 0 } });
    expect(store.stats.bytes).toBe(0);
    expect(() => store.set("odd", entry(Number.NaN))).toThrow(/^sizeOf must say/);
    expect(store.get("odd")).toBeUndefined();
  });

  it("is what a list in the order of use would be, in any history", () => {
    const step = fc.record({
      action: fc.oneof(
        { weight: 10, arbitrary: fc.constantFrom("set", "get", "get") },
        { weight: 1, arbitrary: fc.constantFrom("delete", "clear") },
      ),
      key: fc.constantFrom("a", "b", "c", "d", "e"),
      bytes: fc.integer({ min: 0, max: 8 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150, size: "max" }), (steps) => {
        const store = new MemoryStore({ maxEntries: 3, maxBytes: 12, sizeOf });
        let used: { readonly key: string; readonly bytes: number }[] = [];
        const sum = () => used.reduce((all, { bytes }) => all + bytes, 0);
        for (const { action, key, bytes } of steps) {
          const found = used.find((each) => each.key === key);
          if (action === "get") {
            expect(store.get(key)?.answer?.value).toBe(found?.bytes);
            if (found) used = [...used.filter((each) => each !== found), found];
          } else if (action === "set") {
            store.set(key, entry(bytes));
            used = [...used.filter((each) => each !== found), { key, bytes }];
            while (used.length > 3 || sum() > 12) used.shift();
          } else if (action === "delete") {
            store.delete(key);
            used = used.filter((each) => each !== found);
          } else {
            store.clear();
            used = [];
          }
          expect(store.stats).toMatchObject({ entries: used.length, bytes: sum() });
        }
      }),
    );
  });
});
