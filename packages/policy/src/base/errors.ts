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
  return isError(thrown) ? thrown : new Error(describe(thrown), { cause: thrown });
}

/** Errors of another realm (an iframe, a `vm` context) are no instances of our Error. */
function isError(thrown: unknown): thrown is Error {
  return thrown instanceof Error || Object.prototype.toString.call(thrown) === "[object Error]";
}

/** A sentence, where the thing that was thrown holds one: `throw { status: 429, message: "slow" }`. */
function describe(thrown: unknown): string {
  try {
    const { message } = Object(thrown) as { readonly message?: unknown };
    return typeof message === "string" && message !== "" ? message : String(thrown);
  } catch {
    return "Something was thrown that has no text"; // No prototype, or a getter that throws.
  }
}
