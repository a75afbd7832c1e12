/** What an executor is made with, what a call may say, and what is known of an executor. */

import type { Clock, Listener, Random } from "../base/index.ts";
import type { CacheStats } from "../cache/index.ts";
import type { ChaosStats } from "../chaos/index.ts";
import type { Classifier } from "../classify/index.ts";
import type { FallbackAnswer, FallbackSource } from "../fallback/index.ts";
import type { HedgeStats } from "../hedge/index.ts";
import type { RateClaim } from "../rate-limit/index.ts";
import type {
  OutputOf,
  StandardSchema,
  ValidateOptions,
  ValidateStats,
} from "../validate/index.ts";
import type { GuardStats } from "./guards.ts";
import type { CallMeasure, CallTotals } from "./result.ts";
import type { CallPolicies } from "./settings.ts";

/** A schema that an executor may have. */
export type MaybeSchema = StandardSchema | undefined;

export interface ExecutorOptions<F = never, S extends MaybeSchema = MaybeSchema>
  extends Omit<CallPolicies, "validate"> {
  /** Names the dependency in measures and errors. */
  readonly name: string;
  /** What an answer has to be; the result then has the type of the schema. @defaultValue anything */
  readonly validate?: ValidateOptions<NonNullable<S>>;
  /**
   * Answers for a call that has failed for good; a list is asked in its order. Outside of all policies:
   * what it gives is neither kept nor counted by any. @defaultValue none
   */
  readonly fallback?: FallbackAnswer<F> | readonly FallbackSource<F>[];
  /** Hears of the end of every call. */
  readonly onCall?: Listener<CallMeasure>;
  /** @defaultValue the tables of `@kintsugi/policy/classify` */
  readonly classifier?: Classifier;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** What a call says before it is made. */
export interface CallClaim extends RateClaim {
  /** By which the cache knows the answer: all that it depends on. @defaultValue the cache is passed by */
  readonly cacheKey?: string;
}

/** What a call that returns a `T` comes to. */
export type AnswerOf<T, S extends MaybeSchema> = S extends StandardSchema ? OutputOf<S> : T;

/** Counted since the executor was made; totals, circuit and limits are those of the name. */
export interface ExecutorStats extends CallTotals, GuardStats {
  readonly name: string;
  /** False while calls go straight through. */
  readonly enabled: boolean;
  readonly cache?: CacheStats;
  readonly hedge?: HedgeStats;
  readonly validate?: ValidateStats;
  readonly chaos?: ChaosStats;
}
