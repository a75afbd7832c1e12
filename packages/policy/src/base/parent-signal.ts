/**
 * One listener on a parent signal, however many calls hear of it. To listen anew with each call would
 * walk all listeners that are there already, and leave one behind with each call that forgets.
 */

import { systemClock } from "./clock.ts";

/** One who hears of an abort. */
export interface Child {
  forsake(reason: unknown): void;
}

const known = new WeakMap<AbortSignal, ParentSignal>();

/** Most calls of a burst have the parent of the call before: found without the map. */
let latest: ParentSignal | undefined;

/** Those without children, since the last turn of the platform's loop. */
let childless: ParentSignal[] = [];

/** Tells a child when a signal is aborted that is not yet, unless the link is left before. */
export function hearAbort(signal: AbortSignal, child: Child): AbortLink {
  if (latest?.signal !== signal) latest = parentOf(signal);
  return latest.join(child);
}

function parentOf(signal: AbortSignal): ParentSignal {
  const found = known.get(signal) ?? new ParentSignal(signal);
  known.set(signal, found);
  return found;
}

class ParentSignal {
  readonly signal: AbortSignal;
  eldest: AbortLink | undefined;
  youngest: AbortLink | undefined;
  #isListening = false;
  #isChildless = false;

  constructor(signal: AbortSignal) {
    this.signal = signal;
  }

  join(child: Child): AbortLink {
    const link = new AbortLink(this, child);
    if (this.#isListening) return link;
    this.#isListening = true;
    this.signal.addEventListener("abort", this.#forsakeAll, { once: true });
    return link;
  }

  /** The next call often comes at once: the listener waits for it to the end of this turn. */
  stopSoon(): void {
    if (this.#isChildless) return;
    this.#isChildless = true;
    if (childless.push(this) === 1) systemClock.immediate(stopListening);
  }

  stopIfChildless(): void {
    this.#isChildless = false;
    if (this.youngest || !this.#isListening) return;
    this.#isListening = false;
    this.signal.removeEventListener("abort", this.#forsakeAll);
  }

  /** In the order in which they came, as listeners of their own would hear of it. */
  readonly #forsakeAll = (): void => {
    this.#isListening = false;
    for (let link = this.eldest; link; link = this.eldest) {
      link.leave();
      link.child.forsake(this.signal.reason);
    }
  };
}

/** A child among those of its parent, the eldest first. */
export class AbortLink {
  readonly child: Child;
  #parent: ParentSignal | undefined;
  #elder: AbortLink | undefined;
  #younger: AbortLink | undefined = undefined;

  constructor(parent: ParentSignal, child: Child) {
    this.child = child;
    this.#parent = parent;
    this.#elder = parent.youngest;
    if (parent.youngest) parent.youngest.#younger = this;
    else parent.eldest = this;
    parent.youngest = this;
  }

  /** Harmless when it was left before. */
  leave(): void {
    const parent = this.#parent;
    if (!parent) return;
    const elder = this.#elder;
    const younger = this.#younger;
    if (elder) elder.#younger = younger;
    else parent.eldest = younger;
    if (younger) younger.#elder = elder;
    else parent.youngest = elder;
    this.#parent = undefined;
    this.#elder = undefined;
    this.#younger = undefined;
    if (!parent.youngest) parent.stopSoon();
  }
}

/**
 * Stops listening to signals under which nothing waits any more, which happens at the end of each turn
 * anyway: for who promises it sooner, at the price of listening anew with the next call.
 */
export function stopListening(): void {
  const stopping = childless;
  childless = [];
  latest = undefined; // It would keep the signal alive.
  for (const parent of stopping) parent.stopIfChildless();
}
