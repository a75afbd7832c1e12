/** The waist of the house: what every policy can do. */

import type { Call, CallContext } from "./call.ts";
import type { Guard } from "./guard.ts";
import type { Retry } from "./retry.ts";
import type { TimeLimit } from "./timed-attempt.ts";

/**
 * Something that decides whether, when and how often a {@link Call} runs. `Alternative` is the type of
 * what it may answer in the call's place, as a fallback does.
 */
export interface Policy<Alternative = never> {
  execute<T>(call: Call<T>, signal?: AbortSignal): Promise<T | Alternative>;
  /**
   * As `execute`, inside another policy: the call goes on with the context that the outer one made, so
   * that it hears of the outer attempt and the outer signal. A policy without it is still composable.
   */
  within?<T>(call: Call<T>, context: CallContext): Promise<T | Alternative>;
  /** What it is in a {@link Frame}, where it fits one: a pipeline can then run it beside others. */
  readonly layer?: Layer | undefined;
  /** Never there: it carries the type to where policies are joined. */
  readonly alternative?: Alternative;
}

/** What a policy is in a frame. */
export type Layer =
  /** Its guard, where it has one, hears of every attempt. */
  | { readonly kind: "retry"; readonly retry: Retry; readonly guard?: Guard | undefined }
  | { readonly kind: "guard"; readonly guard: Guard }
  | { readonly kind: "time-limit"; readonly limit: TimeLimit };
