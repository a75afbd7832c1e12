/** The saved states of one piece of work: the last one counts, a few older ones are kept. */

import {
  type Clock,
  type ErrorReporter,
  having,
  mustBe,
  type Random,
  sleep,
  systemClock,
  systemRandom,
} from "@kintsugi/policy/base";

import { encode } from "../value/codec.ts";
import { type Checkpoint, open, type Sealed, seal } from "./envelope.ts";
import { CheckpointConflictError, CheckpointMissingError } from "./errors.ts";
import { keepKnown, knownVersion } from "./known-versions.ts";
import { loadNewest } from "./load-newest.ts";
import { checkId, idShown } from "./names.ts";
import type { CheckpointStore } from "./port.ts";
import { Replica, type ReplicaLag } from "./replica.ts";
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

export interface CheckpointsOptions {
  /** Names the work; the same id finds the same states in every process. */
  readonly id: string;
  readonly store: CheckpointStore;
  readonly clock: Clock;
  /** How many are kept, read at each save. */
  readonly maxCheckpoints: () => number;
  /** Hears of checkpoints that are damaged, and of replicas that fail or were written by somebody else. */
  readonly report: ErrorReporter;
  /** Stores that get each version after the first has acknowledged it. @defaultValue none */
  readonly replicateTo?: CheckpointStore | readonly CheckpointStore[];
  /** Spreads the waits between tries at a replica. @defaultValue the system's */
  readonly random?: Random;
}

/** The worst of all replicas, and each of them in the order in which they were given. */
export interface ReplicationLag extends ReplicaLag {
  readonly replicas: readonly ReplicaLag[];
}

const aReplica = having("write", "read", "versions", "remove");

/**
 * What is asked of an id is done in that order, one after the other, whoever asks in this process: all who
 * name the same store take turns.
 */
export class Checkpoints {
  readonly #options: CheckpointsOptions;
  readonly #replicas: readonly Replica[];

  /** @throws {@link RangeError} when the id is empty or no well-formed text. */
  constructor(options: CheckpointsOptions) {
    checkId(options.id);
    this.#options = options;
    const { id, store, replicateTo = [], random = systemRandom } = options;
    const others: readonly CheckpointStore[] = [replicateTo].flat();
    this.#replicas = others.map((other) => {
      mustBe("replicateTo", other, aReplica);
      if (other !== store)
        return new Replica({ ...options, id, store: other, first: store, random });
      throw new RangeError("replicateTo must be another store than the one that is replicated");
    });
  }

  /** How far the replicas are behind: the worst of all, and each. */
  get replication(): ReplicationLag {
    const replicas = this.#replicas.map(({ lag }) => lag);
    return {
      versionsBehind: Math.max(0, ...replicas.map(({ versionsBehind }) => versionsBehind)),
      ageMs: Math.max(0, ...replicas.map(({ ageMs }) => ageMs)),
      lastError: replicas.find(({ lastError }) => lastError !== null)?.lastError ?? null,
      replicas,
    };
  }

  /**
   * Brings the replicas level, and gives up when the time is over; what is missing then is reported.
   *
   * @param timer Says when the time is over; it must keep the process alive.
   */
  async drain(deadlineMs: number, timer: Clock = systemClock): Promise<void> {
    if (this.#replicas.length === 0) return;
    await this.#inTurn(async () => {}); // What was asked for before is on its way to them.
    const over = new AbortController();
    const late = sleep(timer, deadlineMs, over.signal).catch(() => {});
    await Promise.race([Promise.all(this.#replicas.map((each) => each.level(over.signal))), late]);
    over.abort();
    const { versionsBehind, lastError } = this.replication;
    if (versionsBehind === 0) return;
    const { id, report } = this.#options;
    const why = lastError === null ? "" : `: ${lastError}`;
    report(
      new Error(`A replica of ${idShown(id)} was left ${versionsBehind} versions behind${why}`),
    );
  }

  /**
   * Resolves with its version when the state is durable. The state is taken as it is now.
   *
   * @throws {@link UnrecordableError} naming the path in the state that no text can carry.
   * @throws an error that says the length, when its text has more than 16 Mi characters.
   * @throws {@link CheckpointConflictError} when another process has saved the id since this one saved or
   * loaded it. Nothing was saved then; after a `load` it is possible again.
   */
  async save(state: unknown): Promise<number> {
    const savedAtMs = this.#options.clock.epochMs();
    // Now: the work goes on, and its state with it.
    const text = encode(state, "state", `checkpoint ${idShown(this.#options.id)}`);
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
      const found = await this.#readAnywhere(version);
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
      for (const replica of this.#replicas) await replica.clear(); // Else the next load found it there.
      // The oldest first: a kill in between leaves the newest, and never an older one as if it were.
      for (const version of await store.versions(id)) await store.remove(id, version);
      keepKnown(store, id, 0);
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
    const newest = versions.at(-1) ?? 0;
    const known = knownVersion(store, id) ?? newest;
    if (newest > known) throw new CheckpointConflictError(id, known, newest);
    const version = known + 1; // Not `newest`: who emptied the store has not taken our count from us.
    const sealed = seal({ ...next, version });
    await store.write(id, version, sealed);
    keepKnown(store, id, version);
    for (const replica of this.#replicas) replica.offer(version, sealed);
    const old = versions.slice(
      0,
      Math.max(0, versions.length + 1 - this.#options.maxCheckpoints()),
    );
    for (const each of old) await store.remove(id, each);
    return version;
  }

  async #newest(): Promise<Checkpoint | undefined> {
    const { id, store } = this.#options;
    const { newestVersion, whole } = await loadNewest({
      ...this.#options,
      replicas: this.#replicas,
    });
    keepKnown(store, id, Math.max(newestVersion, knownVersion(store, id) ?? 0));
    return whole?.checkpoint;
  }

  /** A replica has what a first store lost that came back empty. */
  async #readAnywhere(version: number): Promise<Checkpoint | undefined> {
    let found = await this.#read(version);
    for (const { store } of this.#replicas) found ??= await this.#read(version, store);
    return found;
  }

  async #read(
    version: number,
    store: CheckpointStore = this.#options.store,
  ): Promise<Checkpoint | undefined> {
    const text = await store.read(this.#options.id, version);
    const found = text === undefined ? undefined : open(text);
    return found?.version === version ? found : undefined;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    return inTurn(this.#options.store, this.#options.id, work);
  }
}
