/** The calls of an executor whose policies do not fit in one frame: with a cache, a hedge, a schema, chaos. */

import { type Attempt, type Call, type CallContext, firstAttempt } from "../base/index.ts";
import type { KeyedCache } from "../cache/index.ts";
import type { ChaosPolicy } from "../chaos/index.ts";
import type { Pipeline } from "../pipeline/index.ts";
import type { ResultEnding } from "./ending.ts";

/** Makes the calls of an executor. A frame is one. */
export interface Runner {
  execute(call: Call<unknown>, signal: AbortSignal | undefined): Promise<unknown>;
}

export interface Nesting {
  readonly cache: KeyedCache | undefined;
  /** What stands between the cache and the call. */
  readonly row: Pipeline<unknown>;
  readonly chaos: ChaosPolicy<unknown> | undefined;
  readonly ending: ResultEnding<unknown>;
}

/** It counts where the call is made, since a frame knows only of what it makes itself. */
export class NestedRun implements Runner {
  readonly #nesting: Nesting;

  constructor(nesting: Nesting) {
    this.#nesting = nesting;
  }

  async execute(call: Call<unknown>, signal: AbortSignal | undefined): Promise<unknown> {
    const { cache, row, ending } = this.#nesting;
    const first = firstAttempt(signal);
    first.startedMs = ending.clock.monotonicMs();
    const made = new Counted(call, this.#nesting.chaos);
    try {
      signal?.throwIfAborted();
      if (cache) return await this.#kept(cache, made, first);
      const value = await row.within(made.call, first);
      return ending.answered(value, first, made.count);
    } catch (thrown) {
      return ending.failed(thrown, first, made.count);
    }
  }

  async #kept(cache: KeyedCache, made: Counted, first: Attempt): Promise<unknown> {
    const { row, ending } = this.#nesting;
    const { value, source } = await cache.answer(
      (context) => row.within(made.call, context),
      first.parent,
    );
    return source === "call"
      ? ending.answered(value, first, made.count)
      : ending.kept(value, first, made.count);
  }
}

class Counted {
  count = 0;
  readonly call: Call<unknown>;

  constructor(call: Call<unknown>, chaos: ChaosPolicy<unknown> | undefined) {
    const own: Call<unknown> = chaos ? (context: CallContext) => chaos.within(call, context) : call;
    this.call = (context) => {
      this.count += 1;
      return own(context);
    };
  }
}
