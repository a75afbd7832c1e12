/** The policies of a program by name: configured from one place, counted in one place. */

import {
  type Cancel,
  type Clock,
  type Listener,
  Listeners,
  type Random,
  RejectedError,
} from "../base/index.ts";
import type {
  CircuitBreaker,
  CircuitBreakerOptions,
  CircuitStats,
} from "../circuit-breaker/index.ts";
import { type ExecutorOptions, ResilientExecutor } from "./executor.ts";
import { NamedCall, type RegistryState } from "./named-call.ts";
import type { CallMeasure, CallTotals, CircuitMeasure } from "./result.ts";
import {
  type CallPreset,
  type CallSettings,
  type ResiliencePreset,
  resiliencePresets,
} from "./settings.ts";

/** Options of an executor whose name is given apart. */
export interface RegisteredOptions<F = never> extends Omit<ExecutorOptions<F>, "name"> {
  /**
   * What it starts from; `none`: only what is named here and in the settings.
   * @defaultValue the preset of the settings, or "api"
   */
  readonly preset?: CallPreset | "none";
}

export interface CallRegistry {
  /** An executor of that name. All of one name share their circuit, their settings and their totals. */
  executor<F = never>(name: string, options?: RegisteredOptions<F>): ResilientExecutor<F>;
  /** Sets what holds for a name, over what the code says; executors that exist follow at their next call. */
  configure(name: string, settings: CallSettings): void;
  /** Sets how cautious all calls are that have a preset, until the next preset. */
  applyPreset(preset: ResiliencePreset): void;
  /** The clock and the chance of executors and circuits that are made from here on without their own. */
  use(sources: { readonly clock?: Clock; readonly random?: Random }): void;
  /** Hears of the end of every call; a listener never breaks a call. Returns what ends it. */
  onCall(listener: Listener<CallMeasure>): Cancel;
  /** Hears of every transition of a circuit of this registry. Returns what ends it. */
  onCircuit(listener: Listener<CircuitMeasure>): Cancel;
  /** Totals by name. */
  stats(): Readonly<Record<string, CallTotals>>;
  readonly circuits: CircuitRegistry;
}

export interface CircuitRegistry {
  /** The circuit of that name; where it exists already, it stays as it was made. */
  getOrCreate<F = never>(options: CircuitBreakerOptions<F>): CircuitBreaker<F>;
  get(name: string): CircuitBreaker<unknown> | undefined;
  getAllStats(): Readonly<Record<string, CircuitStats>>;
  resetAll(): void;
}

/** Names are few and written by people; so many mean that they are made from data. */
const MOST_NAMES = 10_000;

/** The registry holds as many names as it ever will; use few names, such as one a dependency. */
export class RegistryFullError extends RejectedError {
  override readonly name = "RegistryFullError";
  readonly code = "KINTSUGI_REGISTRY_FULL";

  constructor(name: string) {
    super(`No room for the name "${name}": the registry holds ${MOST_NAMES} already`, 0);
  }
}

/** A registry of its own, for a second runtime in one process or for a test. */
export function createCallRegistry(): CallRegistry {
  return new Registry();
}

/** One of the two values that the house keeps for a whole process; made when it is first used. */
let shared: CallRegistry | undefined;

function sharedRegistry(): CallRegistry {
  shared ??= createCallRegistry();
  return shared;
}

/**
 * The registry of the process. A runtime configures it and listens to it; the executors and circuits of
 * the factories stand in it.
 */
export const callRegistry: CallRegistry = {
  executor: (name, options) => sharedRegistry().executor(name, options),
  configure: (name, settings) => sharedRegistry().configure(name, settings),
  applyPreset: (preset) => sharedRegistry().applyPreset(preset),
  use: (sources) => sharedRegistry().use(sources),
  onCall: (listener) => sharedRegistry().onCall(listener),
  onCircuit: (listener) => sharedRegistry().onCircuit(listener),
  stats: () => sharedRegistry().stats(),
  get circuits() {
    return sharedRegistry().circuits;
  },
};

class Registry implements CallRegistry {
  readonly circuits: CircuitRegistry;
  readonly #names = new Map<string, NamedCall>();
  readonly #state: RegistryState = {
    sources: {},
    caution: {},
    calls: new Listeners(),
    transitions: new Listeners(),
  };

  constructor() {
    this.circuits = {
      getOrCreate: <F>(options: CircuitBreakerOptions<F>) =>
        // Whoever asks again for a name asks for the same circuit, and means the same answers by it.
        this.#named(options.name).circuitByHand(options) as CircuitBreaker<F>,
      get: (name) => this.#names.get(name)?.circuit,
      getAllStats: () => Object.fromEntries(this.#all().map((each) => [each.name, each.stats()])),
      resetAll: () => {
        for (const circuit of this.#all()) circuit.reset();
      },
    };
  }

  executor<F = never>(name: string, options: RegisteredOptions<F> = {}): ResilientExecutor<F> {
    const { preset, ...own } = options;
    const shared = this.#named(name).shared(preset);
    return new ResilientExecutor({ ...this.#state.sources, ...own, name }, shared);
  }

  configure(name: string, settings: CallSettings): void {
    this.#named(name).configure(settings);
  }

  applyPreset(preset: ResiliencePreset): void {
    this.#state.caution = resiliencePresets[preset];
    for (const named of this.#names.values()) named.revision += 1;
  }

  use(sources: { readonly clock?: Clock; readonly random?: Random }): void {
    this.#state.sources = { ...this.#state.sources, ...sources };
  }

  onCall(listener: Listener<CallMeasure>): Cancel {
    return this.#state.calls.add(listener);
  }

  onCircuit(listener: Listener<CircuitMeasure>): Cancel {
    return this.#state.transitions.add(listener);
  }

  stats(): Readonly<Record<string, CallTotals>> {
    return Object.fromEntries([...this.#names].map(([name, { totals }]) => [name, totals]));
  }

  #named(name: string): NamedCall {
    const known = this.#names.get(name);
    if (known) return known;
    if (this.#names.size >= MOST_NAMES) throw new RegistryFullError(name);
    const named = new NamedCall(name, this.#state);
    this.#names.set(name, named);
    return named;
  }

  #all(): readonly CircuitBreaker<unknown>[] {
    return [...this.#names.values()].flatMap(({ circuit }) => circuit ?? []);
  }
}
