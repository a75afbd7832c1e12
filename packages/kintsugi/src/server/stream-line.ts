/**
 * One client of a stream: what is sent to it, when it is given up, and how many there may be.
 *
 * A stream pulls: something new only wakes it, and it reads on from its cursor when its client has
 * taken what was sent. So there is no queue to bound, and a client that sleeps costs one page.
 */

import type { Cancel, Clock, ErrorReporter } from "@kintsugi/policy/base";

/** The part of an HTTP response that a stream needs. */
export interface EventSink {
  /** Whether what was written waits for the client to read. */
  readonly writableNeedDrain: boolean;
  write(text: string): unknown;
  on(event: "drain" | "close", listener: () => void): unknown;
  end(): unknown;
  destroy(): unknown;
}

export interface StreamLineOptions {
  readonly clock: Clock;
  /** Hears of what a stream cannot read; that stream ends. */
  readonly onError: ErrorReporter;
  /** Shared by all streams of a server. */
  readonly places: StreamPlaces;
  /** Milliseconds in which a client must read on, or it is dropped. @defaultValue 30_000 */
  readonly stallMs?: number;
  /** Milliseconds between two signs of life. @defaultValue 15_000 */
  readonly pingMs?: number;
}

/** How many clients may follow at once, and all that do. */
export class StreamPlaces {
  readonly #most: number;
  readonly #taken = new Set<StreamLine>();

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#taken.size;
  }

  get isFull(): boolean {
    return this.#taken.size >= this.#most;
  }

  take(line: StreamLine): void {
    this.#taken.add(line);
  }

  leave(line: StreamLine): void {
    this.#taken.delete(line);
  }

  /** The program ends on purpose, which clients hear that show how it is. */
  sayStop(): void {
    for (const line of this.#taken) line.sayStop();
  }

  /** Ends all streams. */
  close(): void {
    for (const line of this.#taken) line.end();
  }
}

interface StreamSource {
  /** A comment that opens the stream, so that the client sees that it stands. */
  readonly greeting: string;
  /** Sends all that is new. Never called twice at once. */
  pull(): Promise<void>;
  /** Sends the last words of a program that ends on purpose. @defaultValue none */
  sayStop?(): void;
  /** The client has left, was dropped, or the server closes. */
  onEnd(): void;
}

const STALL_MS = 30_000;
const PING_MS = 15_000;

export class StreamLine {
  readonly #options: StreamLineOptions;
  readonly #sink: EventSink;
  readonly #source: StreamSource;
  #cancelPing: Cancel = () => {};
  #isPulling = false;
  #hasNews = false;
  #hasEnded = false;
  /** Lets a pull that waits for the client go on. */
  #goOn: () => void = () => {};

  constructor(options: StreamLineOptions, sink: EventSink, source: StreamSource) {
    this.#options = options;
    this.#sink = sink;
    this.#source = source;
    options.places.take(this);
    sink.on("drain", () => this.#goOn());
    sink.on("close", () => this.#finish());
    sink.write(`: ${source.greeting}\n\n`);
    this.#planPing();
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** There may be something new. */
  wake(): void {
    this.#hasNews = true;
    if (!this.#isPulling) void this.#pull();
  }

  /** Nothing is sent before {@link ready} has resolved. */
  send(type: string, id: number, body: object): void {
    this.#sink.write(frame(type, id, body));
  }

  /** Resolves when the client has read what was sent; drops one that does not. */
  async ready(): Promise<void> {
    if (this.#hasEnded || !this.#sink.writableNeedDrain) return;
    const { clock, stallMs = STALL_MS } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#goOn = resolve;
    const cancel = clock.after(stallMs, () => {
      this.#sink.destroy();
      this.#finish();
    });
    await promise;
    cancel();
  }

  sayStop(): void {
    this.#source.sayStop?.();
  }

  end(): void {
    this.#sink.end();
    this.#finish();
  }

  async #pull(): Promise<void> {
    this.#isPulling = true;
    try {
      while (this.#hasNews && !this.#hasEnded) {
        this.#hasNews = false;
        await this.#source.pull();
      }
    } catch (error) {
      this.#options.onError(error);
      this.end();
    } finally {
      this.#isPulling = false;
    }
  }

  #planPing(): void {
    const { clock, pingMs = PING_MS } = this.#options;
    this.#cancelPing = clock.after(pingMs, () => {
      if (!this.#sink.writableNeedDrain) this.#sink.write(": ping\n\n");
      this.#planPing();
    });
  }

  #finish(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#cancelPing();
    this.#goOn();
    this.#options.places.leave(this);
    this.#source.onEnd();
  }
}

/** A line end in a type would begin a line of its own; JSON has none. */
function frame(type: string, id: number, body: object): string {
  return `id: ${id}\nevent: ${type.replace(/[\r\n]/g, " ")}\ndata: ${JSON.stringify(body)}\n\n`;
}
