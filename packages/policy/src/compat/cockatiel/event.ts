/** What a policy tells of, and who hears it. */

import { type Listener, notify, reportError } from "../../base/index.ts";
import { TaskCancelledError } from "./errors.ts";

/** Something that can be given back. */
export interface IDisposable {
  dispose(): void;
}

/** Adds a listener, until what it returns is disposed of. */
export type Event<T> = (listener: (data: T) => void) => IDisposable;

interface EventFunctions {
  /** Adds a listener for the next event alone. */
  once<T>(event: Event<T>, listener: (data: T) => void): IDisposable;
  /**
   * The next event.
   *
   * @throws {@link TaskCancelledError} when `signal` is aborted first; nobody listens any more then.
   */
  toPromise<T>(event: Event<T>, signal?: AbortSignal): Promise<T>;
}

export const Event: EventFunctions = {
  once(event, listener) {
    let isOver = false;
    let subscription: IDisposable | undefined;
    const end = (): void => {
      isOver = true;
      subscription?.dispose();
    };
    subscription = event((data) => {
      if (isOver) return; // An event may come before there is anything to dispose of.
      end();
      listener(data);
    });
    if (isOver) subscription.dispose();
    return { dispose: end };
  },

  toPromise<T>(event: Event<T>, signal?: AbortSignal): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (signal?.aborted) {
        reject(new TaskCancelledError());
        return;
      }
      const cancel = (): void => {
        subscription.dispose();
        reject(new TaskCancelledError());
      };
      const subscription = Event.once(event, (data) => {
        signal?.removeEventListener("abort", cancel);
        resolve(data);
      });
      signal?.addEventListener("abort", cancel, { once: true });
    });
  },
};

/** Hands an event on to everybody who listens when it comes. */
export class EventEmitter<T> {
  /** Replaced, never changed: who is told of an event may add and remove listeners. */
  #entries: readonly { readonly listener: Listener<T> }[] = NOBODY;

  /** Adds a listener. It needs no `this`. */
  readonly addListener: Event<T> = (listener) => {
    const entry = { listener };
    this.#entries = [...this.#entries, entry];
    return {
      dispose: () => {
        this.#entries = this.#entries.filter((each) => each !== entry);
      },
    };
  };

  /** How many listen. */
  get size(): number {
    return this.#entries.length;
  }

  /** Tells everybody; what a listener throws is thrown. */
  emit(value: T): void {
    for (const { listener } of this.#entries) listener(value);
  }

  /**
   * Tells everybody. What a listener throws goes to the platform's `reportError`: it never reaches the call.
   *
   * @internal
   */
  tell(value: T): void {
    for (const { listener } of this.#entries) notify(listener, value, reportError);
  }
}

const NOBODY: readonly never[] = [];
