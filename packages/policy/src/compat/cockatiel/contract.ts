/** What a policy is, for those who use it. */

import type { Event } from "./event.ts";

/** Why a call has failed: by an error, or by an answer that the policy takes for a failure. */
export type FailureReason<ReturnType> = { error: unknown } | { value: ReturnType };

export interface IFailureEvent {
  /** Milliseconds that the call has taken. */
  duration: number;
  /** Whether the policy does something about it. */
  handled: boolean;
  reason: FailureReason<unknown>;
}

export interface ISuccessEvent {
  /** Milliseconds that the call has taken. */
  duration: number;
}

/** What a call is told. */
export interface IDefaultPolicyContext {
  /** Aborted when nobody waits for the call any more; to be handed on. */
  signal: AbortSignal;
}

/** Something that runs a function and decides whether, when and how often. */
export interface IPolicy<
  ContextType extends IDefaultPolicyContext = IDefaultPolicyContext,
  AltReturn = never,
> {
  /**
   * Carries a type, and is never there.
   *
   * @deprecated It has no value.
   */
  readonly _altReturn: AltReturn;
  /** Tells of every call that has succeeded. */
  readonly onSuccess: Event<ISuccessEvent>;
  /** Tells of every call that has failed, also where another attempt follows. */
  readonly onFailure: Event<IFailureEvent>;
  /** Runs the function as the policy has it. `signal` gives up: a wait then ends at once. */
  execute<T>(
    fn: (context: ContextType) => PromiseLike<T> | T,
    signal?: AbortSignal,
  ): Promise<T | AltReturn>;
}

/** Policies one inside the other. */
export interface IMergedPolicy<
  A extends IDefaultPolicyContext,
  B,
  // biome-ignore lint/suspicious/noExplicitAny: a policy of any context and any answer.
  W extends IPolicy<any, any>[],
> extends IPolicy<A, B> {
  /** From the outermost to the innermost. */
  readonly wrapped: W;
}
