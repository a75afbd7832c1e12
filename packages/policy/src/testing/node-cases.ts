import { CircuitBreaker, CircuitSharing } from "../circuit-breaker/index.ts";
import { type Bench, type Cases, expectSame } from "./bench.ts";
import type { SteppedClock } from "./stepped-clock.ts";

/** Breakers over the stores, each as in a process of its own; open for a second by one failure. */
async function breakersOf({ stores, settled }: Bench, clock: SteppedClock, successThreshold = 1) {
  const breakers = stores.map((store, place) => {
    const sharing = new CircuitSharing({ store, node: `node ${place}`, quorum: 2 });
    const timeout = 1_000;
    return new CircuitBreaker({
      name: "db",
      failureThreshold: 1,
      successThreshold,
      timeout,
      sharing,
      clock,
    });
  });
  await settled();
  const call = async (place: number, how: "up" | "down"): Promise<string> => {
    const work = async (): Promise<string> => {
      if (how === "down") throw new Error("down");
      return "made";
    };
    const end = await breakers[place]?.execute(work).catch(({ name }: Error) => name);
    await settled();
    return end === "Error" ? "made" : (end ?? "no node");
  };
  const kinds = (): readonly string[] => breakers.map(({ state }) => state.kind);
  const openForAll = async (): Promise<void> => {
    await call(0, "down");
    await call(1, "down");
  };
  return { breakers, call, kinds, openForAll, advance: (ms: number) => clock.advance(ms, settled) };
}

export const nodeCases: Cases = {
  "stay closed when one node alone finds it down": {
    nodes: 3,
    check: async (bench, clock) => {
      const { call, kinds } = await breakersOf(bench, clock);
      await call(0, "down");
      expectSame(kinds(), ["open", "closed", "closed"], "the circuits");
      expectSame(await call(1, "up"), "made", "a call of another node");
    },
  },

  "open when two nodes find it down, in one that has seen nothing too": {
    nodes: 3,
    check: async (bench, clock) => {
      const { call, kinds, openForAll } = await breakersOf(bench, clock);
      await openForAll();
      expectSame(kinds(), ["open", "open", "open"], "the circuits");
      expectSame(await call(2, "up"), "CircuitOpenError", "a call of the third node");
    },
  },

  "make one trial together when they may make one": {
    nodes: 3,
    check: async (bench, clock) => {
      const { breakers, call, kinds, openForAll, advance } = await breakersOf(bench, clock);
      await openForAll();
      await advance(1_000);
      for (const place of [0, 1, 2]) await call(place, "up"); // Each asks for a trial, one gets it.
      const gate = Promise.withResolvers<void>();
      const ends = breakers.map((breaker) =>
        breaker
          .execute(() => gate.promise)
          .then(
            () => "made",
            ({ name }: Error) => name,
          ),
      );
      await bench.settled();
      gate.resolve();
      const expected = ["made", "CircuitOpenError", "CircuitOpenError"];
      expectSame((await Promise.all(ends)).toSorted(), expected.toSorted(), "how they ended");
      await bench.settled();
      expectSame(kinds(), ["closed", "closed", "closed"], "the circuits");
    },
  },

  "close for all by trials that different nodes have made": {
    nodes: 2,
    check: async (bench, clock) => {
      const { call, kinds, openForAll, advance } = await breakersOf(bench, clock, 2);
      await openForAll();
      await advance(1_000);
      for (const place of [0, 1]) await call(place, "up");
      expectSame(await call(0, "up"), "made", "the trial of the one");
      expectSame(kinds()[1], "open", "the other circuit");
      expectSame(await call(1, "up"), "made", "the trial of the other");
      expectSame(kinds(), ["closed", "closed"], "the circuits");
    },
  },

  "go on without a node whose trial fails, and learn from another's": {
    nodes: 3,
    check: async (bench, clock) => {
      const { call, kinds, openForAll, advance } = await breakersOf(bench, clock);
      await openForAll();
      await advance(1_000);
      await call(0, "down"); // Asks.
      expectSame(await call(0, "down"), "made", "the trial that fails");
      await call(1, "up");
      expectSame(await call(1, "up"), "made", "the trial that succeeds");
      expectSame(kinds(), ["open", "closed", "closed"], "the circuits");
    },
  },

  "open again for all when the trials of two nodes fail": {
    nodes: 3,
    check: async (bench, clock) => {
      const { call, kinds, openForAll, advance } = await breakersOf(bench, clock);
      await openForAll();
      await advance(1_000);
      for (const place of [0, 0, 1, 1]) await call(place, "down");
      await advance(999);
      expectSame(await call(2, "up"), "CircuitOpenError", "a call of the third node");
      await advance(1);
      await call(2, "up");
      expectSame(await call(2, "up"), "made", "the trial of the third node");
      expectSame(kinds(), ["closed", "closed", "closed"], "the circuits");
    },
  },

  "refuse while one node isolates them, and go back to what they were": {
    nodes: 2,
    check: async (bench, clock) => {
      const { breakers, call } = await breakersOf(bench, clock);
      const isolation = breakers[0]?.isolate();
      await bench.settled();
      expectSame(await call(1, "up"), "CircuitOpenError", "a call while it is isolated");
      isolation?.release();
      await bench.settled();
      expectSame(await call(1, "up"), "made", "a call afterwards");
    },
  },

  "are closed by the reset of one": {
    nodes: 3,
    check: async (bench, clock) => {
      const { breakers, kinds, openForAll } = await breakersOf(bench, clock);
      await openForAll();
      breakers[2]?.reset();
      await bench.settled();
      expectSame(kinds(), ["closed", "closed", "closed"], "the circuits");
    },
  },

  "learn at their start that it is open": {
    nodes: 2,
    check: async (bench, clock) => {
      const { openForAll, advance } = await breakersOf(bench, clock);
      await openForAll();
      await advance(400);
      const { breakers } = await breakersOf(bench, clock);
      expectSame(
        breakers.map((breaker) => breaker.stats().retryAfterMs),
        [600, 600],
        "how long they are open",
      );
    },
  },
};
