import { describe, expect, it, vi } from "vitest";

import { manualClock } from "../base/fixtures/clocks.ts";
import { type CacheOptions, CachePolicy } from "./cache-policy.ts";

const lost = new Error("the service is down");
const down = (): never => {
  throw lost;
};

function setup(options: Partial<CacheOptions> = {}) {
  const clock = manualClock();
  const onListenerError = vi.fn();
  const cache = new CachePolicy({ ttlMs: 100, clock, onListenerError, ...options });
  return { clock, key: cache.for("k"), onListenerError };
}

describe("an answer that is too old to stand in", () => {
  it("does not come back while a failure is kept", async () => {
    const { clock, key } = setup({ maxStaleMs: 50, negativeTtlMs: 1_000 });
    await key.execute(() => "first");
    await clock.advance(120);
    await expect(key.execute(down)).resolves.toBe("first");
    await clock.advance(100);
    await expect(key.execute(() => "up")).rejects.toBe(lost);
  });
});

describe("an old answer that stands in", () => {
  it("says how old it is", async () => {
    const onStale = vi.fn();
    const { clock, key } = setup({ maxStaleMs: 500, onStale });
    await clock.advance(7_000);
    await key.execute(() => "first");
    await clock.advance(150);
    await key.execute(down);
    expect(onStale.mock.calls).toEqual([[{ kind: "answered", key: "k", ageMs: 150, error: lost }]]);
  });

  it("needs nobody to hear of it", async () => {
    const { clock, key, onListenerError } = setup({ maxStaleMs: 500 });
    await key.execute(() => "first");
    await clock.advance(150);
    await key.execute(down);
    expect(onListenerError).not.toHaveBeenCalled();
  });

  it("is no longer there when one has come that is not to be kept", async () => {
    const { clock, key } = setup({ maxStaleMs: 500, keeps: (value) => value !== "none" });
    await key.execute(() => "first");
    await clock.advance(150);
    await expect(key.execute(() => "none")).resolves.toBe("none");
    await expect(key.execute(down)).rejects.toBe(lost);
  });
});

it("a cache without a key option is asked for one text, and for nothing else", () => {
  const { cache } = { cache: new CachePolicy<unknown[]>({ ttlMs: 1 } as never) };
  for (const input of [[7], ["a", "b"], []]) {
    expect(() => cache.for(...input)).toThrow(TypeError);
  }
});
