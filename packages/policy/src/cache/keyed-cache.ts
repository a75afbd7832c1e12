/** The cache as the policy of one key. */

import {
  type Call,
  type CallContext,
  firstAttempt,
  givenSignal,
  type Policy,
  type Role,
} from "../base/index.ts";

/** An answer, and where it came from. */
export interface CachedAnswer<T> {
  readonly value: T;
  /**
   * `call`: the call was made; `shared`: another one's call was; `cache`: it is fresh, and there was no
   * call; `stale`: it is older than it should be.
   */
  readonly source: "call" | "shared" | "cache" | "stale";
}

type Fresh = (key: string) => { readonly value: unknown } | undefined;
type Ask = (
  key: string,
  call: Call<unknown>,
  context: CallContext,
) => Promise<CachedAnswer<unknown>>;

/** Stands in a pipeline like any policy; a cheap thing, made for each call. */
export class KeyedCache implements Policy {
  readonly key: string;
  readonly #keepsAll: boolean;
  readonly #fresh: Fresh;
  readonly #ask: Ask;

  /** @param keepsAll Whether every answer is kept. */
  constructor(key: string, keepsAll: boolean, fresh: Fresh, ask: Ask) {
    this.key = key;
    this.#keepsAll = keepsAll;
    this.#fresh = fresh;
    this.#ask = ask;
  }

  get role(): Role {
    // Each cache has a function of its own, and all its keys have the same.
    const { key } = this;
    return { kind: "cache", state: this.#fresh, key, name: key, keepsAll: this.#keepsAll };
  }

  /**
   * The answer that is kept, or what the call returns. The call is made once for all who ask meanwhile,
   * with a signal of its own: an abort ends the wait of the one who left, and the call only when all
   * have left.
   *
   * @throws what the call threw, or the signal's reason.
   */
  execute<T>(call: Call<T>, signal?: AbortSignal): Promise<T> {
    return this.within(call, firstAttempt(signal));
  }

  async within<T>(call: Call<T>, context: CallContext): Promise<T> {
    givenSignal(context)?.throwIfAborted();
    const fresh = this.#fresh(this.key);
    const { value } = fresh ?? (await this.#ask(this.key, call, context));
    return value as T; // Who uses one key for two kinds of answers was told.
  }

  /** As `execute`, and says where the answer came from. */
  async answer<T>(call: Call<T>, signal?: AbortSignal): Promise<CachedAnswer<T>> {
    signal?.throwIfAborted();
    const fresh = this.#fresh(this.key);
    if (fresh) return { value: fresh.value as T, source: "cache" };
    return (await this.#ask(this.key, call, firstAttempt(signal))) as CachedAnswer<T>;
  }
}
