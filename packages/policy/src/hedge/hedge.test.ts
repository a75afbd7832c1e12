import { getEventListeners } from "node:events";
import { describe, expect, it, vi } from "vitest";

import { manualClock } from "../base/fixtures/clocks.ts";
import { firstAttempt, RejectedError } from "../base/index.ts";
import { stage } from "./fixtures/stage.ts";
import { Hedge, type HedgeOptions } from "./hedge.ts";
import { HedgeBudget } from "./hedge-budget.ts";
import { HedgeLostError } from "./hedge-race.ts";

const left = new Error("user left");

class Full extends RejectedError {
  readonly code = "KINTSUGI_FULL";
}

function setup(options: HedgeOptions = {}) {
  const clock = manualClock();
  const onHedge = vi.fn();
  const hedge = new Hedge({ delayMs: 100, onHedge, clock, ...options });
  const told = () => onHedge.mock.calls.map(([event]) => event);
  return { clock, hedge, told, ...stage() };
}

describe("a call that is quick", () => {
  it("is made once, and leaves no timer", async () => {
    const { hedge, clock, told } = setup();
    await expect(hedge.execute(() => "pong")).resolves.toBe("pong");
    await clock.advance(1);
    expect(clock.pending).toBe(0);
    expect(told()).toEqual([]);
    expect(hedge.stats()).toMatchObject({ calls: 1, hedges: 0, won: 0, failed: 0 });
  });

  it("is not made again when it fails: that is a retry's work", async () => {
    const { hedge, clock, told } = setup();
    const call = vi.fn(() => {
      throw left;
    });
    await expect(hedge.execute(call)).rejects.toBe(left);
    await clock.advance(1_000);
    expect(call).toHaveBeenCalledTimes(1);
    expect(clock.pending).toBe(0);
    expect(hedge.stats()).toMatchObject({ calls: 1, failed: 1 });
    expect(told()).toEqual([]);
  });
});

describe("work that goes on after a hedged call", () => {
  it("is known of, all of it, to whoever counts what runs when the caller leaves", async () => {
    const { hedge, clock, call, at } = setup();
    const controller = new AbortController();
    const outer = firstAttempt(controller.signal);
    const end = hedge.within(call, outer).catch((reason) => reason);
    await clock.advance(100);
    controller.abort(left);
    expect(await end).toBe(left);
    let isOver = false;
    void outer.zombie?.then(() => {
      isOver = true;
    });
    at(0).resolve("late");
    await clock.advance(0);
    expect(isOver).toBe(false);
    at(1).reject(left);
    await clock.advance(0);
    expect(isOver).toBe(true);
  });

  it("is that of the losers alone, when one of three has won", async () => {
    const { hedge, clock, call, at } = setup({ maxHedges: 2 });
    const outer = firstAttempt(undefined);
    const end = hedge.within(call, outer);
    await clock.advance(200);
    at(1).resolve("second");
    await expect(end).resolves.toBe("second");
    const ended: number[] = [];
    void outer.zombie?.then(() => ended.push(clock.monotonicMs()));
    at(2).resolve("third");
    await clock.advance(5);
    expect(ended).toEqual([]);
    at(0).resolve("first");
    await clock.advance(5);
    expect(ended).toEqual([205]);
    expect(hedge.stats()).toMatchObject({ hedges: 2, won: 1, refused: 0 });
  });
});

describe("a call that is slow", () => {
  it("is made once more beside itself; the first success counts, the other is cut short", async () => {
    const { hedge, clock, call, at, attempts, told } = setup();
    const running = hedge.execute(call);
    await clock.advance(99);
    expect(attempts).toHaveLength(1);
    await clock.advance(1);
    at(1).resolve("second");
    await expect(running).resolves.toBe("second");
    expect(at(0).context.signal.reason).toBeInstanceOf(HedgeLostError);
    expect(at(0).context.signal.reason).toMatchObject({ code: "KINTSUGI_HEDGE_LOST", attempt: 1 });
    expect(at(1).context.signal.aborted).toBe(false);
    expect(attempts.map(({ context }) => context.attempt)).toEqual([1, 2]);
    expect(told()).toEqual([
      { kind: "started", attempt: 2 },
      { kind: "won", attempt: 2 },
    ]);
    expect(clock.pending).toBe(0);
  });

  it("may be answered by the first attempt after all", async () => {
    const { hedge, clock, call, at } = setup({ maxHedges: 2 });
    const running = hedge.execute(call);
    await clock.advance(200);
    at(0).resolve("first");
    await expect(running).resolves.toBe("first");
    expect([1, 2].map((index) => at(index).context.signal.reason.attempt)).toEqual([2, 3]);
    expect(hedge.stats()).toMatchObject({ hedges: 2, won: 0 });
  });

  it("is made no more often than agreed", async () => {
    const { hedge, clock, call, attempts, at } = setup({ maxHedges: 2 });
    const running = hedge.execute(call);
    await clock.advance(10_000);
    expect(attempts).toHaveLength(3);
    at(2).resolve("third");
    await expect(running).resolves.toBe("third");
  });

  it("lets nobody hear of a loser that fails later", async () => {
    const { hedge, clock, call, at, told } = setup();
    const running = hedge.execute(call);
    await clock.advance(100);
    at(1).resolve("second");
    await running;
    at(0).reject(new Error("too late to matter"));
    await clock.advance(0); // An unhandled rejection would fail the test run here.
    expect(told().map(({ kind }) => kind)).toEqual(["started", "won"]);
  });

  it("tells who counts what runs of the losers, until they have ended", async () => {
    const { hedge, clock, call, at } = setup();
    const outer = firstAttempt(undefined);
    const running = hedge.within(call, outer);
    await clock.advance(100);
    at(1).resolve("second");
    await running;
    const ended = vi.fn();
    void outer.zombie?.then(ended);
    await clock.advance(0);
    expect(ended).not.toHaveBeenCalled();
    at(0).reject(new Error("cut short"));
    await clock.advance(0);
    expect(ended).toHaveBeenCalled();
    const quick = firstAttempt(undefined);
    await hedge.within(() => "first", quick);
    expect(quick.zombie).toBeUndefined();
  });

  it("has the number of the outer attempt, and counts on from it", async () => {
    const { hedge, clock, call, at, attempts } = setup();
    const { signal } = new AbortController();
    const running = hedge.within(call, { attempt: 3, signal });
    await clock.advance(100);
    at(0).resolve("first");
    await running;
    expect(attempts.map(({ context }) => context.attempt)).toEqual([3, 4]);
  });

  it("waits for nothing with a delay of 0", async () => {
    const { hedge, clock, call, at, attempts } = setup({ delayMs: 0 });
    const running = hedge.execute(call);
    await clock.advance(0);
    expect(attempts).toHaveLength(2);
    at(1).resolve("second");
    await expect(running).resolves.toBe("second");
  });
});

describe("attempts that fail", () => {
  it("leave the others at work", async () => {
    const { hedge, clock, call, at, told } = setup();
    const running = hedge.execute(call);
    await clock.advance(100);
    const down = new Error("down");
    at(0).reject(down);
    await clock.advance(0);
    at(1).resolve("second");
    await expect(running).resolves.toBe("second");
    expect(told()[1]).toEqual({ kind: "failed", attempt: 1, error: down });
  });

  it("throw what the first threw when all have failed, whoever failed first", async () => {
    const { hedge, clock, call, at } = setup();
    const outer = firstAttempt(undefined);
    const running = hedge.within(call, outer);
    const failure = expect(running).rejects.toBe(left);
    await clock.advance(100);
    at(1).reject(new Error("second"));
    await clock.advance(0);
    at(0).reject(left);
    await failure;
    expect(hedge.stats()).toMatchObject({ failed: 1, won: 0 });
    expect(outer.zombie).toBeUndefined();
  });

  it("end the call at once where the others must fail too", async () => {
    const { hedge, clock, call, at } = setup();
    const running = hedge.execute(call);
    const denied = Object.assign(new Error("denied"), { status: 401 });
    const failure = expect(running).rejects.toBe(denied);
    await clock.advance(100);
    at(1).reject(denied);
    await failure;
    expect(at(0).context.signal.reason).toBeInstanceOf(HedgeLostError);
  });

  it("do not end it where one was only refused", async () => {
    const { hedge, clock, call, at } = setup();
    const running = hedge.execute(call);
    await clock.advance(100);
    at(1).reject(new Full("The bulkhead is full", 10));
    await clock.advance(0);
    at(0).resolve("first");
    await expect(running).resolves.toBe("first");
  });
});

describe("one who listens to a hedge", () => {
  const broken = new Error("the listener is broken");

  it("cannot break it", async () => {
    const onListenerError = vi.fn();
    const onHedge = () => {
      throw broken;
    };
    const { hedge, clock, call, at } = setup({ onHedge, onListenerError });
    const running = hedge.execute(call);
    await clock.advance(100);
    at(1).resolve("second");
    await expect(running).resolves.toBe("second");
    expect(onListenerError.mock.calls).toEqual([[broken], [broken]]);
  });

  it("may be nobody", async () => {
    const onListenerError = vi.fn();
    const { clock, call, at } = setup();
    const running = new Hedge({ delayMs: 100, onListenerError, clock }).execute(call);
    await clock.advance(100);
    at(1).resolve("second");
    await running;
    expect(onListenerError).not.toHaveBeenCalled();
  });
});

describe("calls that run at once", () => {
  it("have one timer for all of them", async () => {
    const { hedge, clock, call, at } = setup();
    const runs = [hedge.execute(call), hedge.execute(call), hedge.execute(call)];
    expect(clock.pending).toBe(1);
    for (const place of [0, 1, 2]) at(place).resolve("done");
    await Promise.all(runs);
  });

  it("have none where no hedge will start", async () => {
    const { clock, call, at } = setup();
    const hedge = new Hedge({ percentile: 0.9, clock });
    const running = hedge.execute(call);
    expect(clock.pending).toBe(0);
    at(0).resolve("done");
    await running;
  });
});

describe("a caller that leaves", () => {
  it("ends the wait and all attempts at once, with its reason", async () => {
    const { hedge, clock, call, at } = setup();
    const controller = new AbortController();
    const running = hedge.execute(call, controller.signal);
    await clock.advance(100);
    controller.abort(left);
    await expect(running).rejects.toBe(left);
    expect([0, 1].map((index) => at(index).context.signal.reason)).toEqual([left, left]);
    expect(clock.pending).toBe(0);
    expect(hedge.stats()).toMatchObject({ left: 1, failed: 0 });
  });

  it("before the start makes no call", async () => {
    const { hedge, call, attempts } = setup();
    await expect(hedge.execute(call, AbortSignal.abort(left))).rejects.toBe(left);
    expect(attempts).toEqual([]);
  });

  it("after the end is not heard, and no listener is left", async () => {
    const { hedge, call, at, clock } = setup();
    const controller = new AbortController();
    const running = hedge.execute(call, controller.signal);
    await clock.advance(100);
    at(1).resolve("second");
    await running;
    await clock.advance(0);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    controller.abort(left);
    expect(at(1).context.signal.aborted).toBe(false);
  });
});

describe("a budget", () => {
  it("refuses hedges beyond the agreed share, for all hedges that share it", async () => {
    const budget = new HedgeBudget({ maxTokens: 1 });
    const first = setup({ budget });
    const second = setup({ budget });
    const runs = [first, second].map(({ hedge, call }) => hedge.execute(call));
    await first.clock.advance(100);
    await second.clock.advance(100);
    expect(first.attempts).toHaveLength(2);
    expect(second.attempts).toHaveLength(1);
    expect(second.told()).toEqual([{ kind: "refused", attempt: 2 }]);
    expect(second.hedge.stats()).toMatchObject({ refused: 1, hedges: 0 });
    first.at(0).resolve("one");
    second.at(0).resolve("one");
    await expect(Promise.all(runs)).resolves.toEqual(["one", "one"]);
    expect(second.clock.pending).toBe(0);
  });
});

it.each([
  { delayMs: -1 },
  { delayMs: Number.NaN },
  { percentile: 0.4 },
  { percentile: 1 },
  { minDelayMs: -1 },
  { minDelayMs: 5, maxDelayMs: 4 },
  { windowCalls: 19 },
  { maxHedges: 0 },
  { maxHedges: 10 },
  { maxHedges: 1.5 },
])("a hedge is refused with %o", (options) => {
  const name = Object.keys(options).at(-1);
  expect(() => new Hedge(options)).toThrow(new RegExp(`^${name} must be `));
});
