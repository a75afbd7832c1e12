/** The saved states of one piece of work: the last one counts, a few older ones are kept. */

import { type Clock, type ErrorReporter, KintsugiError } from "@kintsugi/policy/base";

import { encode } from "../value/codec.ts";
import { type Checkpoint, open, type Sealed, seal } from "./envelope.ts";
import type { CheckpointStore } from "./port.ts";
import { inTurn } from "./turns.ts";

/** A saved state as it is listed. */
export interface CheckpointView {
  readonly kind: "state";
  readonly id: string;
  /** 1 for the first; grows by one with each. */
  readonly version: number;
  /** Epoch milliseconds. */
  readonly savedAtMs: number;
  /** The version whose state was taken up again; null for a state of its own. */
  readonly rolledBackTo: number | null;
}

/** There is no whole checkpoint of that version. */
export class CheckpointMissingError extends KintsugiError {
  override readonly name = "CheckpointMissingError";
  readonly code = "KINTSUGI_CHECKPOINT_MISSING";
  readonly id: string;
  readonly version: number;

  constructor(id: string, version: number, known: readonly number[]) {
    const list = known.length > 0 ? known.join(", ") : "none";
    super(`"${id}" has no checkpoint ${version} that could be read; it has: ${list}`);
    this.id = id;
    this.version = version;
  }
}

export interface CheckpointsOptions {
  /** Names the work; the same id finds the same states in every process. */
  readonly id: string;
  readonly store: CheckpointStore;
  readonly clock: Clock;
  /** How many are kept, read at each save. */
  readonly maxCheckpoints: () => number;
  /** Hears of checkpoints that are damaged. */
  readonly report: ErrorReporter;
}

/**
 * What is asked of an id is done in that order, one after the other, whoever asks in this process: all who
 * name the same store take turns.
 */
export class Checkpoints {
  readonly #options: CheckpointsOptions;

  /** @throws {@link RangeError} when the id is empty. */
  constructor(options: CheckpointsOptions) {
    if (options.id === "") throw new RangeError("A checkpoint needs an id, got an empty text");
    this.#options = options;
  }

  /**
   * Resolves with its version when the state is durable. The state is taken as it is now.
   *
   * @throws {@link UnrecordableError} naming the path in the state that no text can carry.
   */
  async save(state: unknown): Promise<number> {
    const savedAtMs = this.#options.clock.epochMs();
    const text = encode(state, "state", `checkpoint "${this.#options.id}"`); // Now: the work goes on, and its state with it.
    return this.#inTurn(() => this.#write({ savedAtMs, rolledBackTo: null, text }));
  }

  /** The last state that is whole; undefined when there is none. */
  load(): Promise<Checkpoint | undefined> {
    return this.#inTurn(() => this.#newest());
  }

  /** Takes an earlier state up again, as a new version; what came between stays listed. */
  rollback(version: number): Promise<Checkpoint> {
    return this.#inTurn(async () => {
      const { id, store, clock } = this.#options;
      const found = await this.#read(version);
      if (!found) throw new CheckpointMissingError(id, version, await store.versions(id));
      await this.#write({
        savedAtMs: clock.epochMs(),
        rolledBackTo: version,
        text: encode(found.state),
      });
      return found;
    });
  }

  clear(): Promise<void> {
    return this.#inTurn(async () => {
      const { id, store } = this.#options;
      // The oldest first: a kill in between leaves the newest, and never an older one as if it were.
      for (const version of await store.versions(id)) await store.remove(id, version);
    });
  }

  /** From the oldest to the newest, without those that are damaged. */
  list(): Promise<readonly CheckpointView[]> {
    return this.#inTurn(async () => {
      const { id, store } = this.#options;
      const views: CheckpointView[] = [];
      for (const version of await store.versions(id)) {
        const found = await this.#read(version);
        if (!found) continue;
        const { savedAtMs, rolledBackTo } = found;
        views.push({ kind: "state", id, version, savedAtMs, rolledBackTo });
      }
      return views;
    });
  }

  async #write(next: Omit<Sealed, "version">): Promise<number> {
    const { id, store } = this.#options;
    const versions = await store.versions(id);
    const version = (versions.at(-1) ?? 0) + 1;
    await store.write(id, version, seal({ ...next, version }));
    const old = versions.slice(
      0,
      Math.max(0, versions.length + 1 - this.#options.maxCheckpoints()),
    );
    for (const each of old) await store.remove(id, each);
    return version;
  }

  async #newest(): Promise<Checkpoint | undefined> {
    const { id, store, report } = this.#options;
    for (const version of (await store.versions(id)).toReversed()) {
      const found = await this.#read(version);
      if (found) return found;
      report(new Error(`Checkpoint ${version} of "${id}" is damaged; the one before it is used`));
    }
    return undefined;
  }

  async #read(version: number): Promise<Checkpoint | undefined> {
    const { id, store } = this.#options;
    const text = await store.read(id, version);
    const found = text === undefined ? undefined : open(text);
    return found?.version === version ? found : undefined;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    return inTurn(this.#options.store, this.#options.id, work);
  }
}
