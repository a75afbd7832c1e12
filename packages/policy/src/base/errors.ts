/** Stable across releases and realms, unlike a message or the identity of a class. */
export type ErrorCode = `KINTSUGI_${string}`;

/** Every error of the house has a stable `code`; its facts are fields, its message is a sentence. */
export abstract class KintsugiError extends Error {
  abstract readonly code: ErrorCode;
}

/**
 * The call was refused before it started, so nothing happened on the other side and it is safe to
 * make it again. Every policy that turns calls away throws a subclass of this one.
 *
 * To refuse is what a program does most when it can do least, so no stack is captured: it is more than
 * half of the price, and leads to the policy, not to a mistake.
 */
export abstract class RejectedError extends KintsugiError {
  /** Milliseconds after which a new attempt makes sense; 0 where nobody can tell. */
  readonly retryAfterMs: number;

  /** @param captureStack For who looks for the caller. */
  constructor(message: string, retryAfterMs: number, captureStack = false) {
    const depth = captureStack ? stacks.stackTraceLimit : limitStack(0);
    super(message);
    if (!captureStack) limitStack(depth);
    this.retryAfterMs = retryAfterMs;
  }
}

/** As V8 has it; other engines take no notice. */
const stacks = Error as { stackTraceLimit?: number | undefined };

/** Sets how many frames errors capture from here on, where the platform is not frozen; returns the old. */
export function limitStack(depth: number | undefined): number | undefined {
  const before = stacks.stackTraceLimit;
  try {
    stacks.stackTraceLimit = depth;
  } catch {
    // Frozen: errors capture what they always do.
  }
  return before;
}

const done = /* @__PURE__ */ Promise.resolve();

/**
 * A promise that rejects as soon as the code that is running has given way to promises. By then somebody
 * listens; one that rejects before is noted by the platform as unhandled and struck off again, which costs
 * more than all the rest of a refusal.
 */
export function rejectSoon<T>(reason: unknown): Promise<T> {
  const { promise, reject } = Promise.withResolvers<T>();
  void done.then(() => reject(reason));
  return promise;
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
