/** The peer's options, with its names, units and defaults; and five of our own at the end. */

import { type Clock, type ErrorReporter, refused } from "../../base/index.ts";
import { type CacheTransport, MemoryCache } from "./memory-cache.ts";
import { type RotateController, Status } from "./status.ts";
import type { Stats } from "./window.ts";

/** What a breaker was, as `toJSON().state` says it. */
export interface State {
  name: string;
  enabled: boolean;
  closed: boolean;
  open: boolean;
  halfOpen: boolean;
  warmUp: boolean;
  shutdown: boolean;
  /** Epoch milliseconds at which it opened last; undefined where it never has. */
  lastTimerAt: number | undefined;
}

/** When answers that are shared are given up before their time. */
export type ResetOn = "error" | "success" | "timeout";

/** As with the peer, what is out of its range is not refused; what a value out of range does is said. */
export interface Options<TI extends unknown[] = unknown[]> {
  /** Figures to begin with. @defaultValue none */
  status?: Status | Partial<Stats> | undefined;
  /** What an earlier process was, from its `toJSON().state`. @defaultValue closed */
  state?: Partial<State> | undefined;
  /** Milliseconds that a call may take; `false` or 0 for no limit. @defaultValue 10_000 */
  timeout?: number | false | undefined;
  /** @deprecated It does nothing but say so: see `errorThresholdPercentage`. */
  maxFailures?: number | undefined;
  /** Milliseconds that it is open before one call may try; 0 is taken for 1. @defaultValue 30_000 */
  resetTimeout?: number | undefined;
  /** Milliseconds of the window of figures, which is the time of the warm-up too. @defaultValue 10_000 */
  rollingCountTimeout?: number | undefined;
  /** Slices of that window. @defaultValue 10 */
  rollingCountBuckets?: number | undefined;
  /** Names it in its figures. @defaultValue the name of the action, or a UUID */
  name?: string | undefined;
  /** @defaultValue its name */
  group?: string | undefined;
  /** Whether latencies are kept; else they are shown as -1. @defaultValue true */
  rollingPercentilesEnabled?: boolean | undefined;
  /** Calls that may run at once, a whole number; with 0 none may. @defaultValue no limit */
  capacity?: number | undefined;
  /** Percentage of failures among the calls of the window above which it opens. @defaultValue 50 */
  errorThresholdPercentage?: number | undefined;
  /** @defaultValue true */
  enabled?: boolean | undefined;
  /** Whether no failure opens it during the first `rollingCountTimeout`. @defaultValue false */
  allowWarmUp?: boolean | undefined;
  /** Calls that must be in the window before a failure opens it, a whole number. @defaultValue 0 */
  volumeThreshold?: number | undefined;
  /** Says of which errors nothing is to be learnt: they count as successes. @defaultValue of none */
  // biome-ignore lint/suspicious/noExplicitAny: what users declare for an error is theirs to say.
  errorFilter?: ((error: any, ...args: TI) => unknown) | undefined;
  /** Whether the answers of calls that succeed are kept. @defaultValue false */
  cache?: boolean | undefined;
  /** Milliseconds that they are kept; 0 for ever. @defaultValue 0 */
  cacheTTL?: number | undefined;
  /** Answers that are kept at most, where there is no `cacheTransport`. @defaultValue 16,777,215 */
  cacheSize?: number | undefined;
  /** Makes the key of a call. @defaultValue the JSON of its arguments */
  cacheGetKey?: ((...args: TI) => string) | undefined;
  /** Keeps them elsewhere. @defaultValue the memory of the process */
  cacheTransport?: CacheTransport | undefined;
  /** Whether calls of one key share one answer while it is young. @defaultValue false */
  coalesce?: boolean | undefined;
  /** Milliseconds that an answer is shared, from the start of its call; 0 for ever. @defaultValue timeout */
  coalesceTTL?: number | undefined;
  /** Answers that are shared at most. @defaultValue 16,777,215 */
  coalesceSize?: number | undefined;
  /** After which ends an answer is shared no longer. @defaultValue none */
  coalesceResetOn?: readonly ResetOn[] | undefined;
  /** Aborted when the time of any call is up. @defaultValue none */
  abortController?: AbortController | undefined;
  /** Whether an aborted controller is replaced, and one is made where none is given. @defaultValue false */
  autoRenewAbortController?: boolean | undefined;
  /** Whether those who listen for `snapshot` on the status hear of one each slice. @defaultValue true */
  enableSnapshots?: boolean | undefined;
  /** Ends the slices of the window by its event `rotate`. @defaultValue the time does */
  rotateBucketController?: RotateController | undefined;

  /**
   * Ours: whether a call whose time is up gives back its place in `capacity` although its work goes on, as
   * with the peer. @defaultValue false: it holds the place until the work has ended
   */
  releaseOnTimeout?: boolean | undefined;
  /** Ours: a timer of its own for each call, so that no time-out is late. @defaultValue false: one for all,
   * late by up to a 64th of the time where calls overlap */
  exact?: boolean | undefined;
  /** Ours: whether refusals and time-outs carry a stack, for several times the price. @defaultValue false */
  captureStack?: boolean | undefined;
  /** Ours: hears of what listeners, filters and caches throw. @defaultValue the platform's `reportError`, or a warning */
  onListenerError?: ErrorReporter | undefined;
  /** Ours: time, for tests. @defaultValue the system's */
  clock?: Clock | undefined;
}

/** With nothing left open; also what `breaker.options` is. Changes to it count from the next call on. */
export interface Settings extends Options<never[]> {
  timeout: number | false;
  resetTimeout: number;
  rollingCountTimeout: number;
  rollingCountBuckets: number;
  rollingPercentilesEnabled: boolean;
  capacity: number;
  errorThresholdPercentage: number;
  errorFilter: NonNullable<Options<never[]>["errorFilter"]>;
  cacheTTL: number;
  cacheGetKey: (...args: never[]) => string;
  coalesce: boolean;
  coalesceTTL: number;
  coalesceCache?: MemoryCache;
  coalesceResetOn: readonly ResetOn[];
  enableSnapshots: boolean;
}

/**
 * A copy, so that breakers which are made from one object share nothing.
 *
 * @throws {@link TypeError} or {@link RangeError} naming what cannot work.
 */
export function settled(options: Options<never[]>, clock: Clock): Settings {
  const resetTimeout = options.resetTimeout ?? 30_000;
  // The peer's timer takes it for 1, and the circuit of its user would never stay open.
  if (Number.isNaN(Number(resetTimeout))) throw refused("resetTimeout", "a number", resetTimeout);
  const { cache, cacheSize, autoRenewAbortController } = options;
  const timeout = options.timeout ?? 10_000;
  const coalesce = Boolean(options.coalesce);
  const cacheTransport = cache
    ? transportOf(options.cacheTransport ?? new MemoryCache(cacheSize, clock))
    : options.cacheTransport;
  const abortController =
    options.abortController ?? (autoRenewAbortController ? new AbortController() : undefined);
  if (abortController && typeof abortController.abort !== "function") {
    throw new TypeError("AbortController does not contain `abort()` method");
  }
  return {
    ...options,
    timeout,
    resetTimeout,
    errorThresholdPercentage: options.errorThresholdPercentage ?? 50,
    rollingCountTimeout: options.rollingCountTimeout ?? 10_000,
    rollingCountBuckets: options.rollingCountBuckets ?? 10,
    rollingPercentilesEnabled: options.rollingPercentilesEnabled !== false,
    capacity: Number.isInteger(options.capacity)
      ? (options.capacity as number)
      : Number.MAX_SAFE_INTEGER,
    errorFilter: options.errorFilter ?? nothingIsFiltered,
    cacheTTL: options.cacheTTL ?? 0,
    cacheGetKey: options.cacheGetKey ?? ((...args) => JSON.stringify(args)),
    cacheTransport,
    enableSnapshots: options.enableSnapshots !== false,
    coalesce,
    coalesceTTL: options.coalesceTTL ?? Number(timeout),
    coalesceResetOn: (options.coalesceResetOn ?? []).filter((each) => ENDS.includes(each)),
    ...(coalesce && { coalesceCache: new MemoryCache(options.coalesceSize, clock) }),
    abortController,
  };
}

/** The figures that a breaker begins with. */
export function statusOf(options: Settings, clock: Clock): Status {
  const { status, ...own } = options;
  return status instanceof Status ? status : new Status({ ...own, stats: status, clock });
}

const ENDS: readonly ResetOn[] = ["error", "success", "timeout"];

const nothingIsFiltered = (): boolean => false;

function transportOf(transport: CacheTransport): CacheTransport {
  const { get, set, flush } = transport;
  if ([get, set, flush].every((each) => typeof each === "function")) return transport;
  throw new TypeError(
    "options.cacheTransport should be an object with `get`, `set` and `flush` methods",
  );
}
