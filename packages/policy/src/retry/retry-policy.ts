/** Retry: try again what may work the next time, and not too soon. */

import {
  type Call,
  type CallContext,
  checkOptions,
  Frame,
  type Layer,
  type Policy,
  type Role,
} from "../base/index.ts";
import { judgeByTables } from "../classify/index.ts";
import { type RetryOptions, retryNeeds } from "./retry-options.ts";
import { Series } from "./series.ts";

const defaults: RetryOptions = {};

/**
 * Retries inside retries do not multiply. Follow one call through the attempts of all retries around it:
 * it is made as often as the largest of their numbers of attempts says, at most. Five inside three, and
 * three inside five, come to five.
 *
 * - A retry that gives up marks its error, and one around it counts its calls as made. So nothing has to
 *   be passed on, unless an error is thrown in its place that has it not for a cause.
 * - One that was given the signal of an attempt tells the attempt, whatever becomes of its error, and it
 *   makes no more calls than those that are left. Where the signal is the caller's own, which other calls
 *   may share, it can tell but not ask: three inside five then come to three, since six would be too many.
 * - Two retries side by side in an attempt may each use their own attempts; what the last of them to fail has
 *   used is what the next attempt has less. A retry that has succeeded is not counted, nor is what was
 *   refused: no call was made. A loop that is no retry of ours is work, and each of its rounds a call.
 * - A signal that was made of several, as by `AbortSignal.any`, is a new one: it tells nobody.
 *
 * @example
 * const policy = new RetryPolicy({ maxAttempts: 5, initialDelayMs: 1_000 });
 * const answer = await policy.execute(({ signal }) => askModel(prompt, { signal }));
 */
export class RetryPolicy implements Policy {
  readonly #series: Series;
  #frame: Frame | undefined = undefined;

  /** @throws {@link RangeError} when an option is out of its range, of a wrong kind, or not known. */
  constructor(options: RetryOptions = defaults) {
    checkOptions("RetryPolicy", options, retryNeeds);
    this.#series = new Series(options);
  }

  get layer(): Layer {
    return { kind: "retry", retry: this.#series, guard: this.#series.guard };
  }

  get role(): Role {
    return { kind: "retry", state: this };
  }

  /**
   * Makes the call until it succeeds, it is not worth another try, or the limits are reached. An abort
   * ends a wait at once, and no attempt follows. Where a server asks for a longer wait than there is
   * time, the call fails at once, so that whoever has another way can take it.
   *
   * @throws what the last attempt threw that was not refused, or the signal's reason when it was aborted
   * between two. {@link retryEndOf} tells why no attempt followed; `retryAfterMs` of the error is what the
   * server asks for, if it does.
   */
  execute<T>(call: Call<T>, signal?: AbortSignal): Promise<T> {
    return this.#framed().execute(call, signal);
  }

  within<T>(call: Call<T>, context: CallContext): Promise<T> {
    return this.#framed().within(call, context);
  }

  #framed(): Frame {
    this.#frame ??= this.#makeFrame();
    return this.#frame;
  }

  #makeFrame(): Frame {
    const { guard, judge = judgeByTables } = this.#series;
    const guards = guard ? [guard] : [];
    return new Frame({ judge, retry: this.#series, guards });
  }
}
