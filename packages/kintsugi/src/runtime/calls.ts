/** Named policies meet the runtime: options from the configuration, measures to the healer, circuits to the log. */

import type { CallRegistry } from "@kintsugi/policy";
import type { Clock } from "@kintsugi/policy/base";

import type { CallConfig } from "../config/index.ts";
import type { Healer } from "../heal/index.ts";
import { fact, type Store } from "../store/index.ts";

/** Settings stand above what the code of an executor says; executors that exist follow. */
export function configureCalls(
  registry: CallRegistry,
  calls: Readonly<Record<string, CallConfig>>,
): void {
  for (const [name, settings] of Object.entries(calls)) registry.configure(name, settings);
}

const verbs = { open: "opened", "half-open": "half-opened", closed: "closed" } as const;

/** Returns the way to stop listening. */
export function attachCalls(
  registry: CallRegistry,
  healer: Healer,
  store: Store,
  clock: Clock,
  onFailure: (error: unknown) => void,
): () => void {
  const stopCalls = registry.onCall(({ name, outcome }) => {
    if (outcome !== "ignore") healer.recordCall(name, outcome === "failure", clock.epochMs());
  });
  const stopCircuits = registry.onCircuit(({ name, from, to }) => {
    const change = fact(`circuit.${verbs[to]}`, clock.epochMs(), { circuit: name, from, to });
    store.commit([change]).catch(onFailure);
  });
  return () => {
    stopCalls();
    stopCircuits();
  };
}
