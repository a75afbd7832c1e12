/**
 * Holds what would write while the disk is full. What is left then is a small reserve of the store: it
 * is for what is under way and for what heals, not for new work.
 */

import type { Store } from "../../store/index.ts";

export class DiskRoom {
  readonly #store: Store;
  readonly #onRoom: () => void;
  #held: PromiseWithResolvers<void> | undefined;
  #stopListening: () => void = () => {};

  /** `onRoom` hears each time that there is room again. */
  constructor(store: Store, onRoom: () => void) {
    this.#store = store;
    this.#onRoom = onRoom;
  }

  get isFull(): boolean {
    return this.#store.state.kind === "full";
  }

  open(): void {
    this.#stopListening = this.#store.onState(({ kind }) => {
      if (kind === "full") return;
      this.#letGo();
      if (kind === "open") this.#onRoom();
    });
  }

  /** Lets go of all that is held: it has to look for itself whether it may still go on. */
  close(): void {
    this.#stopListening();
    this.#letGo();
  }

  /** Resolves when there is room, or never will be. Undefined when nothing need wait. */
  whenFree(): Promise<void> | undefined {
    if (!this.isFull) return undefined;
    this.#held ??= Promise.withResolvers();
    return this.#held.promise;
  }

  #letGo(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }
}
