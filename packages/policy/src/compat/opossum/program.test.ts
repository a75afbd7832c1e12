import { describe, expect, expectTypeOf, it } from "vitest";

import { manualClock } from "../../base/fixtures/clocks.ts";
import type { BreakerEvents } from "./index.ts";
import CircuitBreaker, { CircuitBreaker as Named } from "./index.ts";

interface User {
  readonly id: string;
  readonly roles: readonly string[];
}

async function findUser(id: string, withRoles = false): Promise<User> {
  if (id === "") throw new Error("no id");
  return { id, roles: withRoles ? ["reader"] : [] };
}

/** What a program may do with breakers of all kinds. */
function healthOf(breakers: readonly CircuitBreaker[]): readonly string[] {
  return breakers.map(({ name, opened, stats }) => `${name} ${opened} ${stats.fires}`);
}

describe("a program in TypeScript", () => {
  it("finds one class under both names", () => {
    expect(Named).toBe(CircuitBreaker);
  });

  it("is told what is fired and what is answered", async () => {
    const options: CircuitBreaker.Options = { timeout: 3_000, clock: manualClock() };
    const breaker = new CircuitBreaker(findUser, options);
    expectTypeOf(breaker).toEqualTypeOf<
      CircuitBreaker<[id: string, withRoles?: boolean | undefined], User>
    >();
    expectTypeOf(breaker.fire).parameters.toEqualTypeOf<[string, (boolean | undefined)?]>();
    const user = await breaker.fire("7", true);
    expectTypeOf(user).toEqualTypeOf<User>();
    expect(user.roles).toEqual(["reader"]);
    // @ts-expect-error An id is a text.
    await breaker.fire(7);
    expectTypeOf(breaker.stats).toEqualTypeOf<CircuitBreaker.Stats>();
    expectTypeOf(breaker.toJSON().state).toEqualTypeOf<CircuitBreaker.State>();
    expectTypeOf(breaker.status).toEqualTypeOf<CircuitBreaker.Status>();
  });

  it("is told what events bring, and may listen for others", () => {
    const breaker = new CircuitBreaker(findUser);
    breaker.on("success", (user, latencyMs) => {
      expectTypeOf(user).toEqualTypeOf<User>();
      expectTypeOf(latencyMs).toEqualTypeOf<number>();
    });
    breaker.once("failure", (error, _latencyMs, [id]) => {
      expectTypeOf(error).toEqualTypeOf<Error>();
      expectTypeOf(id).toEqualTypeOf<string>();
    });
    breaker.status.on("snapshot", (stats) => {
      expectTypeOf(stats.latencyMean).toEqualTypeOf<number>();
    });
    const events: readonly string[] = ["open", "close"];
    for (const event of events) breaker.on(event, (...all: unknown[]) => all.length);
    expectTypeOf<BreakerEvents<[string], User>["halfOpen"]>().toEqualTypeOf<
      readonly [resetTimeout: number]
    >();
    breaker.shutdown();
  });

  it("puts breakers of all kinds together", async () => {
    const users = new CircuitBreaker(findUser, { name: "users" });
    const add = new CircuitBreaker((one: number, other: number) => one + other, { name: "sums" });
    const constant = new CircuitBreaker("a constant", { name: "constant" });
    expect(await add.fire(1, 2)).toBe(3);
    expect(healthOf([users, add, constant])).toEqual([
      "users false 0",
      "sums false 1",
      "constant false 0",
    ]);
  });

  it("falls back to a function of the arguments, of others, or to a breaker", async () => {
    const breaker = new CircuitBreaker(findUser, { errorThresholdPercentage: 100 });
    breaker.fallback((id, withRoles, error) => {
      expectTypeOf(id).toEqualTypeOf<string>();
      expectTypeOf(withRoles).toEqualTypeOf<boolean | undefined>();
      expectTypeOf(error).toEqualTypeOf<Error>();
    });
    const cached = (id: string): User => ({ id, roles: ["cached"] });
    breaker.fallback(cached);
    expect(await breaker.fire("")).toEqual({ id: "", roles: ["cached"] });
    breaker.fallback(new CircuitBreaker(async (id: string) => cached(id)));
    expect(await breaker.fire("")).toEqual({ id: "", roles: ["cached"] });
  });

  it("has options with the types of its action", () => {
    const options: CircuitBreaker.Options<[id: string]> = {
      cacheGetKey: (id) => id,
      errorFilter: (error, id) => error.statusCode === 404 || id === "nobody",
      cacheTransport: { get: () => undefined, set: () => {}, flush: () => {} },
    };
    const breaker = new CircuitBreaker(async (id: string) => id.length, options);
    expectTypeOf(breaker.fire("a")).toEqualTypeOf<Promise<number>>();
  });
});
