/**
 * One listener on a parent signal, however many calls hear of it. To listen anew with each call would
 * walk all listeners that are there already, and leave one behind with each call that forgets.
 */

import { systemClock } from "./clock.ts";

/** One who hears of an abort, linked to the others under the same signal. */
export interface Child {
  parentSignal: ParentSignal | undefined;
  elder: Child | undefined;
  younger: Child | undefined;
  /** The parent was aborted; the child is no longer linked to it. */
  forsake(reason: unknown): void;
}

const known = new WeakMap<AbortSignal, ParentSignal>();

/** Most calls of a burst have the parent of the call before: found without the map. */
let latest: ParentSignal | undefined;

/** Those without children, since the last turn of the platform's loop. */
let childless: ParentSignal[] = [];

/** Links a child to a signal that is not aborted, until the signal is or {@link ParentSignal.leave}. */
export function hearAbort(signal: AbortSignal, child: Child): void {
  if (latest?.signal !== signal) latest = parentOf(signal);
  latest.join(child);
}

function parentOf(signal: AbortSignal): ParentSignal {
  const found = known.get(signal) ?? new ParentSignal(signal);
  known.set(signal, found);
  return found;
}

export class ParentSignal {
  readonly signal: AbortSignal;
  #eldest: Child | undefined;
  #youngest: Child | undefined;
  #isListening = false;
  #isChildless = false;

  constructor(signal: AbortSignal) {
    this.signal = signal;
  }

  join(child: Child): void {
    child.parentSignal = this;
    child.elder = this.#youngest;
    if (this.#youngest) this.#youngest.younger = child;
    else this.#eldest = child;
    this.#youngest = child;
    if (this.#isListening) return;
    this.#isListening = true;
    this.signal.addEventListener("abort", this.#forsakeAll, { once: true });
  }

  /** The child's call has settled. */
  leave(child: Child): void {
    const { elder, younger } = child;
    if (elder) elder.younger = younger;
    else this.#eldest = younger;
    if (younger) younger.elder = elder;
    else this.#youngest = elder;
    child.elder = undefined;
    child.younger = undefined;
    child.parentSignal = undefined;
    if (!this.#youngest && !this.#isChildless) this.#stopSoon();
  }

  /** The next call often comes at once: the listener waits for it to the end of this turn. */
  #stopSoon(): void {
    this.#isChildless = true;
    if (childless.push(this) === 1) systemClock.immediate(stopListening);
  }

  stopIfChildless(): void {
    this.#isChildless = false;
    if (this.#youngest || !this.#isListening) return;
    this.#isListening = false;
    this.signal.removeEventListener("abort", this.#forsakeAll);
  }

  /** In the order in which they came, as listeners of their own would hear of it. */
  readonly #forsakeAll = (): void => {
    this.#isListening = false;
    for (let child = this.#eldest; child; child = this.#eldest) {
      this.leave(child);
      child.forsake(this.signal.reason);
    }
  };
}

function stopListening(): void {
  const stopping = childless;
  childless = [];
  latest = undefined; // It would keep the signal alive.
  for (const parent of stopping) parent.stopIfChildless();
}
