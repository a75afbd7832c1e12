/** Where answers are kept: a port with the peer's methods, and the memory of the process behind it. */

import { type Clock, systemClock } from "../../base/index.ts";

/** Keeps what a breaker answers. What throws, or has nothing, is asked as if it were empty. */
export interface CacheTransport {
  /** What was set under the key, or a value that is falsy. */
  get(key: string): unknown;
  /** @param expiresAt Epoch milliseconds from which on it is not to be given; 0 for never. */
  set(key: string, value: unknown, expiresAt: number): void;
  flush(): void;
}

interface Kept {
  readonly value: unknown;
  /** By the monotonic clock, so that no jump of the wall clock keeps it or loses it; Infinity for never. */
  readonly untilMs: number;
}

/** The most that a Map can hold. */
const MOST_ENTRIES = 2 ** 24 - 1;

/** What came first goes first, when it is full. */
export class MemoryCache implements CacheTransport {
  /** To be looked at. */
  readonly cache: Map<string, Kept> = new Map();
  readonly maxEntries: number;
  readonly #clock: Clock;

  /** @param maxEntries Entries that are kept at most. @defaultValue 16,777,215 */
  constructor(maxEntries: number = MOST_ENTRIES, clock: Clock = systemClock) {
    this.maxEntries = maxEntries;
    this.#clock = clock;
  }

  /** Undefined where nothing is kept, or nothing any more. */
  get(key: string): unknown {
    const kept = this.cache.get(key);
    if (!kept) return undefined;
    if (this.#clock.monotonicMs() < kept.untilMs) return kept.value;
    this.cache.delete(key);
    return undefined;
  }

  set(key: string, value: unknown, expiresAt = 0): void {
    if (this.cache.size >= this.maxEntries && !this.cache.has(key)) {
      for (const first of this.cache.keys()) {
        this.cache.delete(first);
        break;
      }
    }
    const leftMs = expiresAt === 0 ? Infinity : expiresAt - this.#clock.epochMs();
    this.cache.set(key, { value, untilMs: this.#clock.monotonicMs() + leftMs });
  }

  delete(key: string): void {
    this.cache.delete(key);
  }

  flush(): void {
    this.cache.clear();
  }
}
