/** What a registry keeps for one name: its settings, its guards, its totals. */

import type { Clock, Listeners, Random } from "../base/index.ts";
import type { CircuitBreaker, CircuitBreakerOptions } from "../circuit-breaker/index.ts";
import { ResilientExecutor } from "./executor.ts";
import { Guards } from "./guards.ts";
import { mustKnow } from "./resilience-update.ts";
import { type CallMeasure, type CircuitMeasure, Tally } from "./result.ts";
import {
  among,
  type CallPolicies,
  type CallPreset,
  type CallSettings,
  overlay,
  policiesOf,
  type ResiliencePreset,
} from "./settings.ts";
import type { SharedCall } from "./shared-call.ts";
import type { Switch } from "./switch.ts";

/** All of them: the interface is bound to it, so that none is forgotten. */
const SETTING_KEYS: Readonly<Record<keyof CallSettings, true>> = {
  preset: true,
  timeoutMs: true,
  retry: true,
  circuitBreaker: true,
  rateLimit: true,
  bulkhead: true,
};

/** What holds for all names of a registry. */
export interface RegistryState {
  readonly switch: Switch;
  sources: { readonly clock?: Clock; readonly random?: Random };
  presets: Readonly<Record<CallPreset | ResiliencePreset, CallPolicies>>;
  /** Laid over the preset of every call that has one. */
  caution: ResiliencePreset;
  /** Laid over what the presets say, in every executor that has such a policy. */
  general: CallPolicies;
  /** Grows whenever the policies of all names may have changed. */
  revision: number;
  readonly calls: Listeners<CallMeasure>;
  readonly transitions: Listeners<CircuitMeasure>;
}

export class NamedCall {
  readonly guards: Guards;
  readonly tally: Tally = new Tally();
  readonly #name: string;
  readonly #registry: RegistryState;
  #revision = 0;
  #settings: CallSettings = {};

  constructor(name: string, registry: RegistryState) {
    this.#name = name;
    this.#registry = registry;
    // It refers to this name, which so lives as long as somebody holds its circuit.
    this.guards = new Guards(name, ({ from, to }) => this.#tellTransition(from, to));
    this.guards.turn(registry.switch.isOn);
  }

  /** @throws {@link RangeError} when a setting is out of its range or not known; then nothing has changed. */
  configure(settings: CallSettings): void {
    mustKnow("", settings, SETTING_KEYS);
    const policies = policiesOf(settings);
    refuseUnusable(this.#name, policies);
    this.guards.configure(policies);
    this.#settings = settings;
    this.#revision += 1;
  }

  /** The circuit as somebody wants it who has no executor. */
  circuitByHand<F>(options: CircuitBreakerOptions<F>): CircuitBreaker<unknown> {
    const { clock } = this.#registry.sources;
    const { circuitBreaker } = policiesOf(this.#settings);
    return this.guards.circuitByHand({ ...(clock && { clock }), ...options, ...circuitBreaker });
  }

  get revision(): number {
    return this.#revision + this.#registry.revision;
  }

  /** What an executor of the name is given. */
  shared(preset: CallPreset | "none" | undefined): SharedCall {
    return new NamedShare(this, this.#registry, preset);
  }

  policies(preset: CallPreset | "none" | undefined, own: CallPolicies): CallPolicies {
    const { presets, caution, general } = this.#registry;
    const chosen = preset ?? this.#settings.preset ?? "api";
    const layers = chosen === "none" ? [] : [presets[chosen], presets[caution]];
    const named = overlay(...layers, own);
    return overlay(...layers, among(general, named), own, policiesOf(this.#settings));
  }

  #tellTransition(from: CircuitMeasure["from"], to: CircuitMeasure["to"]): void {
    this.#registry.transitions.tell({ name: this.#name, from, to });
  }
}

/** One executor's share in a name. Read at every call: so it is made of fields, and of no closures. */
class NamedShare implements SharedCall {
  readonly guards: Guards;
  readonly tally: Tally;
  readonly #named: NamedCall;
  readonly #registry: RegistryState;
  readonly #preset: CallPreset | "none" | undefined;

  constructor(named: NamedCall, registry: RegistryState, preset: CallPreset | "none" | undefined) {
    this.guards = named.guards;
    this.tally = named.tally;
    this.#named = named;
    this.#registry = registry;
    this.#preset = preset;
  }

  get revision(): number {
    return this.#named.revision + this.#registry.switch.turns;
  }

  get isOn(): boolean {
    return this.#registry.switch.isOn;
  }

  get isHeard(): boolean {
    return this.#registry.calls.isHeard;
  }

  policies(own: CallPolicies): CallPolicies {
    return this.#named.policies(this.#preset, own);
  }

  tell(measure: CallMeasure): void {
    this.#registry.calls.tell(measure);
  }
}

/** Refuses at once what would fail later, where nobody waits for it; also while policies are off. */
export function refuseUnusable(name: string, policies: CallPolicies): void {
  new ResilientExecutor({ name, ...policies });
}
