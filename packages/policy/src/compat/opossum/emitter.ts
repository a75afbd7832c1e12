/** What users of the peer know of Node's EventEmitter, made for Node and browsers alike. */

import { type ErrorReporter, notify } from "../../base/index.ts";

/** Takes what its event brings; what it answers is not waited for. */
export type AnyListener = (...args: never[]) => unknown;

/** Event by event, what listeners are called with. */
export type EventMap = { readonly [event: string]: readonly unknown[] };

interface Entry {
  readonly listener: AnyListener;
  readonly isOnce: boolean;
}

const NOBODY: readonly Entry[] = [];

/**
 * Listeners are called at once, in their order, with the emitter as `this`. Other than with Node's: what
 * one of them throws is reported, and reaches neither those behind it nor the call that it listens to;
 * and any number may listen, without a warning.
 */
export class Emitter<E extends EventMap> {
  readonly #report: ErrorReporter;
  /** Undefined until somebody listens. A list is never changed in place: who is told now is told. */
  #lists: Map<string | symbol, readonly Entry[]> | undefined = undefined;

  constructor(report: ErrorReporter) {
    this.#report = report;
  }

  on<N extends keyof E & string>(event: N, listener: (...args: E[N]) => unknown): this;
  on(event: string | symbol, listener: AnyListener): this;
  on(event: string | symbol, listener: AnyListener): this {
    return this.#add(event, { listener, isOnce: false }, "last");
  }

  addListener<N extends keyof E & string>(event: N, listener: (...args: E[N]) => unknown): this;
  addListener(event: string | symbol, listener: AnyListener): this;
  addListener(event: string | symbol, listener: AnyListener): this {
    return this.#add(event, { listener, isOnce: false }, "last");
  }

  once<N extends keyof E & string>(event: N, listener: (...args: E[N]) => unknown): this;
  once(event: string | symbol, listener: AnyListener): this;
  once(event: string | symbol, listener: AnyListener): this {
    return this.#add(event, { listener, isOnce: true }, "last");
  }

  prependListener<N extends keyof E & string>(event: N, listener: (...args: E[N]) => unknown): this;
  prependListener(event: string | symbol, listener: AnyListener): this;
  prependListener(event: string | symbol, listener: AnyListener): this {
    return this.#add(event, { listener, isOnce: false }, "first");
  }

  prependOnceListener<N extends keyof E & string>(
    event: N,
    listener: (...args: E[N]) => unknown,
  ): this;
  prependOnceListener(event: string | symbol, listener: AnyListener): this;
  prependOnceListener(event: string | symbol, listener: AnyListener): this {
    return this.#add(event, { listener, isOnce: true }, "first");
  }

  /** Removes the one that was added last, where the same listens more than once. */
  off(event: string | symbol, listener: AnyListener): this {
    const list = this.#list(event);
    const place = list.findLastIndex((entry) => entry.listener === listener);
    if (place >= 0) this.#keep(event, list.toSpliced(place, 1));
    return this;
  }

  removeListener(event: string | symbol, listener: AnyListener): this {
    return this.off(event, listener);
  }

  /** Without an event, all listeners of all events. */
  removeAllListeners(event?: string | symbol): this {
    for (const each of event === undefined ? [...(this.#lists?.keys() ?? [])] : [event]) {
      this.#keep(each, NOBODY);
    }
    return this;
  }

  /** Calls the listeners of an event; says whether there are any. */
  emit<N extends keyof E & string>(event: N, ...args: E[N]): boolean;
  emit(event: string | symbol, ...args: readonly unknown[]): boolean;
  emit(event: string | symbol, ...args: readonly unknown[]): boolean {
    const list = this.#list(event);
    for (const entry of list) {
      if (entry.isOnce) this.#drop(event, entry);
      notify((all) => Reflect.apply(entry.listener, this, all), args, this.#report);
    }
    return list.length > 0;
  }

  /** With a listener, how often that one listens. */
  listenerCount(event: string | symbol, listener?: AnyListener): number {
    const list = this.#list(event);
    return listener ? list.filter((entry) => entry.listener === listener).length : list.length;
  }

  listeners(event: string | symbol): AnyListener[] {
    return this.#list(event).map(({ listener }) => listener);
  }

  rawListeners(event: string | symbol): AnyListener[] {
    return this.listeners(event);
  }

  eventNames(): (string | symbol)[] {
    return [...(this.#lists?.keys() ?? [])];
  }

  /** Harmless: there is no limit that would warn. */
  setMaxListeners(_count: number): this {
    return this;
  }

  getMaxListeners(): number {
    return Infinity;
  }

  /** @internal Whether an event for it need be made at all. */
  hears(event: string): boolean {
    return this.#lists?.has(event) ?? false;
  }

  /** Told whenever somebody has begun to listen, or stopped. */
  protected listening(_event: string | symbol): void {}

  #list(event: string | symbol): readonly Entry[] {
    return this.#lists?.get(event) ?? NOBODY;
  }

  #add(event: string | symbol, entry: Entry, end: "first" | "last"): this {
    if (typeof entry.listener !== "function") {
      throw new TypeError(`A listener must be a function, got ${typeof entry.listener}`);
    }
    const list = this.#list(event);
    this.#keep(event, end === "last" ? [...list, entry] : [entry, ...list]);
    return this;
  }

  #drop(event: string | symbol, entry: Entry): void {
    this.#keep(
      event,
      this.#list(event).filter((each) => each !== entry),
    );
  }

  #keep(event: string | symbol, list: readonly Entry[]): void {
    this.#lists ??= new Map();
    if (list.length > 0) this.#lists.set(event, list);
    else this.#lists.delete(event);
    this.listening(event);
  }
}
