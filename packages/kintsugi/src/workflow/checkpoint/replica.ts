/** A second store of checkpoints that follows the first: behind it, in order, and told how far behind. */

import type { Cancel, Clock, ErrorReporter, Random } from "@kintsugi/policy/base";

import { CheckpointConflictError, CheckpointTakenError } from "./errors.ts";
import type { CheckpointStore } from "./port.ts";

/** How far a replica is behind what was saved. */
export interface ReplicaLag {
  /** Saves that it has not yet. */
  readonly versionsBehind: number;
  /** Milliseconds since it was last level; 0 when it is. */
  readonly ageMs: number;
  /** Why the last try failed; null after one that succeeded. */
  readonly lastError: string | null;
}

export interface ReplicaOptions {
  readonly id: string;
  readonly store: CheckpointStore;
  /** The one that is followed. */
  readonly first: CheckpointStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly maxCheckpoints: () => number;
  readonly report: ErrorReporter;
}

/** Versions, and characters of their texts, that wait at most; the oldest give way, the newest stays. */
const MOST_WAITING = 16;
const MOST_CHARACTERS = 2 ** 26;

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

interface Waiting {
  readonly version: number;
  readonly text: string;
  readonly sinceMs: number;
}

export class Replica {
  readonly #options: ReplicaOptions;
  #waiting: readonly Waiting[] = [];
  #behind = 0;
  #behindSinceMs = 0;
  #failures = 0;
  #lastError: string | null = null;
  /** Another writer's version was found: nothing more is written until somebody has loaded. */
  #isInConflict = false;
  /** The newest version there that is known as ours: written, tried, or taken up by a load. */
  #known = 0;
  #cancelWait: Cancel | undefined;
  #working: Promise<void> | undefined;

  constructor(options: ReplicaOptions) {
    this.#options = options;
  }

  get store(): CheckpointStore {
    return this.#options.store;
  }

  get lag(): ReplicaLag {
    const isLevel = this.#behind === 0;
    return {
      versionsBehind: this.#behind,
      ageMs: isLevel ? 0 : this.#options.clock.monotonicMs() - this.#behindSinceMs,
      lastError: this.#lastError,
    };
  }

  /** Queues a version that the first store has acknowledged. */
  offer(version: number, text: string): void {
    const sinceMs = this.#options.clock.monotonicMs();
    if (this.#behind === 0) this.#behindSinceMs = sinceMs;
    this.#behind += 1;
    this.#waiting = bounded([...this.#waiting, { version, text, sinceMs }]);
    this.#work();
  }

  /** Whoever loaded has seen all that is there: what is found up to that version is no other's. */
  takeUp(version: number): void {
    this.#known = Math.max(this.#known, version);
    this.#isInConflict = false;
    this.#waiting = this.#waiting.filter((each) => each.version > version);
    this.#behind = Math.min(this.#behind, this.#waiting.length);
    this.#work();
  }

  /** Tries at once, and again until nothing waits, nothing more will be written, or the signal says so. */
  async level(signal: AbortSignal): Promise<void> {
    while (this.#waiting.length > 0 && !this.#isInConflict && !signal.aborted) {
      this.#cancelWait?.();
      this.#cancelWait = undefined;
      this.#work();
      await this.#working;
      if (this.#lastError !== null && !this.#isInConflict) await this.#pause();
    }
  }

  /** Forgets what waits, and removes all that is there. */
  async clear(): Promise<void> {
    const { id, store } = this.#options;
    this.#waiting = [];
    this.#behind = 0;
    await this.#working;
    for (const version of await store.versions(id)) await store.remove(id, version);
    this.#known = 0;
    this.#isInConflict = false;
  }

  #work(): void {
    if (this.#working || this.#cancelWait || this.#isInConflict || this.#waiting.length === 0)
      return;
    this.#working = this.#writeAll().finally(() => {
      this.#working = undefined;
    });
  }

  async #writeAll(): Promise<void> {
    try {
      for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
        const written = await this.#write(next);
        this.#waiting = this.#waiting.filter(({ version }) => version > written);
        this.#behind = Math.min(this.#behind, this.#waiting.length);
        this.#behindSinceMs = this.#waiting[0]?.sinceMs ?? 0;
        this.#failures = 0;
        this.#lastError = null;
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    const { clock, report } = this.#options;
    this.#lastError = error instanceof Error ? error.message : String(error);
    this.#isInConflict =
      error instanceof CheckpointConflictError || error instanceof CheckpointTakenError;
    if (this.#failures === 0) report(error); // The next ones say the same; the lag shows them.
    this.#failures += 1;
    if (this.#isInConflict) return;
    this.#cancelWait = clock.after(this.#waitMs(), () => {
      this.#cancelWait = undefined;
      this.#work();
    });
  }

  #waitMs(): number {
    const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (this.#failures - 1));
    return longest * (1 - this.#options.random.next() / 2);
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.#options.clock.after(this.#waitMs(), resolve));
  }

  /** Returns the version up to which the replica is level. */
  async #write({ version, text }: Waiting): Promise<number> {
    const { id, store } = this.#options;
    const there = await store.versions(id);
    const newest = there.at(-1) ?? 0;
    if (newest > this.#known && newest !== version) {
      await this.#checkOurs(newest, version);
      this.#known = newest;
      if (newest > version) return newest; // Somebody else in this process was quicker.
    }
    this.#known = Math.max(this.#known, version); // Its answer may be lost.
    await store.write(id, version, text);
    const most = this.#options.maxCheckpoints();
    const older = there.filter((each) => each < version);
    for (const each of older.slice(0, Math.max(0, older.length + 1 - most))) {
      await store.remove(id, each);
    }
    return version;
  }

  /** What the first store has let go cannot be compared: an older one is taken for ours. */
  async #checkOurs(found: number, version: number): Promise<void> {
    const { id, store, first } = this.#options;
    const ours = await first.read(id, found);
    if (ours === undefined && found < version) return;
    if (ours !== undefined && ours === (await store.read(id, found))) return;
    throw new CheckpointConflictError(id, version, found, "a replica");
  }
}

function bounded(waiting: readonly Waiting[]): readonly Waiting[] {
  let left = waiting.slice(-MOST_WAITING);
  const characters = (): number => left.reduce((sum, { text }) => sum + text.length, 0);
  while (left.length > 1 && characters() > MOST_CHARACTERS) left = left.slice(1);
  return left;
}
