/** Stable across releases and realms, unlike a message or the identity of a class. */
export type ErrorCode = `KINTSUGI_${string}`;

/** Every error of the house has a stable `code`; its facts are fields, its message is a sentence. */
export abstract class KintsugiError extends Error {
  abstract readonly code: ErrorCode;
}

/**
 * The call was refused before it started, so nothing happened on the other side and it is safe to
 * make it again. Every policy that turns calls away throws a subclass of this one.
 */
export abstract class RejectedError extends KintsugiError {
  /** Milliseconds after which a new attempt makes sense; 0 where nobody can tell. */
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

/** What was thrown, as an Error: what is none is wrapped, and kept as its cause. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown });
}
