/** Where breakers of several processes meet: a port, and the memory of one process behind it. */

import {
  aClock,
  type Cancel,
  type Clock,
  checkOptions,
  Listeners,
  systemClock,
} from "../base/index.ts";

/** What a store holds of one circuit. */
export interface CircuitCell {
  /** Another one after each write; 0 where nothing is held. */
  readonly version: number;
  /** Plain data, as it was written; undefined where nothing is held. */
  readonly record: unknown;
  /** Epoch milliseconds by the store's own clock, the same for all who use it. */
  readonly nowMs: number;
}

/**
 * A cell for each circuit that is written when nobody else has written it meanwhile: all rules are the
 * breaker's. `circuitStoreConformance` of `@kintsugi/policy/testing` holds every adapter against it.
 *
 * A store may be slow, fail, or lose what it held; no call waits for it. It must not write half a record,
 * and must not say that it wrote when it did not.
 */
export interface CircuitStore {
  /** @throws what went wrong, by rejecting. */
  read(circuit: string): Promise<CircuitCell>;
  /**
   * Writes the record where the cell still has that version, in one step that nothing comes between;
   * otherwise nothing happens. Resolves to whether it was written.
   *
   * @param keepMs Milliseconds that it must be kept for; then it may be forgotten.
   */
  write(circuit: string, version: number, record: object, keepMs: number): Promise<boolean>;
  /**
   * Tells of what is written from now on, by whomever, until it is cancelled. It may tell late, twice, in
   * another order or not at all.
   */
  watch(circuit: string, listener: (cell: CircuitCell) => void): Cancel;
}

/** So many circuits at most; the one that was written first is forgotten for a new one. */
const MOST_CELLS = 10_000;

interface Kept {
  readonly version: number;
  /** As text: what others get is no object of who wrote it. */
  readonly text: string;
  readonly endsMs: number;
}

/** For the breakers of one process, and for tests of what several would do. */
export class MemoryCircuitStore implements CircuitStore {
  readonly #clock: Clock;
  readonly #cells = new Map<string, Kept>();
  readonly #watchers = new Map<string, Listeners<CircuitCell>>();
  #writes = 0;

  constructor(options: { readonly clock?: Clock } = {}) {
    checkOptions("MemoryCircuitStore", options, { clock: aClock });
    this.#clock = options.clock ?? systemClock;
  }

  async read(circuit: string): Promise<CircuitCell> {
    return this.#cell(circuit);
  }

  async write(circuit: string, version: number, record: object, keepMs: number): Promise<boolean> {
    if (this.#cell(circuit).version !== version) return false;
    this.#writes += 1;
    const endsMs = this.#clock.epochMs() + keepMs;
    const [first] = this.#cells.keys();
    const isFull = this.#cells.size >= MOST_CELLS && !this.#cells.has(circuit);
    if (isFull && first !== undefined) this.#cells.delete(first);
    this.#cells.set(circuit, { version: this.#writes, text: JSON.stringify(record), endsMs });
    this.#watchers.get(circuit)?.tell(this.#cell(circuit));
    return true;
  }

  watch(circuit: string, listener: (cell: CircuitCell) => void): Cancel {
    const watchers = this.#watchers.get(circuit) ?? new Listeners<CircuitCell>();
    this.#watchers.set(circuit, watchers);
    const cancel = watchers.add(listener);
    return () => {
      cancel();
      const isLast = !watchers.isHeard && this.#watchers.get(circuit) === watchers;
      if (isLast) this.#watchers.delete(circuit);
    };
  }

  #cell(circuit: string): CircuitCell {
    const nowMs = this.#clock.epochMs();
    const kept = this.#cells.get(circuit);
    if (kept && nowMs < kept.endsMs) {
      return { version: kept.version, record: JSON.parse(kept.text), nowMs };
    }
    return { version: 0, record: undefined, nowMs };
  }
}
