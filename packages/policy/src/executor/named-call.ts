/** What a registry keeps for one name: its settings, its circuit, its totals. */

import type { Clock, Listeners, Outcome, Random } from "../base/index.ts";
import { CircuitBreaker, type CircuitBreakerOptions } from "../circuit-breaker/index.ts";
import { ResilientExecutor, type SharedCall } from "./executor.ts";
import type { CallMeasure, CallTotals, CircuitMeasure } from "./result.ts";
import {
  type CallPolicies,
  type CallPreset,
  type CallSettings,
  callPresets,
  overlay,
  policiesOf,
} from "./settings.ts";

/** What holds for all names of a registry. */
export interface RegistryState {
  sources: { readonly clock?: Clock; readonly random?: Random };
  /** Laid over the preset of every call that has one. */
  caution: CallPolicies;
  readonly calls: Listeners<CallMeasure>;
  readonly transitions: Listeners<CircuitMeasure>;
}

export class NamedCall {
  /** Grows whenever the policies of the name may have changed. */
  revision = 0;
  readonly #name: string;
  readonly #registry: RegistryState;
  readonly #totals = { calls: 0, failed: 0, retried: 0, fallbacks: 0, attempts: 0 };
  #settings: CallSettings = {};
  #circuit: CircuitBreaker<unknown> | undefined;
  /** A circuit that somebody made by hand keeps the thresholds that it was given. */
  #isByHand = false;

  constructor(name: string, registry: RegistryState) {
    this.#name = name;
    this.#registry = registry;
  }

  get circuit(): CircuitBreaker<unknown> | undefined {
    return this.#circuit;
  }

  get totals(): CallTotals {
    return { ...this.#totals };
  }

  /** @throws {@link RangeError} when a setting is out of its range; then nothing has changed. */
  configure(settings: CallSettings): void {
    const policies = policiesOf(settings);
    new ResilientExecutor({ name: this.#name, ...policies }); // Refuses here what would fail later.
    this.#settings = settings;
    this.revision += 1;
    if (policies.circuitBreaker) this.#circuit?.configure(policies.circuitBreaker);
  }

  /** The circuit as somebody wants it who has no executor. */
  circuitByHand<F>(options: CircuitBreakerOptions<F>): CircuitBreaker<unknown> {
    if (this.#circuit) return this.#circuit;
    this.#isByHand = true;
    return this.#make({ ...options, ...policiesOf(this.#settings).circuitBreaker });
  }

  /** What an executor of the name is given. */
  shared(preset: CallPreset | "none" | undefined): SharedCall {
    const revision = (): number => this.revision;
    const { calls } = this.#registry;
    return {
      get revision() {
        return revision();
      },
      policies: (own) => this.#policies(preset, own),
      breaker: (thresholds) => this.#circuitOf(thresholds),
      count: (outcome, attempts, source) => this.#count(outcome, attempts, source),
      get isHeard() {
        return calls.isHeard;
      },
      tell: (measure) => calls.tell(measure),
    };
  }

  #policies(preset: CallPreset | "none" | undefined, own: CallPolicies): CallPolicies {
    const chosen = preset ?? this.#settings.preset ?? "api";
    const layers = chosen === "none" ? [] : [callPresets[chosen], this.#registry.caution];
    return overlay(...layers, own, policiesOf(this.#settings));
  }

  #circuitOf(thresholds: NonNullable<CallPolicies["circuitBreaker"]>): CircuitBreaker<unknown> {
    if (!this.#circuit) return this.#make({ ...thresholds, name: this.#name });
    if (!this.#isByHand) this.#circuit.configure(thresholds);
    return this.#circuit;
  }

  #make<F>(options: CircuitBreakerOptions<F>): CircuitBreaker<unknown> {
    const { clock } = this.#registry.sources;
    const { onTransition } = options;
    this.#circuit = new CircuitBreaker<unknown>({
      ...(clock && { clock }),
      ...options,
      onTransition: (transition) => {
        const { from, to } = transition;
        this.#registry.transitions.tell({ name: this.#name, from, to });
        return onTransition?.(transition);
      },
    });
    return this.#circuit;
  }

  #count(outcome: Outcome, attempts: number, source: CallMeasure["source"]): void {
    const totals = this.#totals;
    totals.calls += 1;
    totals.attempts += attempts;
    if (outcome !== "success") totals.failed += 1;
    if (attempts > 1) totals.retried += 1;
    if (source === "fallback") totals.fallbacks += 1;
  }
}
