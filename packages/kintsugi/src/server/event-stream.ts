/**
 * Facts for those who watch, as server-sent events.
 *
 * A stream is a cursor in the log and pulls: a new fact only wakes it, and it reads on from its cursor
 * when its client has taken what was sent. So there is no queue to bound, nothing is missed between
 * the past and the present, and nothing comes twice.
 */

import type { Cancel, Clock, ErrorReporter } from "@kintsugi/policy/base";

import type { Fact, FactLog } from "../store/index.ts";

/** The part of an HTTP response that a stream needs. */
interface EventSink {
  /** Whether what was written waits for the client to read. */
  readonly writableNeedDrain: boolean;
  write(text: string): unknown;
  on(event: "drain" | "close", listener: () => void): unknown;
  end(): unknown;
  destroy(): unknown;
}

export interface EventStreamsOptions {
  readonly facts: FactLog;
  readonly clock: Clock;
  /** Hears of a log that cannot be read; the stream it happened to ends. */
  readonly onError: ErrorReporter;
  /** Clients at once. @defaultValue 64 */
  readonly maxClients?: number;
  /** Milliseconds in which a client must read on, or it is dropped. @defaultValue 30_000 */
  readonly stallMs?: number;
  /** Milliseconds between two signs of life. @defaultValue 15_000 */
  readonly pingMs?: number;
}

export interface StreamRequest {
  /** The last fact that the client has seen; undefined for what happens from now on. */
  readonly lastId: number | undefined;
  /** Names or prefixes; undefined for all. */
  readonly types: readonly string[] | undefined;
}

export class EventStreams {
  readonly #options: Required<EventStreamsOptions>;
  readonly #open = new Set<EventStream>();

  constructor(options: EventStreamsOptions) {
    this.#options = { maxClients: 64, stallMs: 30_000, pingMs: 15_000, ...options };
  }

  get size(): number {
    return this.#open.size;
  }

  get isFull(): boolean {
    return this.#open.size >= this.#options.maxClients;
  }

  /** Streams to `sink` until its client leaves, falls asleep, or {@link close} is called. */
  open(sink: EventSink, request: StreamRequest): void {
    const stream = new EventStream(this.#options, sink, request, () => this.#open.delete(stream));
    this.#open.add(stream);
    stream.wake();
  }

  /** Ends all streams. */
  close(): void {
    for (const stream of this.#open) stream.end();
  }
}

/** Facts read at once. A page is held until it is sent, so this bounds what a client costs. */
const PAGE = 50;

class EventStream {
  readonly #options: Required<EventStreamsOptions>;
  readonly #sink: EventSink;
  readonly #types: readonly string[] | undefined;
  readonly #onEnd: () => void;
  readonly #unsubscribe: () => void;
  #cancelPing: Cancel = () => {};
  /** Every fact up to this id was sent, or is not asked for. */
  #cursor: number;
  #isReading = false;
  #hasNews = false;
  #hasEnded = false;
  /** Lets a read that waits for the client go on. */
  #goOn: () => void = () => {};

  constructor(
    options: Required<EventStreamsOptions>,
    sink: EventSink,
    { lastId, types }: StreamRequest,
    onEnd: () => void,
  ) {
    this.#options = options;
    this.#sink = sink;
    this.#types = types;
    this.#onEnd = onEnd;
    this.#cursor = lastId ?? options.facts.lastId;
    this.#unsubscribe = options.facts.subscribe(() => this.wake());
    sink.on("drain", () => this.#goOn());
    sink.on("close", () => this.#finish());
    sink.write(": this is the log of events\n\n");
    this.#planPing();
  }

  wake(): void {
    this.#hasNews = true;
    if (!this.#isReading) void this.#read();
  }

  end(): void {
    this.#sink.end();
    this.#finish();
  }

  async #read(): Promise<void> {
    this.#isReading = true;
    try {
      while (this.#hasNews && !this.#hasEnded) {
        this.#hasNews = false;
        await this.#catchUp();
      }
    } catch (error) {
      this.#options.onError(error);
      this.end();
    } finally {
      this.#isReading = false;
    }
  }

  async #catchUp(): Promise<void> {
    const { facts } = this.#options;
    while (!this.#hasEnded) {
      this.#tellGap();
      const newestId = facts.lastId;
      const types = this.#types;
      const page = await facts.after(this.#cursor, { limit: PAGE, ...(types && { types }) });
      for (const fact of page) {
        await this.#clientReady();
        if (this.#hasEnded) return;
        this.#sink.write(frame(fact.type, fact.id, fact));
        this.#cursor = fact.id;
      }
      if (page.length === PAGE) continue;
      // Whatever else there was up to here is not asked for, and need not be looked at again.
      this.#cursor = Math.max(this.#cursor, newestId);
      return;
    }
  }

  /** Says that facts are missing: the log has dropped them, or is not the one that the client knew. */
  #tellGap(): void {
    const { firstId, lastId } = this.#options.facts;
    const isOtherLog = this.#cursor > lastId;
    if (!isOtherLog && this.#cursor >= firstId - 1) return;
    const askedId = this.#cursor;
    this.#cursor = Math.max(firstId - 1, 0);
    this.#sink.write(frame("log.truncated", this.#cursor, { askedId, firstId }));
  }

  /** Resolves when the client has read what was sent; drops one that does not. */
  async #clientReady(): Promise<void> {
    if (this.#hasEnded || !this.#sink.writableNeedDrain) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#goOn = resolve;
    const cancel = this.#options.clock.after(this.#options.stallMs, () => {
      this.#sink.destroy();
      this.#finish();
    });
    await promise;
    cancel();
  }

  #planPing(): void {
    this.#cancelPing = this.#options.clock.after(this.#options.pingMs, () => {
      if (!this.#sink.writableNeedDrain) this.#sink.write(": ping\n\n");
      this.#planPing();
    });
  }

  #finish(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#unsubscribe();
    this.#cancelPing();
    this.#goOn();
    this.#onEnd();
  }
}

/** A line end in a type would begin a line of its own; JSON has none. */
function frame(type: string, id: number, body: Fact | object): string {
  return `id: ${id}\nevent: ${type.replace(/[\r\n]/g, " ")}\ndata: ${JSON.stringify(body)}\n\n`;
}
