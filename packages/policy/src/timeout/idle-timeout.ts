/** Idle time-out: a stream may go on for ever, but may not be silent for long. */

import {
  aClock,
  aNumber,
  aText,
  type Clock,
  checkOptions,
  type Deadline,
  Deadlines,
  KintsugiError,
  limitStack,
  mustBe,
  type Need,
  type Needs,
  numberBetween,
  required,
  systemClock,
  UNLISTED,
} from "../base/index.ts";

export interface IdleTimeoutOptions {
  /**
   * Milliseconds, above 0 to 1e12, that a part may be waited for. Time that the reader takes between two parts
   * does not count.
   */
  readonly idleTimeoutMs: number;
  /** Names the stream in the error. @defaultValue none */
  readonly name?: string;
  /** Tells the time. @defaultValue the system's */
  readonly clock?: Clock;
}

const needs: Needs<IdleTimeoutOptions> = {
  idleTimeoutMs: required(aNumber),
  name: aText,
  clock: aClock,
};

/** The stream was silent for too long. What came before has been handed on. */
export class IdleTimeoutError extends KintsugiError {
  override readonly name = "IdleTimeoutError";
  readonly code = "KINTSUGI_IDLE_TIMEOUT";
  readonly idleTimeoutMs: number;

  constructor(idleTimeoutMs: number, name?: string) {
    const depth = limitStack(0); // It would lead to a timer.
    super(`${name ? `"${name}"` : "The stream"} was silent for longer than ${idleTimeoutMs} ms`);
    limitStack(depth);
    this.idleTimeoutMs = idleTimeoutMs;
  }
}

/** Waits for the parts of all streams of one kind, by one timer. */
export class IdleLimit {
  readonly #ms: number;
  readonly #name: string | undefined;
  readonly #deadlines: Deadlines;

  /** @throws {@link RangeError} when `idleTimeoutMs` is not a number above 0. */
  constructor({ idleTimeoutMs, name, clock = systemClock }: IdleTimeoutOptions) {
    this.#ms = numberBetween("idleTimeoutMs", idleTimeoutMs, Number.MIN_VALUE, 1e12);
    this.#name = name;
    this.#deadlines = new Deadlines(idleTimeoutMs, clock);
  }

  /** @throws {@link IdleTimeoutError} when the part does not come in time, otherwise what it throws. */
  wait<T>(part: Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const silence: Deadline = {
      dueMs: UNLISTED,
      earlier: undefined,
      later: undefined,
      expire: () => reject(new IdleTimeoutError(this.#ms, this.#name)),
    };
    this.#deadlines.add(silence);
    // Both stay attached: what comes too late is nobody's unhandled rejection.
    part.then(resolve, reject).finally(() => this.#deadlines.remove(silence));
    return promise;
  }
}

/** What somebody wants to know of a stream that is read by others. */
export interface StreamWatch<T> {
  /** Waits for each part. @defaultValue as long as it takes */
  readonly wait?: (<P>(part: Promise<P>) => Promise<P>) | undefined;
  readonly onPart?: ((part: T) => void) | undefined;
  /** Once; with what broke it, where it did. A reader that leaves has not broken it. */
  readonly onEnd?: ((broken?: { readonly reason: unknown }) => void) | undefined;
}

/** The same stream, no part read before its reader asks for it. */
export function watchedStream<T>(
  source: ReadableStream<T>,
  { wait, onPart, onEnd }: StreamWatch<T>,
): ReadableStream<T> {
  const reader = source.getReader();
  return new ReadableStream<T>(
    {
      async pull(controller) {
        try {
          const next = reader.read();
          const { done, value } = await (wait ? wait(next) : next);
          if (!done) {
            onPart?.(value);
            controller.enqueue(value);
            return;
          }
        } catch (reason) {
          onEnd?.({ reason });
          reader.cancel(reason).catch(() => {}); // Frees what is behind it; it has failed already.
          throw reason;
        }
        onEnd?.();
        controller.close();
      },
      cancel(reason) {
        onEnd?.();
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/**
 * The same stream, or the same parts of an iterable, with a limit on how long each part may be waited
 * for. When one is too late the source is cancelled, and the reader gets the error.
 *
 * @throws {@link RangeError} when the source or an option is none that it can use. The reader gets an
 * {@link IdleTimeoutError}, or whatever the source throws.
 * @example
 * const answer = await fetch(url);
 * const text = await new Response(answer.body && idleTimeout(answer.body, { idleTimeoutMs: 5_000 })).text();
 */
export function idleTimeout<T>(
  source: ReadableStream<T>,
  options: IdleTimeoutOptions,
): ReadableStream<T>;
export function idleTimeout<T>(
  source: AsyncIterable<T>,
  options: IdleTimeoutOptions,
): AsyncIterable<T>;
export function idleTimeout<T>(
  source: ReadableStream<T> | AsyncIterable<T>,
  options: IdleTimeoutOptions,
): ReadableStream<T> | AsyncIterable<T> {
  mustBe("The source of idleTimeout()", source, aStream);
  checkOptions("idleTimeout()", options, needs);
  const idle = new IdleLimit(options);
  return source instanceof ReadableStream
    ? watchedStream(source, { wait: (part) => idle.wait(part) })
    : watchedParts(source, idle);
}

const aStream: Need = {
  words: "a ReadableStream or an async iterable",
  fits: (value) =>
    value instanceof ReadableStream ||
    typeof (value as Partial<AsyncIterable<unknown>> | null)?.[Symbol.asyncIterator] === "function",
};

async function* watchedParts<T>(source: AsyncIterable<T>, idle: IdleLimit): AsyncIterable<T> {
  const parts = source[Symbol.asyncIterator]();
  let isOpen = true;
  try {
    for (;;) {
      const { done, value } = await idle.wait(parts.next());
      if (done) break;
      yield value;
    }
    isOpen = false;
  } finally {
    // A generator that hangs would never answer: it is told, and not waited for.
    if (isOpen) void parts.return?.().then(undefined, () => {});
  }
}
