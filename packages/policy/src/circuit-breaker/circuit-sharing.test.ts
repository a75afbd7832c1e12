import { describe, expect, it, onTestFinished, vi } from "vitest";

import { settled } from "../base/fixtures/clocks.ts";
import { seededRandom } from "../base/index.ts";
import { CircuitBreaker } from "./circuit-breaker.ts";
import { CircuitSharing } from "./circuit-sharing.ts";
import { MemoryCircuitStore } from "./circuit-store.ts";
import { down, hang, up } from "./fixtures/calls.ts";
import { sharedNodes } from "./fixtures/nodes.ts";

describe("an opening that two nodes agree on", () => {
  it("is taken over at once, and told as one of others", async () => {
    const { node, openForAll, onTransition } = sharedNodes();
    const { breaker } = await node("a");
    await openForAll();
    expect(breaker.stats()).toMatchObject({ state: "open", opened: 1, failures: 0 });
    expect(onTransition).toHaveBeenLastCalledWith({
      breaker: "db",
      from: "closed",
      to: "open",
      byOthers: true,
    });
  });

  it("lasts no longer than both say, so that one alone cannot make it long", async () => {
    const { node } = sharedNodes({ maxOpenMs: 9_000 });
    const [a, b, c] = [await node("a"), await node("b"), await node("c")];
    const overloaded = { status: 503, headers: { "retry-after": "9" } };
    await a.call(() => Promise.reject(overloaded));
    expect(a.breaker.stats().retryAfterMs).toBe(9_000);
    await b.call(down);
    expect(c.breaker.stats().retryAfterMs).toBe(1_000);
    expect(a.breaker.stats().retryAfterMs).toBe(9_000);
  });

  it("is none when the first was well again before the second was down", async () => {
    const { clock, node } = sharedNodes();
    const [a, b, c] = [await node("a"), await node("b"), await node("c")];
    await a.call(down);
    await clock.advance(1_000);
    expect(await a.call(up)).toBe(true);
    await b.call(down);
    expect([a, b, c].map(({ breaker }) => breaker.state.kind)).toEqual([
      "closed",
      "open",
      "closed",
    ]);
  });

  it("is one node's own business where a quorum of one is asked for", async () => {
    const { node } = sharedNodes({}, { quorum: 1 });
    const [a, b] = [await node("a"), await node("b")];
    await a.call(down);
    expect(b.breaker.state.kind).toBe("open");
  });

  it("lets no result count of a call from before", async () => {
    const { clock, node, openForAll } = sharedNodes();
    const a = await node("a");
    const late = Promise.withResolvers<string>();
    const running = a.breaker.execute(() => late.promise);
    await openForAll();
    await clock.advance(1_000);
    await a.call(up);
    void a.breaker.execute(hang);
    late.resolve("from another age");
    await running;
    expect(a.breaker.state.kind).toBe("half-open");
  });

  it("grows with each time that it is agreed on again", async () => {
    const { clock, node } = sharedNodes({ openMultiplier: 3 });
    const [a, b, c] = [await node("a"), await node("b"), await node("c")];
    await a.call(down);
    await b.call(down);
    await clock.advance(1_000);
    for (const each of [a, a, b, b]) await each.call(down);
    expect(c.breaker.stats().retryAfterMs).toBe(3_000);
  });
});

describe("a node that is broken itself", () => {
  it("opens the circuit of nobody else, however often it fails", async () => {
    const { clock, node } = sharedNodes();
    const [bad, good] = [await node("bad"), await node("good")];
    for (let second = 0; second < 20; second += 1) {
      await bad.call(down);
      expect(await good.call(up)).toBe(true);
      await clock.advance(1_000);
    }
    expect(bad.breaker.stats().opened).toBe(20);
    expect(good.breaker.stats()).toMatchObject({ opened: 0, rejected: 0 });
  });

  it("does not keep an open circuit from closing for the others", async () => {
    const { clock, node, openForAll } = sharedNodes();
    const [bad, good] = [await node("bad"), await node("good")];
    await openForAll();
    for (let trial = 0; trial < 5; trial += 1) {
      await clock.advance(1_000);
      await bad.call(down);
      await bad.call(down);
    }
    await good.call(up);
    expect(await good.call(up)).toBe(true);
    expect([bad, good].map(({ breaker }) => breaker.state.kind)).toEqual(["open", "closed"]);
  });
});

describe("admission", () => {
  it("is decided at once: a call begins, or is refused, before anybody has waited", async () => {
    const { clock, store, node, openForAll } = sharedNodes();
    const { breaker } = await node("a", { store });
    await openForAll();
    for (const mood of ["well", "hangs", "fails", "throws"] as const) {
      store.mood = mood;
      const before = breaker.stats().rejected;
      let begun = 0;
      const end = breaker.execute(() => {
        begun += 1;
      });
      expect(begun + breaker.stats().rejected - before).toBe(1);
      await Promise.allSettled([end]);
      await clock.advance(700);
    }
  });

  it("lets those wait for a trial who may wait for one", async () => {
    const { clock, node, openForAll } = sharedNodes({ halfOpenCallers: "wait" });
    const { breaker } = await node("a");
    await openForAll();
    await expect(breaker.execute(up)).rejects.toThrow("is open");
    await clock.advance(1_000);
    const calls = [breaker.execute(up), breaker.execute(up)];
    expect(breaker.stats().waiting).toBe(2);
    await expect(Promise.all(calls)).resolves.toEqual(["pong", "pong"]);
    expect(clock.pending).toBe(0);
  });

  it("is in reach for calls that are so rare that a place is given back before the next", async () => {
    const { clock, node, openForAll } = sharedNodes();
    const { call } = await node("a");
    await openForAll();
    await clock.advance(1_000);
    expect(await call(up)).toBe(false);
    await clock.advance(60_000);
    expect(await call(up)).toBe(true);
  });

  it("gives a place back that nobody uses, so that another node can have it", async () => {
    const { clock, node, openForAll } = sharedNodes();
    const [idle, busy] = [await node("idle"), await node("busy")];
    await openForAll();
    await clock.advance(1_000);
    await idle.call(up);
    expect([await busy.call(up), await busy.call(up)]).toEqual([false, false]);
    await clock.advance(100);
    expect([await busy.call(up), await busy.call(up)]).toEqual([false, true]);
  });

  it("takes the place of a node that died with its trial, when its lease is over", async () => {
    const { clock, node, openForAll } = sharedNodes();
    const [dead, living] = [await node("dead"), await node("living")];
    await openForAll();
    await clock.advance(1_000);
    await dead.call(up);
    void dead.breaker.execute(hang);
    dead.sharing[Symbol.dispose]();
    for (let wait = 0; wait < 9; wait += 1) {
      expect(await living.call(up)).toBe(false);
      await clock.advance(100);
    }
    await clock.advance(100);
    await living.call(up);
    expect(await living.call(up)).toBe(true);
  });
});

describe("a node of which one trial fails", () => {
  it("gives back all of its places, for what it has found says all", async () => {
    const { clock, node, openForAll } = sharedNodes({ successThreshold: 3, leaseMs: 60_000 });
    const [a, b] = [await node("a"), await node("b")];
    await openForAll();
    await clock.advance(1_000);
    const trials = [Promise.withResolvers<never>(), Promise.withResolvers<never>()];
    for (const { promise } of trials) {
      await a.call(up); // Asks for a place.
      void a.breaker.execute(() => promise).catch(() => {});
    }
    await a.call(up); // Asks for one more, and nobody uses it.
    expect([await b.call(up), await b.call(up)]).toEqual([false, false]);
    trials[0]?.reject(new Error("dependency is down"));
    await settled();
    expect(clock.pending).toBe(0);
    await clock.advance(6_000);
    for (let each = 0; each < 6; each += 1) await b.call(up);
    expect(b.breaker.state.kind).toBe("closed");
  });
});

describe("a place that nobody has used yet", () => {
  it("keeps no process from ending", async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const set = vi.spyOn(globalThis, "setTimeout");
    const sharing = new CircuitSharing({ store: new MemoryCircuitStore(), quorum: 1 });
    const own = { name: "db", failureThreshold: 1, timeout: 1_000 };
    const breaker = new CircuitBreaker({ ...own, sharing });
    await breaker.execute(down).catch(() => {});
    await vi.advanceTimersByTimeAsync(1_000);
    await breaker.execute(up).catch(() => {}); // Asks for a place.
    await settled();
    const timers = set.mock.results.map(({ value }) => value as NodeJS.Timeout);
    expect(vi.getTimerCount()).toBe(1);
    expect(timers.some((timer) => timer.hasRef())).toBe(false);
  });
});

describe("an isolation", () => {
  it("holds for the others no longer than it is told to, when its node is gone", async () => {
    const { clock, node } = sharedNodes({}, { isolationMs: 5_000 });
    const [a, b] = [await node("a"), await node("b")];
    a.breaker.isolate();
    await settled();
    expect(b.breaker.stats().isolated).toBe(true);
    await clock.advance(4_999);
    expect(await b.call(up)).toBe(false);
    await clock.advance(1);
    expect(await b.call(up)).toBe(true);
    expect(a.breaker.stats().isolated).toBe(true);
  });

  it("by two nodes ends with the last", async () => {
    const { node } = sharedNodes();
    const [a, b, c] = [await node("a"), await node("b"), await node("c")];
    const holds = [a.breaker.isolate(), a.breaker.isolate(), b.breaker.isolate()];
    for (const hold of holds) {
      await settled();
      expect(await c.call(up)).toBe(false);
      hold.release();
    }
    await settled();
    expect(await c.call(up)).toBe(true);
  });
});

describe("a breaker in another mode", () => {
  it("with metrics only takes over what holds for all, tells nothing, and refuses nothing", async () => {
    const { clock, node, openForAll, inner } = sharedNodes();
    const { breaker, call } = await node("a");
    breaker.configure({ mode: "metrics-only" });
    await call(down);
    expect((await inner.read("db")).record).toBeUndefined();
    breaker.reset();
    await openForAll();
    expect(breaker.state.kind).toBe("open");
    await clock.advance(1_000);
    expect(await call(up)).toBe(true);
    expect(breaker.state.kind).toBe("closed");
  });

  it("that is disabled takes over nothing", async () => {
    const { node, openForAll } = sharedNodes();
    const { breaker } = await node("a");
    breaker.configure({ mode: "disabled" });
    await openForAll();
    expect(breaker.state.kind).toBe("closed");
  });
});

describe("a sharing", () => {
  it("that is disposed leaves its breakers to themselves, and nothing behind", async () => {
    const { clock, store, node, openForAll } = sharedNodes();
    const { breaker, call, sharing } = await node("a", { store });
    expect(store.watchers).toBe(1);
    sharing[Symbol.dispose]();
    expect(store.watchers).toBe(0);
    const { asked } = store;
    await openForAll();
    await call(down);
    await clock.advance(1_000);
    expect(await call(up)).toBe(true);
    expect(breaker.state.kind).toBe("closed");
    expect([store.asked, clock.pending]).toEqual([asked, 0]);
  });

  it("that is disposed tells nothing that waited for the store", async () => {
    const { clock, store, node, onStoreFailure } = sharedNodes();
    const { breaker, sharing } = await node("a", { store });
    const { asked } = store;
    breaker.reset();
    breaker.isolate();
    while (store.asked === asked) await Promise.resolve();
    sharing[Symbol.dispose]();
    await settled();
    expect([store.asked - asked, store.written]).toEqual([1, []]);
    const { breaker: other, sharing: hanging } = await node("b", { store });
    store.mood = "hangs";
    other.reset();
    await settled();
    hanging[Symbol.dispose]();
    await clock.advance(1_000);
    expect(onStoreFailure).not.toHaveBeenCalled();
  });

  it("that was disposed before is joined by nobody: a breaker then stands alone", async () => {
    const { store, node, clock } = sharedNodes();
    const { sharing } = await node("a", { store });
    sharing[Symbol.dispose]();
    const { asked } = store;
    const breaker = new CircuitBreaker({ name: "db", failureThreshold: 1, sharing, clock });
    await breaker.execute(down).catch(() => {});
    await settled();
    expect(breaker.state.kind).toBe("open");
    expect([store.asked, store.watchers]).toEqual([asked, 0]);
  });

  it("tells the others of a circuit that new thresholds have closed", async () => {
    const { clock, node, openForAll } = sharedNodes({ successThreshold: 2 });
    const [a, b] = [await node("a"), await node("b")];
    await openForAll();
    await clock.advance(1_000);
    await a.call(up); // Asks for a place.
    await a.call(up);
    expect([a, b].map(({ breaker }) => breaker.state.kind)).toEqual(["half-open", "open"]);
    a.breaker.configure({ successThreshold: 1 });
    await settled();
    expect([a, b].map(({ breaker }) => breaker.state.kind)).toEqual(["closed", "closed"]);
  });

  it("names its node by chance where it has no name", async () => {
    const { clock, inner } = sharedNodes();
    for (const seed of ["one", "two"]) {
      const sharing = new CircuitSharing({ store: inner, random: seededRandom(seed) });
      const breaker = new CircuitBreaker({ name: "db", failureThreshold: 1, sharing, clock });
      await breaker.execute(down).catch(() => {});
      await settled();
    }
    expect((await inner.read("db")).record).toMatchObject({ kind: "open" });
  });

  it.each([
    [{ quorum: 0 }, "quorum must be a whole number of at least 1, got 0"],
    [{ storeTimeoutMs: 0.5 }, "storeTimeoutMs must be a whole number of at least 1, got 0.5"],
    [{ isolationMs: 0 }, "isolationMs must be a whole number of at least 1, got 0"],
    [{ whenStoreFails: "hope" as "deny" }, 'whenStoreFails must be "allow" or "deny", got "hope"'],
    [{ node: "" }, 'node must be a text that is not empty, got ""'],
  ])("is refused: %j", (options, message) => {
    const store = new MemoryCircuitStore();
    expect(() => new CircuitSharing({ store, ...options })).toThrow(new RangeError(message));
  });
});
