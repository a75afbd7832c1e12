import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";

import { settled } from "../base/fixtures/clocks.ts";
import { Names } from "./names.ts";
import { createCallRegistry } from "./registry.ts";

setFlagsFromString("--expose-gc");
const collectNow = runInNewContext("gc") as () => void;

/** A weak reference holds what it was asked for until the turn is over, and its end is told in a later one. */
async function collect(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) {
    await settled();
    collectNow();
  }
  await settled();
}

interface Thing {
  readonly name: string;
}

/** Names with as many things as there are, in their order; nobody holds them. */
function setup(count: number) {
  const names = new Names<Thing>();
  const ask = (name: string): string => names.get(name, () => ({ name })).name;
  const askAll = (from: number): void => {
    for (let number = from; number < from + count; number += 1) ask(`user-${number}`);
  };
  const isKnown = (name: string): boolean => names.find(name) !== undefined;
  return { names, ask, askAll, isKnown };
}

describe("a name", () => {
  it("has one thing, whoever asks, and none that is not asked for", () => {
    const { names } = setup(0);
    const thing = names.get("db", (name) => ({ name }));
    expect(names.get("db", () => ({ name: "another" }))).toBe(thing);
    expect(names.find("db")).toBe(thing);
    expect(names.find("other")).toBeUndefined();
    expect(names.list()).toEqual([["db", thing]]);
  });

  it("goes when a thousand others were asked for since, and nobody holds it", async () => {
    const { names, ask, askAll, isKnown } = setup(999);
    ask("first");
    ask("second");
    ask("first"); // It is asked for again.
    askAll(0);
    await collect();
    expect([isKnown("first"), isKnown("second"), isKnown("user-0")]).toEqual([true, false, true]);
    expect(names.list()).toHaveLength(1_000);
  });

  it("stays as long as somebody holds its thing, and for good where it is pinned", async () => {
    const { names, ask, askAll, isKnown } = setup(1_000);
    const held = names.get("held", (name) => ({ name }));
    ask("pinned");
    names.pin("pinned", names.find("pinned") as Thing);
    ask("neither");
    askAll(0);
    await collect();
    expect([isKnown("held"), isKnown("pinned"), isKnown("neither")]).toEqual([true, true, false]);
    expect(names.get("held", (name) => ({ name }))).toBe(held);
  });

  it("that has come again is not taken for the one that went", async () => {
    const { names, ask, askAll, isKnown } = setup(1_000);
    ask("again");
    askAll(0);
    await settled();
    collectNow();
    const again = names.get("again", (name) => ({ name }));
    await collect();
    expect(isKnown("again")).toBe(true);
    expect(names.find("again")).toBe(again);
  });
});

it("a name that was configured keeps its settings, however many others there are", async () => {
  const registry = createCallRegistry();
  registry.configure("db", { retry: { maxAttempts: 2, initialDelayMs: 0 } });
  for (let user = 0; user < 1_000; user += 1) registry.executor(`user-${user}`);
  await collect();
  const down = Object.assign(new Error("down"), { code: "ECONNRESET" });
  const result = await registry.executor("db").execute(() => Promise.reject(down));
  expect(result.attempts).toBe(2);
});
