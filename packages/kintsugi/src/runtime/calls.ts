/** Named policies meet the runtime: options from the configuration, measures to those who count, circuits to the log. */

import type { CallRegistry } from "@kintsugi/policy";
import type { Clock } from "@kintsugi/policy/base";

import type { CallConfig } from "../config/index.ts";
import type { Healer } from "../heal/index.ts";
import type { Recorder } from "../observe/index.ts";
import { fact, type Store } from "../store/index.ts";

/** Settings stand above what the code of an executor says; executors that exist follow. */
export function configureCalls(
  registry: CallRegistry,
  calls: Readonly<Record<string, CallConfig>>,
): void {
  for (const [name, settings] of Object.entries(calls)) registry.configure(name, settings);
}

const verbs = { open: "opened", "half-open": "half-opened", closed: "closed" } as const;

interface CallListeners {
  readonly healer: Healer;
  readonly recorder: Recorder;
  readonly store: Store;
  readonly clock: Clock;
  readonly onFailure: (error: unknown) => void;
}

/** One listener for all, as each costs every call a turn. Returns the way to stop listening. */
export function attachCalls(
  registry: CallRegistry,
  { healer, recorder, store, clock, onFailure }: CallListeners,
): () => void {
  const stopCalls = registry.onCall((measure) => {
    const nowMs = clock.epochMs();
    recorder.call(measure, nowMs);
    const { name, outcome } = measure;
    if (outcome !== "ignore") healer.recordCall(name, outcome === "failure", nowMs);
  });
  const stopCircuits = registry.onCircuit((measure) => {
    recorder.circuit(measure);
    const { name, from, to } = measure;
    const change = fact(`circuit.${verbs[to]}`, clock.epochMs(), { circuit: name, from, to });
    store.commit([change]).catch(onFailure);
  });
  return () => {
    stopCalls();
    stopCircuits();
  };
}
