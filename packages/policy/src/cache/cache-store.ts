/** Where answers are kept: a port, and the memory of the process behind it. */

export interface KeptAnswer {
  readonly value: unknown;
  /** Monotonic milliseconds. */
  readonly storedMs: number;
}

/** What is known of a key. Its times are monotonic: they mean nothing to another process. */
export interface CacheEntry {
  /** The last answer. */
  readonly answer?: KeptAnswer;
  /** The failure since then, where failures are kept. */
  readonly failure?: { readonly thrown: unknown; readonly failedMs: number };
}

/** Keeps entries until it has no room, and throws out what was least lately used. */
export interface CacheStore {
  readonly stats: { readonly entries: number; readonly bytes: number; readonly evicted: number };
  /** Counts as a use. */
  get(key: string): CacheEntry | undefined;
  set(key: string, entry: CacheEntry): void;
  delete(key: string): void;
  clear(): void;
}

interface MemoryLimits {
  readonly maxEntries: number;
  readonly maxBytes: number;
  readonly sizeOf: ((value: unknown, key: string) => number) | undefined;
}

/** A Map remembers in which order its keys came: the first is the least lately used. */
export class MemoryStore implements CacheStore {
  readonly #entries = new Map<string, { readonly entry: CacheEntry; readonly bytes: number }>();
  readonly #limits: MemoryLimits;
  #bytes = 0;
  #evicted = 0;
  #latest: string | undefined;

  constructor(limits: MemoryLimits) {
    this.#limits = limits;
  }

  get stats(): CacheStore["stats"] {
    return { entries: this.#entries.size, bytes: this.#bytes, evicted: this.#evicted };
  }

  get(key: string): CacheEntry | undefined {
    const kept = this.#entries.get(key);
    if (kept && key !== this.#latest) {
      this.#entries.delete(key);
      this.#entries.set(key, kept);
      this.#latest = key;
    }
    return kept?.entry;
  }

  /** What is larger than all the room there is goes, and takes along what it would have replaced. */
  set(key: string, entry: CacheEntry): void {
    const { sizeOf, maxBytes, maxEntries } = this.#limits;
    const bytes = sizeOf && entry.answer ? sizeOf(entry.answer.value, key) : 0;
    if (!(bytes >= 0)) throw new RangeError(`sizeOf must say at least 0 bytes, got ${bytes}`);
    this.delete(key);
    this.#entries.set(key, { entry, bytes });
    this.#bytes += bytes;
    this.#latest = key;
    if (bytes > maxBytes) this.#evict(key);
    while (this.#entries.size > maxEntries || this.#bytes > maxBytes) {
      this.#evict(this.#entries.keys().next().value ?? key);
    }
  }

  delete(key: string): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0;
    this.#entries.delete(key);
    if (this.#latest === key) this.#latest = undefined;
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
    this.#latest = undefined;
  }

  #evict(key: string): void {
    this.delete(key);
    this.#evicted += 1;
  }
}
