/** The short ways to an executor or a circuit of the process's registry. */

import { checkOptions } from "../base/index.ts";
import type { FallbackAnswer } from "../fallback/index.ts";
import type { ResilientExecutor } from "./executor.ts";
import { executorNeeds } from "./executor-needs.ts";
import type { ExecutorOptions, MaybeSchema } from "./executor-options.ts";
import { type CircuitRegistry, callRegistry } from "./registry.ts";
import type { ResilienceUpdate } from "./resilience-update.ts";
import type { CallPreset, ResiliencePreset } from "./settings.ts";

/**
 * Executors by what they call, ready for use.
 *
 * @example
 * const executor = ResilientExecutorFactory.forAPI("weather", async () => lastKnownWeather());
 * const result = await executor.execute(({ signal }) => fetchWeather(city, { signal }));
 */
export const ResilientExecutorFactory: {
  forAPI<F = never>(name: string, fallback?: FallbackAnswer<F>): ResilientExecutor<F>;
  forDatabase<F = never>(name: string, fallback?: FallbackAnswer<F>): ResilientExecutor<F>;
  forLLM<F = never>(name: string, fallback?: FallbackAnswer<F>): ResilientExecutor<F>;
  /** Has the policies that are named, and no others. */
  custom<F = never, S extends MaybeSchema = undefined>(
    options: ExecutorOptions<F, S>,
  ): ResilientExecutor<F, S>;
} = {
  forAPI: (name, fallback) => preset("api", name, fallback),
  forDatabase: (name, fallback) => preset("database", name, fallback),
  forLLM: (name, fallback) => preset("llm", name, fallback),
  custom: (options) => {
    checkOptions("ResilientExecutor", options, executorNeeds);
    const { name, ...own } = options;
    return callRegistry.executor(name, { ...own, preset: "none" });
  },
};

/** Circuits by name. Executors of the same name share them. */
export const CircuitBreakerFactory: CircuitRegistry = {
  getOrCreate: (options) => callRegistry.circuits.getOrCreate(options),
  get: (name) => callRegistry.circuits.get(name),
  getAllStats: () => callRegistry.circuits.getAllStats(),
  resetAll: () => callRegistry.circuits.resetAll(),
};

/** Sets how cautious the calls of the process are: those that have a preset, made before or after. */
export function applyResiliencePreset(caution: ResiliencePreset): void {
  callRegistry.applyPreset(caution);
}

/**
 * Changes what holds for all executors and circuits of the process's registry while they work; what they
 * know stays known. `enabled: false` also concerns executors that stand in no registry.
 *
 * @throws {@link RangeError} naming the key that is not known, or whose value cannot be used; then nothing
 * has changed.
 * @example
 * updateResilienceConfig({ retry: { maxAttempts: 5 }, presets: { llm: { timeout: 60_000 } } });
 */
export function updateResilienceConfig(update: ResilienceUpdate): void {
  callRegistry.update(update);
}

function preset<F>(
  kind: CallPreset,
  name: string,
  fallback: FallbackAnswer<F> | undefined,
): ResilientExecutor<F> {
  return callRegistry.executor<F>(name, {
    preset: kind,
    ...(fallback !== undefined && { fallback }),
  });
}
