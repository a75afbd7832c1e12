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
  /** What it does to calls: a pipeline checks its place by it. A policy without one may stand anywhere. */
  readonly role?: Role;
  /** Never there: it carries the type to where policies are joined. */
  readonly alternative?: Alternative;
}

/** What a policy does to calls, as far as its place among others depends on it. */
export interface Role {
  readonly kind: RoleKind;
  /** What must not stand twice around one call: two views of one bulkhead have one state. */
  readonly state: object;
  /** The part of that state that it uses: two keys of one cache do not meet. @defaultValue all of it */
  readonly key?: string;
  /** Names it in what is said of its place. @defaultValue its kind alone */
  readonly name?: string;
  /** Whether calls may wait in it for their turn. @defaultValue false */
  readonly waits?: boolean;
  /** Whether it judges by how long calls take. @defaultValue false */
  readonly measures?: boolean;
  /** Whether it asks a retry around it for another attempt. @defaultValue false */
  readonly asksAgain?: boolean;
  /** Whether it gives answers again without a choice between them. @defaultValue false */
  readonly keepsAll?: boolean;
  /** Milliseconds after which it returns, whatever the call does. @defaultValue never */
  readonly returnsAfterMs?: number;
  /** Milliseconds after which it bids the call stop. @defaultValue never */
  readonly stopsAfterMs?: number;
  /** Milliseconds before which it does nothing, for certain. @defaultValue 0 */
  readonly startsAfterMs?: number;
  /** Policies that stand around other calls than the one that it is given. @defaultValue none */
  readonly besides?: readonly Policy<unknown>[];
}

/** As people say it: `"circuit breaker"`. */
export type RoleKind =
  | "retry"
  | "circuit breaker"
  | "timeout"
  | "bulkhead"
  | "rate limiter"
  | "adaptive limiter"
  | "adaptive throttle"
  | "hedge"
  | "fallback"
  | "cache"
  | "validation"
  | "chaos";

/** What a policy is in a frame. */
export type Layer =
  /** Its guard, where it has one, hears of every attempt. */
  | { readonly kind: "retry"; readonly retry: Retry; readonly guard?: Guard | undefined }
  | { readonly kind: "guard"; readonly guard: Guard }
  | { readonly kind: "time-limit"; readonly limit: TimeLimit };
