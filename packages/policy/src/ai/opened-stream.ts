/** A streamed answer whose first words have come: from here nothing is asked anew. */

import { orAborted } from "../base/index.ts";
import { type IdleLimit, watchedStream } from "../timeout/index.ts";
import { errorIn, isPrelude, type ModelPart, type ModelUsage, usageIn } from "./model.ts";

/** How a streamed answer ended. */
export interface StreamEnd {
  /** What the model says that it took; undefined where the stream did not get so far. */
  readonly usage: ModelUsage | undefined;
  /** What broke it, after it had begun. */
  readonly broken: { readonly reason: unknown } | undefined;
}

export interface OpenedStream<P> {
  readonly stream: ReadableStream<P>;
  /** Resolves when the stream has ended, or its reader has left. */
  readonly ended: Promise<StreamEnd>;
}

export interface StreamLimits {
  /** Ends every wait for a part. */
  readonly signal: AbortSignal;
  /** Who reads; where they have left, nobody is told why the stream ended. */
  readonly caller: AbortSignal | undefined;
  readonly idle: IdleLimit | undefined;
}

/**
 * Reads on until something was said; what came before is given out with it.
 *
 * @throws what an `error` part says before that, an {@link IdleTimeoutError}, the signal's reason, or what
 * the stream itself throws. Then it is cancelled.
 */
export async function opened<P extends ModelPart>(
  source: ReadableStream<P>,
  { signal, caller, idle }: StreamLimits,
): Promise<OpenedStream<P>> {
  const wait = <T>(part: Promise<T>): Promise<T> =>
    orAborted(idle ? idle.wait(part) : part, signal);
  const reader = source.getReader();
  const first: P[] = [];
  try {
    for (;;) {
      const { done, value } = await wait(reader.read());
      if (done) throw new Error("The model's stream ended before anything was said");
      const error = errorIn(value);
      if (error) throw error.reason;
      first.push(value);
      if (!isPrelude(value)) break;
    }
  } catch (thrown) {
    reader.cancel(thrown).catch(() => {}); // Frees what is behind it; it has failed already.
    throw thrown;
  }
  reader.releaseLock();
  return resumed(first, source, wait, caller);
}

function resumed<P extends ModelPart>(
  first: readonly P[],
  source: ReadableStream<P>,
  wait: <T>(part: Promise<T>) => Promise<T>,
  caller: AbortSignal | undefined,
): OpenedStream<P> {
  const { promise: ended, resolve } = Promise.withResolvers<StreamEnd>();
  let usage: ModelUsage | undefined;
  let broken: StreamEnd["broken"];
  const note = (part: P): void => {
    usage ??= usageIn(part);
    broken ??= errorIn(part);
  };
  first.forEach(note);
  const onEnd = (reason?: { readonly reason: unknown }): void =>
    resolve({ usage, broken: broken ?? reason });
  const rest = watchedStream(source, { wait, onPart: note, onEnd }).getReader();
  const waiting = [...first];
  const stream = new ReadableStream<P>(
    {
      async pull(controller) {
        const next = waiting.shift();
        if (next !== undefined) {
          controller.enqueue(next);
          return;
        }
        try {
          const { done, value } = await rest.read();
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (error) {
          if (caller?.aborted) throw error;
          // As the SDK has it: what was said stays, and `onError` hears. A stream that throws loses both.
          controller.enqueue({ type: "error", error } as ModelPart as P);
          controller.close();
        }
      },
      cancel: (reason) => rest.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return { stream, ended };
}
