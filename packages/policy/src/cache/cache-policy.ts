/** Cache: an answer that is young enough is given again, and one call answers all who ask meanwhile. */

import {
  aClock,
  aFunction,
  aNumber,
  type Call,
  type CallContext,
  type Clock,
  checkOptions,
  type ErrorReporter,
  having,
  type Listener,
  leaveWork,
  type Needs,
  notify,
  numberBetween,
  RejectedError,
  reportError,
  required,
  systemClock,
  toError,
  wholeNumber,
} from "../base/index.ts";
import { ageOf, type CacheSpans } from "./cache-state.ts";
import { type CacheStore, type KeptAnswer, MemoryStore } from "./cache-store.ts";
import { Flight } from "./flight.ts";
import { type CachedAnswer, KeyedCache } from "./keyed-cache.ts";

export interface CacheOptions<Input extends readonly unknown[] = readonly [key: string]> {
  /** Milliseconds that an answer is fresh, above 0 to 1e12. */
  readonly ttlMs: number;
  /** Makes the key of what `for` is given. All that the answer depends on belongs into it: who asks as
   * well, where not everybody may see the same. @defaultValue the one text that it is given */
  readonly key?: (...input: Input) => string;
  /** Milliseconds after `ttlMs` in which an answer is still given at once, and renewed behind, 0 to
   * 1e12. @defaultValue 0 */
  readonly staleWhileRevalidateMs?: number;
  /** Milliseconds after `ttlMs` in which an answer stands in for a call that failed, 0 to 1e12.
   * @defaultValue 0 */
  readonly maxStaleMs?: number;
  /** For which failures an old answer may stand in. @defaultValue all */
  readonly staleFor?: (error: Error) => boolean;
  /** Milliseconds in which a key that failed is not called again: an old answer stands in, or the same
   * failure is thrown; 0 to 1e12. @defaultValue 0: failures are not kept */
  readonly negativeTtlMs?: number;
  /** Which failures are kept then. @defaultValue all but refusals */
  readonly negativeFor?: (error: Error) => boolean;
  /** Which answers are kept. @defaultValue all */
  readonly keeps?: (value: unknown) => boolean;
  /** Keys that are kept at most, from 1; the least lately used goes first. @defaultValue 1_000 */
  readonly maxEntries?: number;
  /** Bytes that are kept at most, from 1, as `sizeOf` says. @defaultValue no limit */
  readonly maxBytes?: number;
  /** Bytes of an answer, from 0, for `maxBytes`; an answer for which it throws, or says anything else, is
   * not kept. @defaultValue 0 */
  readonly sizeOf?: (value: unknown, key: string) => number;
  /** Another store, with limits of its own. @defaultValue the memory of the process */
  readonly store?: CacheStore;
  /** Hears of answers that are not fresh, and why. @defaultValue nobody */
  readonly onStale?: Listener<StaleEvent>;
  /** Hears of what listeners, `sizeOf` and the store throw: none of them fails a call.
   * @defaultValue the platform's `reportError`, or a warning */
  readonly onListenerError?: ErrorReporter;
  /** Tells how old an answer is. @defaultValue the system's */
  readonly clock?: Clock;
}

export const cacheNeeds: Needs<CacheOptions> = {
  ttlMs: required(aNumber),
  key: aFunction,
  staleWhileRevalidateMs: aNumber,
  maxStaleMs: aNumber,
  staleFor: aFunction,
  negativeTtlMs: aNumber,
  negativeFor: aFunction,
  keeps: aFunction,
  maxEntries: aNumber,
  maxBytes: aNumber,
  sizeOf: aFunction,
  store: having("get", "set", "delete", "clear"),
  onStale: aFunction,
  onListenerError: aFunction,
  clock: aClock,
};

export type StaleEvent = Readonly<
  /** An old answer was given; `error` where it stood in for a failure. */
  | { kind: "answered"; key: string; ageMs: number; error?: Error }
  /** The call that should have renewed it behind has failed. */
  | { kind: "renewal-failed"; key: string; error: Error }
>;

/** What a flight comes to: the call's own answer, or an old one and why it had to stand in. */
type Landing = Readonly<
  { kind: "called"; value: unknown } | { kind: "stale"; answer: KeptAnswer; error: Error }
>;

/** Counted since the policy was made. */
export interface CacheStats {
  /** Answered with a fresh answer, without a call. */
  readonly hits: number;
  /** Answered with one that is not fresh any more. */
  readonly stale: number;
  /** Answered, or failed, with a call that another one had made. */
  readonly shared: number;
  /** Calls that were made for somebody who waited. */
  readonly misses: number;
  /** Calls that were made to renew a stale answer. */
  readonly renewals: number;
  /** Failed at once, with a failure that was kept. */
  readonly negative: number;
  readonly inFlight: number;
  readonly entries: number;
  readonly bytes: number;
  readonly evicted: number;
}

/**
 * Source: RFC 5861, for answers that are stale while they are renewed, or in place of a failure.
 *
 * It is no policy itself, since a policy sees only the call: `for` gives the policy of one key. Answers
 * are given as they are, to everybody the same object: who changes one changes it for all.
 *
 * @example
 * const cache = new CachePolicy({ ttlMs: 60_000, maxStaleMs: 600_000 });
 * const guarded = pipeline(new RetryPolicy(), new TimeoutPolicy({ timeoutMs: 2_000 }));
 * const weather = await cache
 *   .for(city)
 *   .execute((context) => guarded.within(({ signal }) => fetchWeather(city, { signal }), context));
 */
export class CachePolicy<Input extends readonly unknown[] = readonly [key: string]> {
  readonly #options: CacheOptions<Input>;
  readonly #spans: CacheSpans;
  readonly #negativeTtlMs: number;
  readonly #store: CacheStore;
  readonly #clock: Clock;
  readonly #report: ErrorReporter;
  readonly #flights = new Map<string, Flight<Landing>>();
  readonly #counts = { hits: 0, stale: 0, shared: 0, misses: 0, renewals: 0, negative: 0 };

  /** @throws {@link RangeError} when an option is out of its range, or has no meaning with another. */
  constructor(options: CacheOptions<Input>) {
    checkOptions("CachePolicy", options, cacheNeeds);
    const { staleWhileRevalidateMs = 0, maxStaleMs = 0, negativeTtlMs = 0 } = options;
    this.#options = options;
    this.#spans = {
      ttlMs: numberBetween("ttlMs", options.ttlMs, Number.MIN_VALUE, 1e12),
      staleWhileRevalidateMs: numberBetween(
        "staleWhileRevalidateMs",
        staleWhileRevalidateMs,
        0,
        1e12,
      ),
      maxStaleMs: numberBetween("maxStaleMs", maxStaleMs, 0, 1e12),
    };
    this.#negativeTtlMs = numberBetween("negativeTtlMs", negativeTtlMs, 0, 1e12);
    this.#store = storeOf(options);
    this.#clock = options.clock ?? systemClock;
    this.#report = options.onListenerError ?? reportError;
  }

  /**
   * The policy of one key. Whoever uses one key for calls of two kinds gets the answer of the other.
   *
   * @throws {@link TypeError} when there is no `key` option and the input is not one text.
   */
  for(...input: Input): KeyedCache {
    const key = this.#options.key?.(...input) ?? onlyText(input);
    const keepsAll = this.#options.keeps === undefined;
    return new KeyedCache(key, keepsAll, this.#fresh, this.#ask);
  }

  /** Forgets a key. A call that is in flight answers those who wait, and its answer is not kept. */
  delete(...input: Input): void {
    const key = this.#options.key?.(...input) ?? onlyText(input);
    this.#guarded(() => this.#store.delete(key));
    this.#flights.get(key)?.outdate();
  }

  /** Forgets all keys, as `delete` does; renewals that nobody waits for are cut short. */
  clear(): void {
    this.#guarded(() => this.#store.clear());
    for (const flight of [...this.#flights.values()]) flight.outdate();
  }

  stats(): CacheStats {
    return { ...this.#counts, inFlight: this.#flights.size, ...this.#store.stats };
  }

  /** The quick way: a fresh answer, where there is one. */
  readonly #fresh = (key: string): { readonly value: unknown } | undefined => {
    const answer = this.#read(key)?.answer;
    if (!answer || this.#clock.monotonicMs() - answer.storedMs >= this.#spans.ttlMs) {
      return undefined;
    }
    this.#counts.hits += 1;
    return answer;
  };

  /** For a key that has no fresh answer. */
  readonly #ask = async (
    key: string,
    call: Call<unknown>,
    context: CallContext,
  ): Promise<CachedAnswer<unknown>> => {
    const entry = this.#read(key);
    const nowMs = this.#clock.monotonicMs();
    const { answer, failure } = entry ?? {};
    const age = answer ? ageOf(answer.storedMs, this.#spans, nowMs) : "gone";
    const isQuiet = failure && nowMs - failure.failedMs < this.#negativeTtlMs;
    if (answer && (age === "stale" || (isQuiet && age === "old"))) {
      if (!isQuiet && !this.#flights.has(key)) {
        leaveWork(context, this.#start(key, call, context, true).over);
      }
      return this.#stale(key, answer, isQuiet ? toError(failure.thrown) : undefined);
    }
    if (isQuiet) {
      this.#counts.negative += 1;
      throw failure.thrown;
    }
    const inFlight = this.#flights.get(key);
    if (inFlight) {
      inFlight.board();
      this.#counts.shared += 1;
    }
    const flight = inFlight ?? this.#start(key, call, context, false);
    const landing = await flight.wait(context);
    if (landing.kind === "stale") return this.#stale(key, landing.answer, landing.error);
    return { value: landing.value, source: inFlight ? "shared" : "call" };
  };

  #start(
    key: string,
    call: Call<unknown>,
    starter: CallContext,
    isRenewal: boolean,
  ): Flight<Landing> {
    const over = (): void => void this.#flights.delete(key);
    const flight = new Flight<Landing>(isRenewal, starter, over);
    this.#flights.set(key, flight);
    this.#counts[isRenewal ? "renewals" : "misses"] += 1;
    flight.start(async (context, end) => {
      let value: unknown;
      try {
        value = await call(context);
      } catch (thrown) {
        return this.#failed(key, thrown, end(), isRenewal);
      }
      if (end()) this.#keep(key, value);
      return { kind: "called", value };
    });
    return flight;
  }

  #keep(key: string, value: unknown): void {
    this.#guarded(() => {
      if (this.#options.keeps?.(value) === false) this.#store.delete(key);
      else this.#store.set(key, { answer: { value, storedMs: this.#clock.monotonicMs() } });
    });
  }

  /** An old answer for a call that failed, where one may stand in. */
  #failed(key: string, thrown: unknown, isCurrent: boolean, isRenewal: boolean): Landing {
    if (!isCurrent) throw thrown; // Its key was deleted meanwhile, or nobody waits.
    const error = toError(thrown);
    const failedMs = this.#clock.monotonicMs();
    const answer = this.#read(key)?.answer;
    if (this.#negativeTtlMs > 0 && this.#isNegative(error)) {
      const failure = { thrown, failedMs };
      this.#guarded(() => this.#store.set(key, answer ? { answer, failure } : { failure }));
    }
    if (isRenewal) this.#tell({ kind: "renewal-failed", key, error });
    const isThere = answer && ageOf(answer.storedMs, this.#spans, failedMs) !== "gone";
    if (!isThere || this.#options.staleFor?.(error) === false) throw thrown;
    return { kind: "stale", answer, error };
  }

  #isNegative(error: Error): boolean {
    return this.#options.negativeFor?.(error) ?? !(error instanceof RejectedError);
  }

  #stale(key: string, answer: KeptAnswer, error: Error | undefined): CachedAnswer<unknown> {
    this.#counts.stale += 1;
    const ageMs = this.#clock.monotonicMs() - answer.storedMs;
    this.#tell({ kind: "answered", key, ageMs, ...(error && { error }) });
    return { value: answer.value, source: "stale" };
  }

  #read(key: string): ReturnType<CacheStore["get"]> {
    try {
      return this.#store.get(key);
    } catch (thrown) {
      this.#report(thrown); // A store that is broken is a store that has nothing.
      return undefined;
    }
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (thrown) {
      this.#report(thrown); // The call has its answer all the same.
    }
  }

  #tell(event: StaleEvent): void {
    if (this.#options.onStale) notify(this.#options.onStale, event, this.#report);
  }
}

function storeOf<Input extends readonly unknown[]>(options: CacheOptions<Input>): CacheStore {
  const { store, maxEntries, maxBytes, sizeOf } = options;
  if (store) {
    const limit = Object.entries({ maxEntries, maxBytes, sizeOf }).find(
      ([, given]) => given !== undefined,
    );
    if (limit) throw new RangeError(`${limit[0]} must be left to the store that is given`);
    return store;
  }
  const limits = {
    maxEntries: wholeNumber("maxEntries", maxEntries ?? 1_000, 1),
    maxBytes: maxBytes === undefined ? Infinity : wholeNumber("maxBytes", maxBytes, 1),
    sizeOf,
  };
  if (maxBytes !== undefined && !sizeOf) throw new RangeError("maxBytes must come with sizeOf");
  return new MemoryStore(limits);
}

function onlyText(input: readonly unknown[]): string {
  const [text] = input;
  if (typeof text === "string" && input.length === 1) return text;
  throw new TypeError("A cache that is asked for more than one text needs a key option");
}
