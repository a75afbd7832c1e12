/** How the process is, by what its circuits know. */

import { callRegistry } from "@kintsugi/policy";

import type { Health } from "../../supervise/index.ts";
import { defaultRuntime } from "./default-runtime.ts";

export type ProcessHealth = Health & {
  /** Epoch milliseconds. */
  readonly atMs: number;
  /** False while calls go straight through. */
  readonly enabled: boolean;
  /** The state of every circuit, by the name of its calls. */
  readonly circuits: Readonly<Record<string, "closed" | "open" | "half-open">>;
};

/**
 * Looks, at once and without a wait: degraded while a circuit refuses calls, by what the last calls have
 * shown. Components are the matter of a runtime: `runtime.health()`.
 */
export function getHealthStatus(): ProcessHealth {
  const all = Object.entries(callRegistry.circuits.getAllStats());
  const circuits = Object.fromEntries(all.map(([name, { state }]) => [name, state]));
  // One that is off, or only measures, refuses nobody, whatever its state says.
  const refusing = all.filter(
    ([, { state, mode, isolated }]) => isolated || (mode === "normal" && state !== "closed"),
  );
  return {
    ...healthBy(
      refusing.map(([name, { state, isolated }]) => [name, isolated ? "held open" : state]),
    ),
    atMs: defaultRuntime().host.clock.epochMs(),
    enabled: callRegistry.isEnabled,
    circuits,
  };
}

function healthBy(refusing: readonly (readonly [name: string, state: string])[]): Health {
  if (refusing.length === 0) return { kind: "healthy" };
  const list = refusing.map(([name, state]) => `"${name}" is ${state}`).join(", ");
  return { kind: "degraded", reason: `Of the circuits, ${list}` };
}
