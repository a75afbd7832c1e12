/**
 * Which requests may be sent more than once: those whose method says so (RFC 9110, 9.2.2), those that never
 * left, and those that the server says it did not take.
 */

import { KintsugiError, RejectedError, toError } from "../base/index.ts";
import { headerOf } from "../classify/index.ts";

/** RFC 9110, 9.2.2, and QUERY, which asks as GET does (RFC 9110 registry, safe). */
const idempotent: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "OPTIONS",
  "TRACE",
  "PUT",
  "DELETE",
  "QUERY",
]);

/** Whether the server means the same by two of these as by one. A key of its caller's makes it so. */
export function isIdempotent(method: string, headers: unknown): boolean {
  return idempotent.has(method.toUpperCase()) || headerOf(headers, "idempotency-key") !== undefined;
}

/** An answer, as far as it says whether the request was taken. */
export interface Refusal {
  readonly status: number;
  readonly headers: unknown;
}

/**
 * Whether the server says that it has not acted on the request: 408 (it never came whole), 425, 429; and
 * 503 where it names a time to come back, as a proxy does not that lost its server in the middle.
 */
export function isTurnedAway({ status, headers }: Refusal): boolean {
  if (headerOf(headers, "x-should-retry") === "true") return true;
  if (status === 408 || status === 425 || status === 429) return true;
  return status === 503 && headerOf(headers, "retry-after") !== undefined;
}

/** What fails before a connection stands: nobody has seen the request. */
const before: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "ENETUNREACH",
  "ENETDOWN",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Whether an error, or the error that caused it, says that the request never left. */
export function neverLeft(thrown: unknown): boolean {
  let link: unknown = thrown;
  for (let depth = 0; depth < 5 && typeof link === "object" && link !== null; depth += 1) {
    const { code, syscall, cause, errors } = link as {
      readonly code?: unknown;
      readonly syscall?: unknown;
      readonly cause?: unknown;
      readonly errors?: unknown;
    };
    // A connection that stands can lose its way as well: then it fails where it reads or writes.
    if (before.has(code)) return syscall !== "read" && syscall !== "write";
    link = cause ?? (Array.isArray(errors) ? errors[0] : undefined);
  }
  return false;
}

/** How an attempt failed whose request must not be sent again: no retry makes sense, whatever its class. */
export class SentOnceError extends KintsugiError {
  override readonly name = "SentOnceError";
  readonly code = "KINTSUGI_SENT_ONCE";
  readonly retryable = false;

  constructor(cause: unknown) {
    super(`It cannot be sent again: ${toError(cause).message}`, { cause });
  }
}

/** In place of an attempt that would send it again, as after a time-out that left the first one behind. */
export class NotSentAgainError extends RejectedError {
  override readonly name = "NotSentAgainError";
  readonly code = "KINTSUGI_NOT_SENT_AGAIN";

  constructor() {
    super("The request may have had its effect, and is not sent again", 0);
  }
}

/** Whether a request may be sent again: always, never, or as the failure of the last attempt says. */
export type Repeat = (thrown: unknown) => boolean;

/**
 * One request through all its attempts: turns away the attempt that must not be, and marks the failure
 * after which none may follow.
 */
export class Sending {
  readonly #isSafe: boolean;
  readonly #mayRepeat: Repeat;
  /** Sent, and nobody has said that it had no effect. */
  #isOut = false;

  /**
   * @param isSafe Whether it may be sent again whatever becomes of it.
   * @param mayRepeat Asked for the others, about what an attempt threw.
   */
  constructor(isSafe: boolean, mayRepeat: Repeat) {
    this.#isSafe = isSafe;
    this.#mayRepeat = mayRepeat;
  }

  /**
   * @throws {@link NotSentAgainError} in place of an attempt too many, {@link SentOnceError} around the
   * failure of the last one that may be, otherwise whatever `send` throws.
   */
  async attempt<T>(send: () => Promise<T>): Promise<T> {
    if (this.#isSafe) return send();
    if (this.#isOut) throw new NotSentAgainError();
    this.#isOut = true;
    try {
      return await send();
    } catch (thrown) {
      if (!this.#mayRepeat(thrown)) {
        throw thrown instanceof SentOnceError ? thrown : new SentOnceError(thrown);
      }
      this.#isOut = false;
      throw thrown;
    }
  }
}

/** What the caller gets: the failure itself, without our mark. */
export const unmarked = (thrown: unknown): unknown =>
  thrown instanceof SentOnceError ? thrown.cause : thrown;
