import fc from "fast-check";
import { expect, it, onTestFinished } from "vitest";

import { settled } from "../base/fixtures/clocks.ts";
import { oneAtATime, scheduledClock } from "../base/fixtures/scheduled.ts";
import type { Cancel } from "../base/index.ts";
import { CircuitBreaker } from "./circuit-breaker.ts";
import { CircuitSharing } from "./circuit-sharing.ts";
import { type CircuitCell, type CircuitStore, MemoryCircuitStore } from "./circuit-store.ts";
import { CircuitOpenError } from "./open-error.ts";
import { type SharedCircuit, sharedFrom } from "./shared-state.ts";

type Way = "up" | "down";
type Fate = "on time" | "twice" | "lost";

/** Everything that it is asked and tells happens when the scheduler says, and in the order that it says. */
class ScheduledStore implements CircuitStore {
  readonly records: SharedCircuit[] = [];
  readonly #inner: MemoryCircuitStore;
  readonly #scheduler: fc.Scheduler;
  readonly #fates: readonly Fate[];
  #told = 0;

  constructor(inner: MemoryCircuitStore, scheduler: fc.Scheduler, fates: readonly Fate[]) {
    this.#inner = inner;
    this.#scheduler = scheduler;
    this.#fates = fates;
  }

  async read(circuit: string): Promise<CircuitCell> {
    await this.#soon("a question arrives");
    const cell = await this.#inner.read(circuit);
    await this.#soon("an answer arrives");
    return cell;
  }

  async write(circuit: string, version: number, record: object, keepMs: number): Promise<boolean> {
    await this.#soon("a record arrives");
    const isWritten = await this.#inner.write(circuit, version, record, keepMs);
    const shared = sharedFrom(record);
    if (isWritten && shared) this.records.push(shared);
    await this.#soon("an answer arrives");
    return isWritten;
  }

  watch(circuit: string, listener: (cell: CircuitCell) => void): Cancel {
    return this.#inner.watch(circuit, (cell) => {
      this.#told += 1;
      const fate = this.#fates[this.#told % this.#fates.length];
      const times = { "on time": 1, twice: 2, lost: 0 }[fate ?? "on time"];
      for (let time = 0; time < times; time += 1) {
        void this.#soon("news arrive").then(() => listener(cell));
      }
    });
  }

  #soon(what: string): Promise<void> {
    return this.#scheduler.schedule(Promise.resolve(), what);
  }
}

const PLACES = 2;

/** Three nodes over one store; each way is a call of each node's caller in turn. */
function nodesOf(scheduler: fc.Scheduler, fates: readonly Fate[], quorum: number) {
  const clock = scheduledClock(scheduler);
  const store = new ScheduledStore(new MemoryCircuitStore({ clock }), scheduler, fates);
  const transitions: string[] = [];
  const breakers = ["a", "b", "c"].map(
    (node) =>
      new CircuitBreaker({
        name: "db",
        failureThreshold: 1,
        successThreshold: PLACES,
        timeout: 100,
        leaseMs: 1_000,
        sharing: new CircuitSharing({ store, node, quorum, storeTimeoutMs: 1_000_000 }),
        clock,
        onTransition: ({ from, to, byOthers }) =>
          void transitions.push(`${from} > ${to}${byOthers ? " by others" : ""}`),
      }),
  );
  const call = async (breaker: CircuitBreaker, way: Way): Promise<"made" | "refused"> => {
    let isAdmittedAtOnce = false;
    let isOver = false;
    const end = breaker
      .execute(async () => {
        isAdmittedAtOnce = !isOver;
        await scheduler.schedule(Promise.resolve(), "a call ends");
        if (way === "down") throw new Error("down");
      })
      .then(
        () => "made" as const,
        (error: unknown) => (error instanceof CircuitOpenError ? "refused" : "made"),
      );
    isOver = true; // Whoever was not admitted by now never is.
    const how = await end;
    expect(how === "made").toBe(isAdmittedAtOnce);
    return how;
  };
  return { clock, store, breakers, call, transitions };
}

/** No lease beyond the places, in any record that ever stood; and no older one over a newer. */
function checkRecords(records: readonly SharedCircuit[]): void {
  let before: SharedCircuit | undefined;
  for (const record of records) {
    if (before) {
      expect(record.revision).toBeGreaterThan(before.revision);
      expect(record.generation).toBeGreaterThanOrEqual(before.generation);
    }
    before = record;
    if (record.kind === "open") {
      expect(record.trials.length + record.successes).toBeLessThanOrEqual(PLACES);
    }
  }
}

it("three nodes share a circuit in any order of what they are told: none hangs, none is poisoned, all recover", async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", note);
  onTestFinished(() => void process.off("unhandledRejection", note));
  const seen = new Set<string>();
  const fate: fc.Arbitrary<Fate> = fc.constantFrom("on time", "on time", "twice", "lost");
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(oneAtATime),
      fc.array(fc.constantFrom<Way>("down", "down", "up"), { minLength: 3, maxLength: 12 }),
      fc.array(fate, { minLength: 1, maxLength: 7 }),
      fc.constantFrom(1, 2),
      fc.boolean(),
      async (scheduler, ways, fates, quorum, isOneBad) => {
        const { clock, store, breakers, call, transitions } = nodesOf(scheduler, fates, quorum);
        const calls = ways.map(async (way, place) => {
          await scheduler.schedule(Promise.resolve(), "a caller comes");
          const own = isOneBad ? (place % 3 === 0 ? "down" : "up") : way;
          return call(breakers[place % 3] as CircuitBreaker, own);
        });
        await scheduler.waitFor(Promise.all(calls));
        await scheduler.waitAll();
        await settled();
        checkRecords(store.records);
        if (isOneBad && quorum === 2) {
          expect(breakers.slice(1).map((breaker) => breaker.stats().opened)).toEqual([0, 0]);
          expect(transitions.filter((each) => each.endsWith("by others"))).toEqual([]);
        }
        // When the dependency is well again, so is every node after some calls and some time.
        for (let round = 0; round < 12; round += 1) {
          clock.after(500, () => {}); // Time goes on when a timer fires.
          const later = breakers.map((breaker) => call(breaker, "up"));
          await scheduler.waitFor(Promise.all(later));
          await scheduler.waitAll();
          await settled();
        }
        expect(breakers.map(({ state }) => state.kind)).toEqual(["closed", "closed", "closed"]);
        for (const each of transitions) seen.add(each);
      },
    ),
    { numRuns: 2_000 },
  );
  await settled();
  expect(unhandled).toEqual([]);
  expect([...seen].sort()).toEqual([
    "closed > open",
    "closed > open by others",
    "half-open > closed",
    "half-open > closed by others",
    "half-open > open",
    "half-open > open by others",
    "open > closed by others",
    "open > half-open",
  ]);
}, 120_000);
