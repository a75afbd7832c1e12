/**
 * Facts for those who watch, as server-sent events.
 *
 * A stream is a cursor in the log, so nothing is missed between the past and the present, and nothing
 * comes twice.
 */

import type { FactLog } from "../store/index.ts";
import { type EventSink, StreamLine, type StreamLineOptions } from "./stream-line.ts";

export interface EventStreamsOptions extends StreamLineOptions {
  readonly facts: FactLog;
}

export interface StreamRequest {
  /** The last fact that the client has seen; undefined for what happens from now on. */
  readonly lastId: number | undefined;
  /** Names or prefixes; undefined for all. */
  readonly types: readonly string[] | undefined;
}

export class EventStreams {
  readonly #options: EventStreamsOptions;

  constructor(options: EventStreamsOptions) {
    this.#options = options;
  }

  /** Streams to `sink` until its client leaves, falls asleep, or the server closes. */
  open(sink: EventSink, request: StreamRequest): void {
    new EventStream(this.#options, sink, request).wake();
  }
}

/** Facts read at once. A page is held until it is sent, so this bounds what a client costs. */
const PAGE = 50;

class EventStream {
  readonly #facts: FactLog;
  readonly #line: StreamLine;
  readonly #types: readonly string[] | undefined;
  /** Every fact up to this id was sent, or is not asked for. */
  #cursor: number;

  constructor(options: EventStreamsOptions, sink: EventSink, { lastId, types }: StreamRequest) {
    this.#facts = options.facts;
    this.#types = types;
    this.#cursor = lastId ?? options.facts.lastId;
    const unsubscribe = options.facts.subscribe(() => this.wake());
    this.#line = new StreamLine(options, sink, {
      greeting: "this is the log of events",
      pull: () => this.#catchUp(),
      onEnd: unsubscribe,
    });
  }

  wake(): void {
    this.#line.wake();
  }

  async #catchUp(): Promise<void> {
    const facts = this.#facts;
    while (!this.#line.hasEnded) {
      this.#tellGap();
      const newestId = facts.lastId;
      const types = this.#types;
      const page = await facts.after(this.#cursor, { limit: PAGE, ...(types && { types }) });
      for (const fact of page) {
        await this.#line.ready();
        if (this.#line.hasEnded) return;
        this.#line.send(fact.type, fact.id, fact);
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
    if (!isGap(this.#facts, this.#cursor)) return;
    const { firstId } = this.#facts;
    const askedId = this.#cursor;
    this.#cursor = Math.max(firstId - 1, 0);
    this.#line.send("log.truncated", this.#cursor, { askedId, firstId });
  }
}

/** Whether facts after this one are gone, or the log is another than the one that held it. */
function isGap({ firstId, lastId }: FactLog, cursor: number): boolean {
  return cursor > lastId || cursor < firstId - 1;
}
