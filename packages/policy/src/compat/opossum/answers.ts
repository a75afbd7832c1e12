/** Answers that are kept, and answers that are shared while they are young. */

import { type Clock, type ErrorReporter, notify } from "../../base/index.ts";
import type { ResetOn, Settings } from "./options.ts";

export class Answers {
  readonly #options: Settings;
  readonly #clock: Clock;
  readonly #report: ErrorReporter;

  constructor(options: Settings, clock: Clock, report: ErrorReporter) {
    this.#options = options;
    this.#clock = clock;
    this.#report = report;
  }

  /** Whether calls have keys at all. */
  get areKeyed(): boolean {
    return Boolean(this.#options.cache) || this.#options.coalesce;
  }

  /** A cache that is broken has nothing. */
  kept(key: string): unknown {
    try {
      return this.#options.cacheTransport?.get(key);
    } catch (thrown) {
      this.#report(thrown);
      return undefined;
    }
  }

  keep(key: string, value: unknown): void {
    const { cacheTransport, cacheTTL } = this.#options;
    if (!cacheTransport) return;
    // The call has its answer, whatever becomes of this.
    notify(
      () => cacheTransport.set(key, Promise.resolve(value), this.#until(cacheTTL)),
      undefined,
      this.#report,
    );
  }

  shared(key: string): unknown {
    return this.#options.coalesceCache?.get(key);
  }

  share(key: string, answer: Promise<unknown>): void {
    this.#options.coalesceCache?.set(key, answer, this.#until(this.#options.coalesceTTL));
  }

  /** Says whether the answer under the key is shared no longer; without an end, whatever the options are. */
  unshare(key: string, end: ResetOn | undefined): boolean {
    const { coalesceCache, coalesceResetOn } = this.#options;
    if (!coalesceCache || (end && !coalesceResetOn.includes(end))) return false;
    coalesceCache.delete(key);
    return true;
  }

  clear(): void {
    const { cache, cacheTransport, coalesceCache } = this.#options;
    if (cache) cacheTransport?.flush();
    coalesceCache?.flush();
  }

  #until(ttlMs: number): number {
    return ttlMs > 0 ? this.#clock.epochMs() + ttlMs : 0;
  }
}
