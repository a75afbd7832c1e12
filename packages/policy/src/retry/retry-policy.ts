/** Retry: try again what may work the next time, and not too soon. */

import {
  type Call,
  type CallContext,
  Frame,
  type Layer,
  type Policy,
  type Role,
} from "../base/index.ts";
import { judgeByTables } from "../classify/index.ts";
import type { RetryOptions } from "./retry-options.ts";
import { Series } from "./series.ts";

const defaults: RetryOptions = {};

/**
 * @example
 * const policy = new RetryPolicy({ maxAttempts: 5, initialDelayMs: 1_000 });
 * const answer = await policy.execute(({ signal }) => askModel(prompt, { signal }));
 */
export class RetryPolicy implements Policy {
  readonly #series: Series;
  #frame: Frame | undefined = undefined;

  /** @throws {@link RangeError} when an option is out of its range. */
  constructor(options: RetryOptions = defaults) {
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
    const { guard } = this.#series;
    const guards = guard ? [guard] : [];
    return new Frame({ judge: judgeByTables, retry: this.#series, guards });
  }
}
