/** What can be changed for all calls while they run, and how it is checked before anything is. */

import { aSwitch, mustBe, refused, toError } from "../base/index.ts";
import type { BulkheadThresholds } from "../bulkhead/index.ts";
import type { CircuitThresholds } from "../circuit-breaker/index.ts";
import type { RateLimits } from "../rate-limit/index.ts";
import type { RetryOptions } from "../retry/index.ts";
import { callPresets, resiliencePresets } from "./presets.ts";
import {
  among,
  type CallPolicies,
  type CallPreset,
  overlay,
  type ResiliencePreset,
} from "./settings.ts";

/** The part of a retry that is plain data. */
export type RetryLimitOptions = Pick<
  RetryOptions,
  | "maxAttempts"
  | "initialDelayMs"
  | "maxDelayMs"
  | "backoffMultiplier"
  | "jitterFactor"
  | "maxTotalMs"
>;

/** The values of a preset that are to be others; what is not named stays. */
export interface PresetUpdate {
  /** How often, and how soon, a call is made again. */
  readonly retry?: RetryLimitOptions;
  /** When the circuit opens, and for how long. */
  readonly circuitBreaker?: CircuitThresholds;
  /** Milliseconds that each attempt may take, above 0 to 1e12. */
  readonly timeout?: number;
  /** How many calls and tokens a window may hold. */
  readonly rateLimit?: RateLimits;
  /** How many calls may run, and wait, at once. */
  readonly bulkhead?: BulkheadThresholds;
}

/** What is not named stays as it is. */
export interface ResilienceUpdate {
  /**
   * Whether there are policies at all; with `false`, calls go straight through.
   * @defaultValue as `RESILIENCE_ENABLED` says, or true
   */
  readonly enabled?: boolean;
  /** For all retries of executors, over their presets and under what their code or settings say. */
  readonly retry?: RetryLimitOptions;
  /** For all circuits of executors, in the same way. */
  readonly circuitBreaker?: CircuitThresholds;
  /** Other values for the presets, those of the calls and those of their caution. */
  readonly presets?: Readonly<Partial<Record<CallPreset | ResiliencePreset, PresetUpdate>>>;
}

/** What an update comes to. */
export interface Resilience {
  readonly presets: Readonly<Record<CallPreset | ResiliencePreset, CallPolicies>>;
  readonly general: CallPolicies;
}

export const untouched: Resilience = {
  presets: { ...callPresets, ...resiliencePresets },
  general: {},
};

/** All of them: the interface is bound to it, so that none is forgotten. */
const KEYS: Readonly<Record<keyof ResilienceUpdate, true>> = {
  enabled: true,
  retry: true,
  circuitBreaker: true,
  presets: true,
};

const PRESET_KEYS: Readonly<Record<keyof PresetUpdate, true>> = {
  retry: true,
  circuitBreaker: true,
  timeout: true,
  rateLimit: true,
  bulkhead: true,
};

const RETRY_KEYS: Readonly<Record<keyof RetryLimitOptions, true>> = {
  maxAttempts: true,
  initialDelayMs: true,
  maxDelayMs: true,
  backoffMultiplier: true,
  jitterFactor: true,
  maxTotalMs: true,
};

/**
 * @param refuse Throws when policies cannot be made.
 * @throws {@link RangeError} naming the key that is not known, or whose value cannot be used.
 */
export function updated(
  before: Resilience,
  update: ResilienceUpdate,
  refuse: (policies: CallPolicies) => void,
): Resilience {
  mustKnow("", update, KEYS);
  const { enabled = true, retry, circuitBreaker, presets = {} } = update;
  mustBe("enabled", enabled, aSwitch);
  const general = {
    ...(retry !== undefined && { retry }),
    ...(circuitBreaker !== undefined && { circuitBreaker }),
  };
  mustBeUsable("", general, refuse);
  mustKnow("presets", presets, before.presets);
  for (const [name, values] of Object.entries(presets)) {
    mustKnow(`presets.${name}`, values, PRESET_KEYS);
    mustBeUsable(`presets.${name}.`, values, refuse);
  }
  const next: Resilience = {
    general: overlay(before.general, general),
    presets: { ...before.presets, ...laidOver(before.presets, presets) },
  };
  mustFit(next, refuse);
  return next;
}

function laidOver(
  before: Resilience["presets"],
  presets: NonNullable<ResilienceUpdate["presets"]>,
): Partial<Resilience["presets"]> {
  const names = Object.keys(presets) as (keyof typeof presets)[];
  return Object.fromEntries(
    names.map((name) => [name, overlay(before[name], presets[name] ?? {})]),
  );
}

/** Each by itself, so that the sentence can say which it is. */
function mustBeUsable(
  path: string,
  policies: PresetUpdate,
  refuse: (policies: CallPolicies) => void,
): void {
  for (const [policy, options] of Object.entries(policies) as [keyof PresetUpdate, unknown][]) {
    if (policy === "retry") mustKnow(`${path}retry`, options, RETRY_KEYS);
    else if (policy !== "timeout") mustBeObject(`${path}${policy}`, options);
    const inner = policy === "timeout" ? path : `${path}${policy}.`;
    attempt(inner, () => refuse({ [policy]: options }));
  }
}

/** What is right by itself may be wrong beside the rest: in every mixture that executors can have. */
function mustFit({ presets, general }: Resilience, refuse: (policies: CallPolicies) => void): void {
  for (const call of Object.keys(callPresets) as CallPreset[]) {
    for (const caution of Object.keys(resiliencePresets) as ResiliencePreset[]) {
      const mixed = overlay(presets[call], presets[caution]);
      const where = `The preset ${call} under ${caution} could not be used: `;
      attempt(where, () => refuse(overlay(mixed, among(general, mixed))));
    }
  }
}

function attempt(where: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw new RangeError(`${where}${toError(error).message}`, { cause: error });
  }
}

/** @throws {@link RangeError} naming the key that is not known. */
export function mustKnow(path: string, given: unknown, known: object): void {
  mustBeObject(path || "The update", given);
  const names = Object.keys(known);
  const unknown = Object.keys(given).find((key) => !Object.hasOwn(known, key));
  if (unknown === undefined) return;
  const place = path ? `${path}.${unknown}` : unknown;
  throw new RangeError(`${place} cannot be set here; what can is: ${names.join(", ")}`);
}

function mustBeObject(path: string, given: unknown): asserts given is object {
  if (typeof given === "object" && given !== null && !Array.isArray(given)) return;
  throw refused(path, "an object with options", given);
}
