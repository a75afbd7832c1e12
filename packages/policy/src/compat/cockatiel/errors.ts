/** What the policies throw in the place of a call. */

import { RejectedError } from "../../base/index.ts";

/** The circuit is open: the call was not made. */
export class BrokenCircuitError extends RejectedError {
  override readonly name: string = "BrokenCircuitError";
  readonly code = "KINTSUGI_CIRCUIT_OPEN";
  readonly isBrokenCircuitError = true;

  /** @param retryAfterMs Milliseconds until a call is let through; 0 where nobody can tell. */
  constructor(message: string = OPEN, retryAfterMs = 0) {
    super(message, retryAfterMs);
  }
}

/** The circuit is held open by hand: the call was not made. */
export class IsolatedCircuitError extends BrokenCircuitError {
  override readonly name = "IsolatedCircuitError";
  readonly isIsolatedCircuitError = true;

  // biome-ignore lint/complexity/noUselessConstructor: it takes no message.
  constructor() {
    super();
  }
}

/** Stands as the last failure of a circuit that was restored: what really failed was not stored. */
export class HydratingCircuitError extends Error {
  override readonly name = "HydratingCircuitError";
  readonly isHydratingCircuitError = true;

  constructor(message: string = OPEN) {
    super(message);
  }
}

/** The bulkhead has neither a slot nor a place in its queue: the call was not made. */
export class BulkheadRejectedError extends RejectedError {
  override readonly name = "BulkheadRejectedError";
  readonly code = "KINTSUGI_BULKHEAD_FULL";
  readonly isBulkheadRejectedError = true;

  constructor(executionSlots: number, queueSlots: number) {
    super(
      `Bulkhead capacity exceeded (0/${executionSlots} execution slots, 0/${queueSlots} available)`,
      0,
    );
  }
}

/** The call's time was up, or its caller has given up. */
export class TaskCancelledError extends Error {
  override readonly name = "TaskCancelledError";
  readonly isTaskCancelledError = true;

  constructor(message = "Operation cancelled") {
    super(message);
  }
}

/** Also for an {@link IsolatedCircuitError}. */
export const isBrokenCircuitError = (e: unknown): e is BrokenCircuitError =>
  isMarked(e, "isBrokenCircuitError");

export const isIsolatedCircuitError = (e: unknown): e is IsolatedCircuitError =>
  isMarked(e, "isIsolatedCircuitError");

export const isHydratingCircuitError = (e: unknown): e is HydratingCircuitError =>
  isMarked(e, "isHydratingCircuitError");

export const isBulkheadRejectedError = (e: unknown): e is BulkheadRejectedError =>
  isMarked(e, "isBulkheadRejectedError");

export const isTaskCancelledError = (e: unknown): e is TaskCancelledError =>
  isMarked(e, "isTaskCancelledError");

/** By a mark and not by the class: two copies of a package in one program have two classes. */
const isMarked = (e: unknown, mark: string): boolean => e instanceof Error && mark in e;

/** Word for word: programs match on it. */
const OPEN = "Execution prevented because the circuit breaker is open";
