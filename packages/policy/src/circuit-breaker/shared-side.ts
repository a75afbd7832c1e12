/** One circuit's side of what it shares: says what it has found, and takes over what holds for all. */

import {
  backgroundClock,
  type Cancel,
  type Clock,
  type Outcome,
  systemClock,
  toError,
} from "../base/index.ts";
import type { Circuit, CircuitShare } from "./circuit.ts";
import { type CircuitState, closedForAll, openedForAll } from "./circuit-state.ts";
import type { CircuitCell, CircuitStore } from "./circuit-store.ts";
import {
  closeForAll,
  gaveBack,
  hasPlace,
  isolate,
  lease,
  release,
  revised,
  type SharedCircuit,
  sharedFrom,
  succeeded,
  untold,
  vote,
} from "./shared-state.ts";

export interface CircuitStoreFailure {
  readonly breaker: string;
  /** What was to be told or asked. */
  readonly operation:
    | "look"
    | "watch"
    | "vote"
    | "success"
    | "lease"
    | "give back"
    | "isolate"
    | "release"
    | "reset";
  readonly error: Error;
}

/** The options of a sharing, with nothing left open. */
export interface SharingRules {
  readonly store: CircuitStore;
  readonly node: string;
  readonly quorum: number;
  readonly whenStoreFails: "allow" | "deny";
  readonly storeTimeoutMs: number;
  readonly isolationMs: number;
  readonly tell: (failure: CircuitStoreFailure) => void;
}

type Operation = CircuitStoreFailure["operation"];
type Change = (record: SharedCircuit, nowMs: number) => SharedCircuit;

/** So many changes may wait for a slow store; what comes then is not told. */
const MOST_CHANGES = 100;

/** So often a change is tried when others write at the same moment. */
const MOST_TRIES = 10;

/** Milliseconds that a record is kept after its last change. */
const KEEP_MS = 86_400_000;

/** Share of a lease for which a place is kept that nobody has used. */
const UNUSED = 0.1;

export class SharedSide implements CircuitShare {
  readonly #circuit: Circuit;
  readonly #clock: Clock;
  readonly #rules: SharingRules;
  readonly #unwatch: Cancel | undefined;
  /** The newest record that it has seen. */
  #seen = untold;
  /** Changes one after the other, so that they are written in their order. */
  #last: Promise<void> = Promise.resolve();
  #changes = 0;
  /** A place that is leased and not used yet. */
  #unused: { readonly cancel: Cancel; readonly endsMs: number } | undefined = undefined;
  /**
   * A place was given back unused: calls are so rare here that the next one would be refused as well, and
   * so on for ever. It is made where a place seems to be free.
   */
  #isOwed = false;
  /** Trials under a lease that have not ended. */
  #trials = 0;
  #isAsking = false;
  /** Monotonic; before it nobody asks again for a place. */
  #askAtMs = -Infinity;
  /** Whether the store did not answer when it was last asked for a place. */
  #isAlone = false;
  /** Of the store's clock before that of this process, as it was last seen. */
  #aheadMs = 0;
  /** Monotonic, of the isolations of others. */
  #heldUntilMs = -Infinity;
  #hasJoined = false;
  #hasLeft = false;

  constructor(circuit: Circuit, clock: Clock, rules: SharingRules) {
    this.#circuit = circuit;
    this.#clock = clock === systemClock ? backgroundClock : clock; // No caller waits for its timers.
    this.#rules = rules;
    this.#unwatch = this.#watch();
    this.#hasJoined = true;
    this.#tell("look", (record) => record);
  }

  get isHeld(): boolean {
    return this.#heldUntilMs > this.#nowMs;
  }

  get askAgainMs(): number {
    const leftMs = this.#askAtMs - this.#nowMs;
    return leftMs > 0 ? leftMs : Infinity;
  }

  tryTrial(): boolean {
    if (this.#seen.kind === "closed" || this.#hasLeft) return true;
    if (this.#unused && this.#nowMs < this.#unused.endsMs) {
      this.#dropUnused();
      this.#trials += 1;
      return true;
    }
    if (this.#isOwed && this.#seesPlace()) return this.#tryUnasked();
    if (this.#isAlone && this.#rules.whenStoreFails === "allow") return true;
    if (!this.#isAsking && this.#nowMs >= this.#askAtMs) void this.#ask();
    return false;
  }

  settled(before: CircuitState, after: CircuitState, outcome: Outcome): void {
    if (this.#circuit.limits.mode !== "normal") return;
    const { node, quorum } = this.#rules;
    const { generation } = this.#seen;
    if (after.kind === "open") {
      this.#trials = 0;
      this.#dropUnused();
      const { openings } = after;
      const untilMs = after.untilMs; // Of this process; the store's clock is another.
      this.#tell("vote", (record, nowMs) =>
        vote({ node, untilMs: nowMs + untilMs - this.#nowMs, openings }, quorum)(record, nowMs),
      );
    } else if (before.kind === "half-open") {
      const isLeased = this.#trials > 0;
      if (isLeased) this.#trials -= 1;
      const isProven = after.kind === "closed";
      const places = isProven ? 1 : this.#circuit.limits.successThreshold;
      const isWell = outcome === "success" && (isLeased || isProven);
      if (isWell) this.#tell("success", succeeded(node, generation, places));
      else if (isLeased) this.#tell("give back", gaveBack(node, generation));
    }
  }

  hold(): void {
    const { node, isolationMs } = this.#rules;
    this.#tell("isolate", (record, nowMs) =>
      isolate({ node, untilMs: nowMs + isolationMs })(record, nowMs),
    );
  }

  release(): void {
    this.#tell("release", release(this.#rules.node));
  }

  reset(): void {
    this.#trials = 0;
    this.#tell("reset", closeForAll);
  }

  leave(): void {
    this.#hasLeft = true;
    this.#unwatch?.();
    this.#dropUnused();
    this.#heldUntilMs = -Infinity;
    this.#circuit.look();
  }

  /** Asks for a place, for the call that comes next or for who waits. */
  async #ask(): Promise<void> {
    this.#isAsking = true;
    const askedMs = this.#nowMs;
    const { node, storeTimeoutMs } = this.#rules;
    const { successThreshold: places, leaseMs } = this.#circuit.limits;
    let granted: number | undefined;
    const isHeard = await this.#change("lease", (record, nowMs) => {
      const next = lease({ node, places, leaseMs })(record, nowMs);
      granted = next === record ? undefined : next.generation;
      return next;
    });
    this.#isAsking = false;
    if (this.#hasLeft) return;
    if (!isHeard) this.#isAlone = true;
    if (!isHeard || granted === undefined) {
      // What others have is told when it ends; that may get lost.
      this.#askAtMs = this.#nowMs + (isHeard ? leaseMs * UNUSED : storeTimeoutMs);
    } else if (granted === this.#seen.generation) {
      this.#keep(askedMs + leaseMs, leaseMs); // Else it has opened or closed for all since.
    }
    this.#circuit.look();
  }

  #keep(endsMs: number, leaseMs: number): void {
    const { generation } = this.#seen;
    const cancel = this.#clock.after(Math.ceil(leaseMs * UNUSED), () => {
      this.#unused = undefined;
      this.#isOwed = true;
      this.#tell("give back", gaveBack(this.#rules.node, generation));
    });
    this.#unused = { cancel, endsMs };
  }

  #dropUnused(): void {
    this.#unused?.cancel();
    this.#unused = undefined;
  }

  #seesPlace(): boolean {
    const { successThreshold } = this.#circuit.limits;
    return hasPlace(this.#seen, successThreshold, this.#nowMs + this.#aheadMs);
  }

  /** A trial that leases its place when it has begun. */
  #tryUnasked(): true {
    const { node } = this.#rules;
    const { successThreshold: places, leaseMs } = this.#circuit.limits;
    this.#isOwed = false;
    this.#trials += 1;
    this.#tell("lease", lease({ node, places, leaseMs }));
    return true;
  }

  #tell(operation: Operation, change: Change): void {
    void this.#change(operation, change);
  }

  /** Changes the record of all, after what was to be told before; whether the store has heard of it. */
  async #change(operation: Operation, change: Change): Promise<boolean> {
    const before = this.#last;
    const { promise: over, resolve: end } = Promise.withResolvers<void>();
    this.#changes += 1;
    try {
      if (this.#changes > MOST_CHANGES) throw new Error("The store is slow: too much waits for it");
      this.#last = over;
      await before;
      await this.#write(change);
      this.#isAlone = false;
      return true;
    } catch (error) {
      if (!this.#hasLeft) this.#fail(operation, error);
      return false;
    } finally {
      this.#changes -= 1;
      end();
    }
  }

  async #write(change: Change): Promise<void> {
    const { store } = this.#rules;
    const { name } = this.#circuit;
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      if (this.#hasLeft) return;
      const { version, record: stored, nowMs } = await this.#inTime(() => store.read(name));
      if (this.#hasLeft) return;
      const record = this.#newest(sharedFrom(stored));
      const next = change(record, nowMs);
      if (next === record) return this.#see(record, nowMs);
      const own = revised(next, nowMs);
      if (await this.#inTime(() => store.write(name, version, own, KEEP_MS))) {
        return this.#see(own, nowMs);
      }
    }
    throw new Error(`Others have written ${MOST_TRIES} times in between`);
  }

  /** A store that has lost a record, or holds an older one, is told again what it held. */
  #newest(stored: SharedCircuit = untold): SharedCircuit {
    return stored.revision < this.#seen.revision ? this.#seen : stored;
  }

  /** @throws what the store throws, or when it takes too long; what it says later is not heard. */
  async #inTime<T>(ask: () => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const { storeTimeoutMs } = this.#rules;
    const cancel = this.#clock.after(storeTimeoutMs, () => {
      reject(new Error(`The store took longer than ${storeTimeoutMs} ms`));
    });
    try {
      ask().then(resolve, reject);
      return await promise;
    } finally {
      cancel();
    }
  }

  #watch(): Cancel | undefined {
    const hear = ({ record, nowMs }: CircuitCell): void => {
      const shared = sharedFrom(record);
      if (shared) this.#see(shared, nowMs);
    };
    // A store may tell at once what it holds, when the circuit is still being made.
    const hearOnceJoined = (cell: CircuitCell): void => {
      if (this.#hasJoined) hear(cell);
      else void this.#last.then(() => hear(cell));
    };
    try {
      return this.#rules.store.watch(this.#circuit.name, hearOnceJoined);
    } catch (error) {
      this.#fail("watch", error);
      return undefined;
    }
  }

  /** Takes over what holds for all, where it is news. */
  #see(record: SharedCircuit, storeNowMs: number): void {
    const before = this.#seen;
    if (record.revision <= before.revision || this.#hasLeft) return;
    this.#seen = record;
    this.#aheadMs = storeNowMs - this.#nowMs;
    this.#askAtMs = -Infinity;
    const { node } = this.#rules;
    const ends = record.isolations.flatMap((each) => (each.node === node ? [] : each.untilMs));
    this.#heldUntilMs = this.#nowMs + Math.max(...ends, -Infinity) - storeNowMs;
    if (record.generation > before.generation) this.#takeOver(record, storeNowMs);
    this.#circuit.look();
  }

  #takeOver(record: SharedCircuit, storeNowMs: number): void {
    const { state, limits } = this.#circuit;
    this.#dropUnused();
    this.#isOwed = false;
    this.#trials = 0;
    if (record.kind === "open") {
      const { openings } = record;
      const told = { leftMs: record.untilMs - storeNowMs, openings };
      this.#circuit.take(openedForAll(state, limits, this.#nowMs, told));
    } else if (record.votes.every(({ node }) => node !== this.#rules.node)) {
      this.#circuit.take(closedForAll(state, limits));
    }
  }

  #fail(operation: Operation, error: unknown): void {
    this.#rules.tell({ breaker: this.#circuit.name, operation, error: toError(error) });
  }

  get #nowMs(): number {
    return this.#clock.monotonicMs();
  }
}
