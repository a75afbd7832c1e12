/** Commits that wait for their turn. Bounded, in order; the oldest facts give way first. */

import type { EncodedCommit } from "./changes.ts";
import { StoreOverloadedError } from "./errors.ts";

export interface PendingCommit {
  readonly changes: EncodedCommit;
  /** True for facts that the queue may drop when a full disk lets nothing through. */
  readonly droppable: boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface CommitQueueLimits {
  /** Changes that may wait in all. */
  readonly maxChanges: number;
  /** Commits of facts alone that may wait while the disk is full. */
  readonly maxFactCommits: number;
}

export class CommitQueue {
  readonly #limits: CommitQueueLimits;
  #waiting: PendingCommit[] = [];
  #changes = 0;

  constructor(limits: CommitQueueLimits) {
    this.#limits = limits;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Whether so many more changes may wait. A commit is never too big for an empty queue. */
  hasRoomFor(changes: number): boolean {
    return this.isEmpty || this.#changes + changes <= this.#limits.maxChanges;
  }

  add(commit: PendingCommit): void {
    this.#waiting.push(commit);
    this.#changes += commit.changes.length;
  }

  /** Takes what waits. */
  takeAll(): PendingCommit[] {
    const taken = this.#waiting;
    this.#waiting = [];
    this.#changes = 0;
    return taken;
  }

  /** Puts back what was taken, before what came since. */
  putBack(commits: readonly PendingCommit[]): void {
    this.#waiting = [...commits, ...this.#waiting];
    for (const commit of commits) this.#changes += commit.changes.length;
  }

  /** Drops the oldest commits of facts alone beyond their bound. Returns how many facts went. */
  dropOldestFacts(): number {
    let excess = -this.#limits.maxFactCommits;
    for (const commit of this.#waiting) if (commit.droppable) excess += 1;
    if (excess <= 0) return 0;

    const kept: PendingCommit[] = [];
    let dropped = 0;
    for (const commit of this.#waiting) {
      if (!commit.droppable || excess === 0) {
        kept.push(commit);
        continue;
      }
      excess -= 1;
      dropped += commit.changes.length;
      this.#changes -= commit.changes.length;
      commit.reject(new StoreOverloadedError("The disk is full and newer facts took the place", 0));
    }
    this.#waiting = kept;
    return dropped;
  }
}
