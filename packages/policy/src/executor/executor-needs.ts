/** What the options of an executor must be, those of its policies included. */

import { adaptiveNeeds } from "../adaptive-limit/index.ts";
import {
  aClassifier,
  aClock,
  aFunction,
  aName,
  anObject,
  anyText,
  aRandom,
  checkOptions,
  type Need,
  type Needs,
  numberBetween,
  oneOf,
  wholeNumber,
} from "../base/index.ts";
import { bulkheadNeeds } from "../bulkhead/index.ts";
import { cacheNeeds } from "../cache/index.ts";
import { chaosNeeds } from "../chaos/index.ts";
import { breakerNeeds, thresholdNeeds } from "../circuit-breaker/index.ts";
import { hedgeNeeds } from "../hedge/index.ts";
import { limiterNeeds, rateClaimNeeds } from "../rate-limit/index.ts";
import { retryNeeds } from "../retry/index.ts";
import { timeoutNeeds } from "../timeout/index.ts";
import { validateNeeds } from "../validate/index.ts";
import { claimOf } from "../waiting/index.ts";
import type { CallClaim, ExecutorOptions, MaybeSchema } from "./executor-options.ts";
import type { CallPolicies, CallPreset } from "./settings.ts";

export const executorNeeds: Needs<ExecutorOptions<unknown, MaybeSchema>> = {
  name: aName,
  cache: anObject,
  retry: anObject,
  hedge: anObject,
  circuitBreaker: anObject,
  rateLimit: anObject,
  bulkhead: anObject,
  adaptiveLimit: anObject,
  timeout: {
    words: "a number of milliseconds or an object",
    fits: (value) => typeof value === "number" || anObject.fits(value),
  },
  validate: anObject,
  chaos: anObject,
  fallback: {
    words: "a function or a list of at least one source",
    fits: (value) => typeof value === "function" || (Array.isArray(value) && value.length > 0),
  },
  onCall: aFunction,
  classifier: aClassifier,
  clock: aClock,
  random: aRandom,
};

const presets: Readonly<Record<CallPreset | "none", true>> = {
  api: true,
  database: true,
  llm: true,
  none: true,
};

const { name: _, ...unnamed } = executorNeeds;

/** Those of an executor whose name is given apart. */
export const registeredNeeds: Readonly<Record<string, Need>> = {
  ...unnamed,
  preset: oneOf(Object.keys(presets)),
};

const claimNeeds: Needs<CallClaim> = { ...rateClaimNeeds, cacheKey: anyText };

/**
 * Whichever policies the executor has: another configuration may give it those that look at a claim.
 *
 * @throws {@link RangeError} naming what is out of its range, of a wrong kind, or not known.
 */
export function checkClaim(claim: CallClaim): void {
  claimOf("ResilientExecutor.with()", claim, claimNeeds);
  if (claim.cost !== undefined) wholeNumber("cost", claim.cost, 0);
}

/** What the executor knows by itself, and a cache by the claim of its calls. */
const OWN: readonly string[] = ["name", "key", "clock", "random", "classifier"];

const within = (needs: object): Readonly<Record<string, Need>> =>
  Object.fromEntries(Object.entries(needs).filter(([name]) => !OWN.includes(name)));

const policyNeeds: Readonly<Record<keyof CallPolicies, Readonly<Record<string, Need>>>> = {
  cache: within(cacheNeeds),
  retry: within(retryNeeds),
  hedge: within(hedgeNeeds),
  circuitBreaker: {
    ...thresholdNeeds,
    outcomeOf: breakerNeeds.outcomeOf,
    initialState: breakerNeeds.initialState,
  },
  rateLimit: within(limiterNeeds),
  bulkhead: within(bulkheadNeeds),
  adaptiveLimit: within(adaptiveNeeds),
  timeout: within(timeoutNeeds),
  validate: validateNeeds,
  chaos: within(chaosNeeds),
};

/**
 * Also those that the executor will not be made of, as another of its name has made that policy before.
 *
 * @throws {@link RangeError} naming the policy, and which of its options is none that it can use.
 */
export function checkPolicies(policies: CallPolicies): void {
  for (const [policy, needs] of Object.entries(policyNeeds)) {
    const options = policies[policy as keyof CallPolicies];
    if (options === undefined) continue;
    if (typeof options === "number") numberBetween(policy, options, Number.MIN_VALUE, 1e12);
    else checkOptions(policy, options, needs, `${policy}.`);
  }
}
