/** Sharing a circuit: what the breakers of several processes tell each other, through a store. */

import {
  aFunction,
  aNumber,
  aRandom,
  aText,
  type Cancel,
  type Clock,
  checkOptions,
  type ErrorReporter,
  having,
  type Listener,
  type Needs,
  notify,
  oneOf,
  type Random,
  reportError,
  required,
  systemRandom,
  wholeNumber,
} from "../base/index.ts";
import type { Circuit, CircuitShare } from "./circuit.ts";
import type { CircuitStore } from "./circuit-store.ts";
import { type CircuitStoreFailure, SharedSide, type SharingRules } from "./shared-side.ts";

export interface CircuitSharingOptions {
  /** Where they meet. Circuits of one name are one circuit there. */
  readonly store: CircuitStore;
  /** Names this process among them; no two may have one name. @defaultValue by chance */
  readonly node?: string;
  /**
   * How many of them must have found the dependency down, at the same time, before it is down for all; a
   * whole number from 1. With 1 a node that is broken itself can open the circuit for everybody.
   * @defaultValue 2
   */
  readonly quorum?: number;
  /**
   * What an open circuit does whose time is over, while the store does not answer: `"allow"` makes its
   * own trials, as one that is not shared; `"deny"` refuses calls until the store answers again. A closed
   * circuit takes no notice in either. @defaultValue "allow"
   */
  readonly whenStoreFails?: "allow" | "deny";
  /** Milliseconds that the store may take to answer, a whole number from 1. @defaultValue 1_000 */
  readonly storeTimeoutMs?: number;
  /**
   * Milliseconds that an isolation lasts for the others, a whole number from 1: so a process that died
   * cannot hold all for ever. Its own holds until it is released. @defaultValue 600_000
   */
  readonly isolationMs?: number;
  /** Hears of every time that the store failed, was late or held no record of ours. */
  readonly onStoreFailure?: Listener<CircuitStoreFailure>;
  /** Hears of what `onStoreFailure` throws. @defaultValue the platform's `reportError`, or a warning */
  readonly onListenerError?: ErrorReporter;
  /** Names the node, where it has no name. @defaultValue the system's */
  readonly random?: Random;
}

const needs: Needs<CircuitSharingOptions> = {
  store: required(having("read", "write", "watch")),
  node: aText,
  quorum: aNumber,
  whenStoreFails: oneOf(["allow", "deny"]),
  storeTimeoutMs: aNumber,
  isolationMs: aNumber,
  onStoreFailure: aFunction,
  onListenerError: aFunction,
  random: aRandom,
};

/**
 * Each breaker goes on deciding by itself whether it admits a call, at once; nothing waits for the store.
 * What is shared: an opening, when as many nodes as the `quorum` have it; a closing; the places of a
 * half-open circuit, so that all nodes together make no more than `successThreshold` trials; a reset; an
 * isolation. It holds on to its breakers until it is disposed. One that is shared needs no more from a
 * breaker than the `sharing` option, and gives the same name and thresholds to all.
 *
 * The call that comes first after the open time is refused in a node that must ask for a trial, or waits
 * with `halfOpenCallers: "wait"`; the next one is the trial.
 *
 * @example
 * const sharing = new CircuitSharing({ store: new MemoryCircuitStore(), quorum: 2 });
 * const breaker = new CircuitBreaker({ name: "openai-api", sharing });
 */
export class CircuitSharing implements Disposable {
  readonly #rules: SharingRules;
  readonly #sides = new Set<Cancel>();
  #hasLeft = false;

  /** @throws {@link RangeError} when an option is out of its range. */
  constructor(options: CircuitSharingOptions) {
    checkOptions("CircuitSharing", options, needs);
    const { store, random = systemRandom, whenStoreFails = "allow" } = options;
    const { onStoreFailure, onListenerError = reportError } = options;
    const node = options.node ?? nameBy(random);
    this.#rules = {
      store,
      node,
      whenStoreFails,
      quorum: wholeNumber("quorum", options.quorum ?? 2, 1),
      storeTimeoutMs: wholeNumber("storeTimeoutMs", options.storeTimeoutMs ?? 1_000, 1),
      isolationMs: wholeNumber("isolationMs", options.isolationMs ?? 600_000, 1),
      tell: (failure) => {
        if (onStoreFailure) notify(onStoreFailure, failure, onListenerError);
      },
    };
  }

  /** For breakers: joins a circuit to those of its name; undefined once it is disposed. */
  join(circuit: Circuit, clock: Clock): CircuitShare | undefined {
    if (this.#hasLeft) return undefined;
    const side = new SharedSide(circuit, clock, this.#rules);
    this.#sides.add(() => side.leave());
    return side;
  }

  /**
   * Leaves: the breakers go on by themselves, tell nothing and hear of nothing any more. What waited for the
   * store is not told either; a breaker that is made with it later stands alone.
   */
  [Symbol.dispose](): void {
    this.#hasLeft = true;
    for (const leave of this.#sides) leave();
    this.#sides.clear();
  }
}

/** Two of a million processes have one name once in billions. */
const nameBy = (random: Random): string =>
  [random.next(), random.next()].map((part) => part.toString(36).slice(2, 12)).join("");
