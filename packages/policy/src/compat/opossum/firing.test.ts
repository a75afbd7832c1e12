import { describe, expect, it, vi } from "vitest";

import { manualClock, settled } from "../../base/fixtures/clocks.ts";
import { CircuitBreaker } from "./breaker.ts";
import { codeOf, endOf, fired } from "./fixtures/fired.ts";

describe("an action that is fired", () => {
  it("is given the arguments, and its answer is the answer", async () => {
    const join = vi.fn(async (first: string, second: number) => `${first}${second}`);
    const breaker = new CircuitBreaker(join);
    expect(await breaker.fire("a", 1)).toBe("a1");
    expect(join).toHaveBeenCalledExactlyOnceWith("a", 1);
    expect(breaker.action).toBe(join);
  });

  it("has itself for `this`, or what `call` names, also where the breaker is disabled", async () => {
    async function whose(this: { readonly owner?: string }, prefix = ""): Promise<string> {
      return prefix + this.owner;
    }
    whose.owner = "itself";
    const breaker = new CircuitBreaker(whose);
    expect(await breaker.fire()).toBe("itself");
    expect(await breaker.call({ owner: "somebody" }, "of ")).toBe("of somebody");
    breaker.disable();
    expect(await breaker.call({ owner: "somebody" })).toBe("somebody");
  });

  it.each([
    ["a value", () => "plain", "plain"],
    [
      "a thenable",
      // biome-ignore lint/suspicious/noThenProperty: it is a thenable that is wanted.
      () => ({ then: (done: (value: string) => void) => done("thenable") }),
      "thenable",
    ],
    ["nothing (the peer throws a TypeError)", () => undefined, undefined],
    ["null", () => null, null],
  ])("may return %s", async (_, action, answer) => {
    const breaker = new CircuitBreaker<[], unknown>(action);
    expect(await breaker.fire()).toBe(answer);
    breaker.disable();
    expect(await breaker.fire()).toBe(answer);
  });

  it("may be a value, which is then always the answer", async () => {
    expect(await new CircuitBreaker("a constant").fire()).toBe("a constant");
    expect(await new CircuitBreaker({ id: 7 }).fire()).toEqual({ id: 7 });
  });

  it.each([undefined, null, "", 0])("may not be %o", (action) => {
    expect(() => new CircuitBreaker(action)).toThrow(
      new TypeError(`action must be a function or a value, got ${action}`),
    );
  });

  it("begins before `fire` returns, and nobody hears of its end before that", async () => {
    const { breaker, begun, told } = fired();
    const end = breaker.fire(1);
    expect(begun).toEqual([1]);
    expect(told).toEqual(["fire"]);
    expect(await end).toBe(1);
  });

  it("fails with what it threw, at once or later, and that is no error of the breaker", async () => {
    const wrong = new Error("wrong");
    const actions = [
      () => {
        throw wrong;
      },
      async () => Promise.reject(wrong),
    ];
    for (const action of actions) {
      const breaker = new CircuitBreaker<[], never>(action);
      const end = await endOf(breaker.fire());
      expect(end).toBe(wrong);
      expect(CircuitBreaker.isOurError(end)).toBe(false);
      expect(breaker.stats).toMatchObject({ failures: 1, fires: 1, successes: 0 });
      breaker.disable();
      expect(await endOf(breaker.fire())).toBe(wrong);
    }
  });

  it("may throw what is no error", async () => {
    const breaker = new CircuitBreaker(() => Promise.reject("a word"));
    expect(await endOf(breaker.fire())).toBe("a word");
    expect(CircuitBreaker.isOurError("a word")).toBe(false);
    expect(CircuitBreaker.isOurError(undefined)).toBe(false);
  });

  it("may be another one from the next call on", async () => {
    const breaker = new CircuitBreaker(async () => "old");
    breaker.action = async () => "new";
    expect(await breaker.fire()).toBe("new");
  });

  it("may fire its own breaker", async () => {
    const breaker: CircuitBreaker<[number], number> = new CircuitBreaker(
      async (left: number): Promise<number> =>
        left === 0 ? 0 : 1 + (await breaker.fire(left - 1)),
    );
    expect(await breaker.fire(3)).toBe(3);
    expect(breaker.stats.successes).toBe(4);
    expect(breaker.semaphore.count).toBe(Number.MAX_SAFE_INTEGER);
  });
});

describe("what a breaker tells of a call", () => {
  it("is its arguments, its end, and how long it took", async () => {
    const { fire, brought } = fired({ errorThresholdPercentage: 99, volumeThreshold: 9 });
    await fire(3, 70);
    const wrong = await fire(-1, 30);
    expect(brought("fire")).toEqual([[[3, 70]], [[-1, 30]]]);
    expect(brought("success")).toEqual([[3, 70]]);
    expect(brought("failure")).toEqual([[wrong, 30, [-1, 30]]]);
  });

  it("comes in the order in which it happens: the failure, then what follows from it", async () => {
    const one = fired();
    one.breaker.fallback(() => "instead");
    expect(await one.fire(-1)).toBe("instead");
    expect(await one.fire(1)).toBe("instead");
    expect(one.told).toEqual(["fire", "failure", "open", "fallback", "fire", "reject", "fallback"]);
  });

  it("is counted before it is told", async () => {
    const { breaker, fire } = fired();
    const seen: number[] = [];
    breaker.on("fire", () => seen.push(breaker.stats.fires));
    breaker.on("failure", () => seen.push(breaker.stats.failures));
    breaker.on("reject", () => seen.push(breaker.stats.rejects));
    await fire(-1);
    await fire(-1);
    expect(seen).toEqual([1, 1, 2, 1]);
  });

  it("reaches the other listeners, and the call goes on, where a listener throws", async () => {
    const thrown = new Error("in a listener");
    const reported: unknown[] = [];
    const { breaker, fire, told } = fired({ onListenerError: (error) => reported.push(error) });
    for (const event of ["fire", "success"] as const) {
      breaker.prependListener(event, () => {
        throw thrown;
      });
    }
    expect(await fire(5)).toBe(5);
    expect(told).toEqual(["fire", "success"]);
    expect(reported).toEqual([thrown, thrown]);
  });
});

describe("a fallback", () => {
  it("answers for a call that fails, with its arguments and the error", async () => {
    const { breaker, fire, brought } = fired();
    const answer = vi.fn((..._: unknown[]) => 42);
    expect(breaker.fallback(answer)).toBe(breaker);
    expect(await fire(-1)).toBe(42);
    const [error] = brought("failure")[0] ?? [];
    expect(answer).toHaveBeenCalledExactlyOnceWith(-1, 0, error);
    expect(brought("fallback")).toEqual([[42, error]]);
    expect(breaker.stats).toMatchObject({ failures: 1, fallbacks: 1 });
  });

  it("is not asked for a call that succeeds", async () => {
    const { breaker, fire } = fired();
    const answer = vi.fn();
    breaker.fallback(answer);
    expect(await fire(1)).toBe(1);
    expect(answer).not.toHaveBeenCalled();
  });

  it("answers for a call that is refused, before `fire` returns", async () => {
    const { breaker, fire, begun } = fired();
    await fire(-1);
    const errors: unknown[] = [];
    breaker.fallback((...args) => {
      errors.push(args.at(-1));
      return "instead";
    });
    const end = breaker.fire(1);
    expect(errors.map(codeOf)).toEqual(["EOPENBREAKER"]);
    expect(await end).toBe("instead");
    expect(begun).toEqual([-1]);
  });

  it("is asked once where the action fails after its time was up", async () => {
    const { breaker, clock } = fired({ timeout: 50 });
    const answer = vi.fn(() => "late");
    breaker.fallback(answer);
    const end = breaker.fire(-1, 80);
    await clock.advance(100);
    expect(await end).toBe("late");
    expect(answer).toHaveBeenCalledOnce();
  });

  it.each([
    ["rejects", async () => Promise.reject(new Error("nor this"))],
    [
      "throws",
      () => {
        throw new Error("nor this");
      },
    ],
  ])("that %s is how the call ends", async (_, answer) => {
    const { breaker, fire } = fired();
    breaker.fallback(answer);
    expect(await fire(-1)).toEqual(new Error("nor this"));
  });

  it("that rejects is told as the promise that it is", async () => {
    const { breaker, fire, brought } = fired();
    breaker.fallback(() => Promise.reject(new Error("nor this")));
    await fire(-1);
    const [promise] = brought("fallback")[0] ?? [];
    await expect(promise).rejects.toThrow("nor this");
  });

  it("may be another breaker, which is given the arguments and the error", async () => {
    const { breaker, fire } = fired();
    const second = new CircuitBreaker(async (...args: unknown[]) => args.length, {
      clock: manualClock(),
    });
    breaker.fallback(second);
    expect(await fire(-1)).toBe(3);
    expect(second.stats.fires).toBe(1);
  });

  it("that is a breaker fails with the error of that one", async () => {
    const { breaker, fire } = fired();
    breaker.fallback(new CircuitBreaker(async () => Promise.reject(new Error("the second too"))));
    expect(await fire(-1)).toEqual(new Error("the second too"));
  });

  it("lets the circuit close again all the same", async () => {
    const { breaker, fire, clock } = fired({ resetTimeout: 100 });
    breaker.fallback(() => 0);
    expect(await fire(-1)).toBe(0);
    await clock.advance(100);
    expect(await fire(7)).toBe(7);
    expect(breaker.closed).toBe(true);
  });
});

describe("errors of a breaker", () => {
  it("are known by their code, and by the class", async () => {
    const { breaker, fire } = fired();
    await fire(-1);
    const open = await fire(1);
    breaker.shutdown();
    const shut = await fire(1);
    expect([open, shut].map(codeOf)).toEqual(["EOPENBREAKER", "ESHUTDOWN"]);
    expect([open, shut].map(CircuitBreaker.isOurError)).toEqual([true, true]);
    expect([open, shut].map(String)).toEqual([
      "Error: Breaker is open",
      "Error: The circuit has been shutdown.",
    ]);
  });

  it.each([
    [undefined, false],
    [true, true],
  ])("carry a stack only where it is asked for: %s", async (captureStack, hasFrames) => {
    const { breaker, fire } = fired({ captureStack });
    await fire(-1);
    const open = (await fire(1)) as Error;
    breaker.shutdown();
    const shut = (await fire(1)) as Error;
    expect([open, shut].map(({ stack = "" }) => stack.includes("\n"))).toEqual([
      hasFrames,
      hasFrames,
    ]);
  });

  it("leave no rejection behind that nobody handles", async () => {
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    const { breaker, clock } = fired({ timeout: 10 });
    const end = endOf(breaker.fire(-1, 20)); // It fails when nobody waits any more.
    await clock.advance(30);
    await endOf(breaker.fire(1));
    await settled();
    process.off("unhandledRejection", unhandled);
    expect(codeOf(await end)).toBe("ETIMEDOUT");
    expect(unhandled).not.toHaveBeenCalled();
  });
});
