import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { manualClock } from "../base/fixtures/clocks.ts";
import { type Random, RejectedError, seededRandom } from "../base/index.ts";
import { AdaptiveThrottle, type AdaptiveThrottleOptions } from "./adaptive-throttle.ts";
import { refusalChance } from "./throttle-state.ts";

const slotMs = 5_000;
const rules = { multiplier: 2, minRequests: 5 };
const overloaded = { status: 503 };

function setup(options: Partial<AdaptiveThrottleOptions> = {}) {
  const clock = manualClock();
  const throttle = new AdaptiveThrottle({ name: "search", clock, ...rules, ...options });
  const make = (result: unknown) =>
    throttle
      .execute(() => (result === "pong" ? "pong" : Promise.reject(result)))
      .then(
        () => "answered",
        (error) => (error instanceof RejectedError ? "refused" : "failed"),
      );
  return { clock, throttle, make };
}

describe("the chance of a refusal", () => {
  it.each([
    { requests: 4, accepts: 0, chance: 0 },
    { requests: 10, accepts: 5, chance: 0 },
    { requests: 9, accepts: 2, chance: 0.5 },
    { requests: 99, accepts: 0, chance: 0.99 },
  ])("is $chance with $accepts of $requests accepted", ({ chance, ...tally }) => {
    expect(refusalChance(tally, rules)).toBe(chance);
  });
});

describe("a throttle, in any history", () => {
  const step = fc.record({
    result: fc.constantFrom<unknown>("pong", overloaded, overloaded, new TypeError("ours")),
    slots: fc.constantFrom(0, 0, 0, 0, 0, 1, 7, 30),
  });

  it("refuses by the rule over what the window holds", async () => {
    const arrows = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 120, size: "max" }),
        fc.integer(),
        async (steps, seed) => {
          const chance = seededRandom(seed);
          const { clock, throttle, make } = setup({ random: seededRandom(seed) });
          const ended: { readonly slot: number; readonly isAccepted: boolean }[] = [];
          let state = "admitting";
          let slot = 0;
          for (const { result, slots } of steps) {
            slot += slots;
            await clock.advance(slots * slotMs);
            const held = ended.filter((each) => each.slot > slot - 24);
            const accepts = held.filter(({ isAccepted }) => isAccepted).length;
            const expected = refusalChance({ requests: held.length, accepts }, rules);
            const isRefused = expected > 0 && chance.next() < expected;
            expect(throttle.stats()).toMatchObject({ requests: held.length, accepts });
            const next = throttle.stats().state;
            if (next !== state) arrows.add(`${state} > ${next}`);
            state = next;
            const outcome = await make(result);
            expect(outcome === "refused").toBe(isRefused);
            ended.push({ slot, isAccepted: !isRefused && result !== overloaded });
          }
        },
      ),
      { numRuns: 60 },
    );
    // A property that never got there proves nothing: these are the arrows of the drawing.
    expect([...arrows].sort()).toEqual(["admitting > throttling", "throttling > admitting"]);
  });
});

describe("a throttle before a server that is down", () => {
  const never: Random = { next: () => 0.999_999, uuid: () => "" };

  it("lets ever fewer calls through, and twice as many each window when it is well again", async () => {
    const { clock, throttle, make } = setup({ random: seededRandom("down"), windowMs: 30_000 });
    let reached = 0;
    for (let call = 0; call < 600; call += 1) {
      await clock.advance(100);
      if ((await make(overloaded)) === "failed") reached += 1;
    }
    expect(reached).toBeLessThan(60);
    expect(throttle.stats().refusalChance).toBeGreaterThan(0.9);
    const shares: number[] = [];
    for (let window = 0; window < 8; window += 1) {
      let answered = 0;
      for (let call = 0; call < 300; call += 1) {
        await clock.advance(100);
        if ((await make("pong")) === "answered") answered += 1;
      }
      shares.push(answered / 300);
    }
    expect(shares.toSorted((one, other) => one - other)).toEqual(shares);
    expect(shares.at(-1)).toBe(1);
    expect(throttle.stats()).toMatchObject({ state: "admitting", refusalChance: 0 });
  });

  it("says why it refuses", async () => {
    const always: Random = { next: () => 0, uuid: () => "" };
    const { throttle, make } = setup({ random: always });
    for (let call = 0; call < 5; call += 1) await make(overloaded);
    await expect(throttle.execute(() => "pong")).rejects.toMatchObject({
      code: "KINTSUGI_LOAD_SHED",
      message: '"search" spares what it calls',
      reason: "throttle",
    });
    expect(throttle.stats().rejected).toBe(1);
  });

  it.each([undefined, false, true])(
    "shows who called where captureStack is %s",
    async (captureStack) => {
      const always: Random = { next: () => 0, uuid: () => "" };
      const { throttle, make } = setup({
        random: always,
        ...(captureStack !== undefined && { captureStack }),
      });
      for (let call = 0; call < 5; call += 1) await make(overloaded);
      const refused = await throttle.execute(() => "pong").catch((error: Error) => error);
      expect((refused as Error).stack?.includes("throttle-state.test.ts")).toBe(
        captureStack === true,
      );
    },
  );

  it("counts a long call when it ends, not when it began", async () => {
    const { clock, throttle } = setup({ windowMs: 24_000 });
    const { promise, resolve } = Promise.withResolvers<string>();
    const running = throttle.execute(() => promise);
    await clock.advance(20_000);
    resolve("pong");
    await running;
    await clock.advance(20_000);
    expect(throttle.stats()).toMatchObject({ requests: 1, accepts: 1 });
    await clock.advance(4_000);
    expect(throttle.stats()).toMatchObject({ requests: 0, accepts: 0 });
  });

  it("counts no call that still runs, nor one that a policy inside refused", async () => {
    const { throttle, make } = setup({ random: never });
    for (let call = 0; call < 20; call += 1) void throttle.execute(() => new Promise(() => {}));
    const inner = setup();
    for (let call = 0; call < 6; call += 1) await inner.make(overloaded);
    await make(
      Object.assign(
        new (class extends RejectedError {
          readonly code = "KINTSUGI_TEST";
        })("no", 0),
      ),
    );
    expect(throttle.stats()).toMatchObject({ requests: 0, state: "admitting" });
  });
});

it.each([
  [{ multiplier: 0.5 }, "multiplier must be a number from 1 to 100, got 0.5"],
  [{ windowMs: 0 }, "windowMs must be a whole number of at least 1, got 0"],
  [{ minRequests: -1 }, "minRequests must be a whole number of at least 0, got -1"],
])("a throttle is refused when it is made: %j", (options, message) => {
  expect(() => setup(options)).toThrow(new RangeError(message));
});
