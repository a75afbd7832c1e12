/** The policies of a program by name: configured from one place, counted in one place. */

import {
  aClock,
  aName,
  aRandom,
  type Cancel,
  type Clock,
  checkOptions,
  type Listener,
  Listeners,
  mustBe,
  oneOf,
  type Random,
} from "../base/index.ts";
import {
  breakerNeeds,
  type CircuitBreaker,
  type CircuitBreakerOptions,
  type CircuitStats,
  limitsOf,
} from "../circuit-breaker/index.ts";
import { ResilientExecutor } from "./executor.ts";
import { registeredNeeds } from "./executor-needs.ts";
import type { ExecutorOptions, MaybeSchema } from "./executor-options.ts";
import { NamedCall, type RegistryState, refuseUnusable } from "./named-call.ts";
import { Names } from "./names.ts";
import { resiliencePresets } from "./presets.ts";
import { processSlot } from "./process-slot.ts";
import { type ResilienceUpdate, untouched, updated } from "./resilience-update.ts";
import type { CallMeasure, CallTotals, CircuitMeasure } from "./result.ts";
import type { CallPreset, CallSettings, ResiliencePreset } from "./settings.ts";
import { readSwitch, type Switch, turn } from "./switch.ts";

/** Options of an executor whose name is given apart. */
export interface RegisteredOptions<F = never, S extends MaybeSchema = MaybeSchema>
  extends Omit<ExecutorOptions<F, S>, "name"> {
  /**
   * What it starts from; `none`: only what is named here and in the settings.
   * @defaultValue the preset of the settings, or "api"
   */
  readonly preset?: CallPreset | "none";
}

/**
 * A name is kept as long as somebody holds one of its executors or its circuit, when it was configured,
 * and while it is one of the last thousand that were asked for. Else it goes, with its totals.
 */
export interface CallRegistry {
  /**
   * An executor of that name. All of one name share their circuit, their limits, their settings and their
   * totals; each has a cache and a hedge of its own.
   */
  executor<F = never, S extends MaybeSchema = undefined>(
    name: string,
    options?: RegisteredOptions<F, S>,
  ): ResilientExecutor<F, S>;
  /**
   * Sets what holds for a name, over what the code says; executors that exist follow at their next call,
   * and what their guards know stays known.
   *
   * @throws {@link RangeError} when a setting is out of its range or not known; then nothing has changed.
   */
  configure(name: string, settings: CallSettings): void;
  /** Sets how cautious all calls are that have a preset, until the next preset. */
  applyPreset(preset: ResiliencePreset): void;
  /**
   * Changes what holds for all names, and switches all policies off and on.
   *
   * @throws {@link RangeError} when a value cannot be used; then nothing has changed.
   */
  update(update: ResilienceUpdate): void;
  /** False while calls go straight through. */
  readonly isEnabled: boolean;
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

/** A registry of its own, for a second runtime in one process or for a test. */
export function createCallRegistry(): CallRegistry {
  return new Registry(readSwitch());
}

/** That of the process; made when it is first used, by whichever copy of this package that is. */
function sharedRegistry(): CallRegistry {
  const slot = processSlot();
  slot.registry ??= new Registry(slot.switch);
  return slot.registry as CallRegistry; // As all copies of this protocol make it.
}

/**
 * The registry of the process. A runtime configures it and listens to it; the executors and circuits of
 * the factories stand in it. All copies of this package that speak its protocol share it: match errors
 * and executors by `code` and `name`, for their class may be another copy's.
 */
export const callRegistry: CallRegistry = {
  executor: (name, options) => sharedRegistry().executor(name, options),
  configure: (name, settings) => sharedRegistry().configure(name, settings),
  applyPreset: (preset) => sharedRegistry().applyPreset(preset),
  update: (update) => sharedRegistry().update(update),
  get isEnabled() {
    return sharedRegistry().isEnabled;
  },
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
  readonly #names = new Names<NamedCall>();
  readonly #state: RegistryState;

  constructor(ownSwitch: Switch) {
    this.#state = {
      switch: ownSwitch,
      sources: {},
      ...untouched,
      caution: "production",
      revision: 0,
      calls: new Listeners(),
      transitions: new Listeners(),
    };
    this.circuits = {
      getOrCreate: <F>(options: CircuitBreakerOptions<F>) => {
        checkOptions("CircuitBreaker", options, breakerNeeds);
        limitsOf(options, 0); // Also those of a circuit that is there already.
        // Whoever asks again for a name asks for the same circuit, and means the same answers by it.
        return this.#named(options.name).circuitByHand(options) as CircuitBreaker<F>;
      },
      get: (name) => this.#names.find(name)?.guards.circuit,
      getAllStats: () => Object.fromEntries(this.#all().map((each) => [each.name, each.stats()])),
      resetAll: () => {
        for (const circuit of this.#all()) circuit.reset();
      },
    };
  }

  get isEnabled(): boolean {
    return this.#state.switch.isOn;
  }

  executor<F = never, S extends MaybeSchema = undefined>(
    name: string,
    options: RegisteredOptions<F, S> = {},
  ): ResilientExecutor<F, S> {
    mustBe("name", name, aName);
    checkOptions("ResilientExecutor", options, registeredNeeds);
    const { preset, ...own } = options;
    const shared = this.#named(name).shared(preset);
    return new ResilientExecutor<F, S>({ ...this.#state.sources, ...own, name }, shared);
  }

  configure(name: string, settings: CallSettings): void {
    const named = this.#named(name);
    named.configure(settings);
    this.#names.pin(name, named);
  }

  applyPreset(preset: ResiliencePreset): void {
    mustBe("A preset", preset, oneOf(Object.keys(resiliencePresets)));
    this.#state.caution = preset;
    this.#state.revision += 1;
  }

  update(update: ResilienceUpdate): void {
    const next = updated(this.#state, update, (policies) => refuseUnusable("update", policies));
    this.#state.presets = next.presets;
    this.#state.general = next.general;
    this.#state.revision += 1;
    if (update.enabled !== undefined) this.#turn(update.enabled);
  }

  use(sources: { readonly clock?: Clock; readonly random?: Random }): void {
    checkOptions("use()", sources, { clock: aClock, random: aRandom });
    this.#state.sources = { ...this.#state.sources, ...sources };
  }

  onCall(listener: Listener<CallMeasure>): Cancel {
    return this.#state.calls.add(listener);
  }

  onCircuit(listener: Listener<CircuitMeasure>): Cancel {
    return this.#state.transitions.add(listener);
  }

  stats(): Readonly<Record<string, CallTotals>> {
    return Object.fromEntries(this.#names.list().map(([name, { tally }]) => [name, tally.totals]));
  }

  #turn(isOn: boolean): void {
    turn(this.#state.switch, isOn);
    for (const [, { guards }] of this.#names.list()) guards.turn(isOn);
  }

  #named(name: string): NamedCall {
    mustBe("name", name, aName);
    return this.#names.get(name, () => new NamedCall(name, this.#state));
  }

  #all(): readonly CircuitBreaker<unknown>[] {
    return this.#names.list().flatMap(([, { guards }]) => guards.circuit ?? []);
  }
}
