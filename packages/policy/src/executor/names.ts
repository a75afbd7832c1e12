/** Things by name that go when nobody holds them any more. */

/** So many that a program whose names are written by people loses none. */
const MOST_RECENT = 1_000;

/**
 * A name made from what users send would otherwise be kept for ever. Kept are: what was pinned; what
 * somebody holds; and the last thousand that were asked for, so that `forAPI("weather")` may be written
 * where the call is made, and its circuit is the same the next time.
 */
export class Names<T extends object> {
  readonly #known = new Map<string, WeakRef<T>>();
  /** The least lately asked for comes first. */
  readonly #recent = new Map<string, T>();
  readonly #pinned = new Map<string, T>();
  readonly #gone = new FinalizationRegistry<string>((name) => {
    if (!this.#known.get(name)?.deref()) this.#known.delete(name); // It may have come again.
  });

  /** Without being asked for. */
  find(name: string): T | undefined {
    return this.#known.get(name)?.deref();
  }

  get(name: string, make: (name: string) => T): T {
    const found = this.find(name) ?? this.#make(name, make);
    this.#recent.delete(name);
    this.#recent.set(name, found);
    if (this.#recent.size > MOST_RECENT) {
      const [oldest] = this.#recent.keys();
      if (oldest !== undefined) this.#recent.delete(oldest);
    }
    return found;
  }

  /** Keeps it for good. */
  pin(name: string, thing: T): void {
    this.#pinned.set(name, thing);
  }

  /** In the order in which they came. */
  list(): readonly (readonly [string, T])[] {
    return [...this.#known].flatMap(([name, ref]) => {
      const thing = ref.deref();
      return thing ? [[name, thing] as const] : [];
    });
  }

  #make(name: string, make: (name: string) => T): T {
    const made = make(name);
    this.#known.set(name, new WeakRef(made));
    this.#gone.register(made, name);
    return made;
  }
}
