/**
 * The live feed to one client: a snapshot, then what has changed.
 *
 * A client is a version of the board and a cursor in the log. It is told of both when it has read what it
 * was sent: states of the board between are skipped, facts never are.
 */

import type { Fact, FactLog } from "../../store/index.ts";
import { type EventSink, StreamLine, type StreamLineOptions } from "../stream-line.ts";
import type { Board } from "./board.ts";
import { deltaSince, snapshotOf } from "./board-state.ts";
import type { LiveDelta } from "./views.ts";

export interface LiveStreamsOptions extends StreamLineOptions {
  readonly board: Board;
  readonly facts: FactLog;
}

export class LiveStreams {
  readonly #options: LiveStreamsOptions;

  constructor(options: LiveStreamsOptions) {
    this.#options = options;
  }

  /**
   * Streams to `sink` until its client leaves, falls asleep, or the server closes.
   *
   * @param lastId The last fact that the client has seen; undefined for the newest ones.
   */
  open(sink: EventSink, lastId: number | undefined): void {
    new LiveStream(this.#options, sink, lastId).wake();
  }
}

/** Facts in the first snapshot of a client that knows none. */
const NEWEST_FACTS = 100;
/** Facts in the snapshot of a client that was away. */
const MOST_MISSED = 500;
/** Facts in one delta. */
const MOST_TOLD = 200;
/** Characters of the facts in one message, though one fact may be larger. The rest goes into the next. */
const MOST_CHARACTERS = 2 ** 19;

class LiveStream {
  readonly #options: LiveStreamsOptions;
  readonly #line: StreamLine;
  /** Every fact up to this id was told; undefined before the first snapshot to a client that knows none. */
  #cursor: number | undefined;
  /** Version of the board that was told; undefined before the first snapshot. */
  #version: number | undefined;

  constructor(options: LiveStreamsOptions, sink: EventSink, lastId: number | undefined) {
    this.#options = options;
    this.#cursor = lastId;
    const unwatch = options.board.watch(() => this.wake());
    this.#line = new StreamLine(options, sink, {
      greeting: "this is the live feed",
      pull: () => this.#catchUp(),
      sayStop: () => this.#sayStop(),
      onEnd: unwatch,
    });
  }

  wake(): void {
    this.#line.wake();
  }

  async #catchUp(): Promise<void> {
    for (let isMore = true; isMore; ) {
      await this.#line.ready();
      if (this.#line.hasEnded || !this.#options.board.state.program) return; // Wakes when it is known.
      isMore =
        this.#version === undefined
          ? await this.#tellAll()
          : await this.#tellChanges(this.#version);
    }
  }

  /** Facts that were not told yet are asked for at the next runtime, from the same cursor on. */
  #sayStop(): void {
    if (this.#version === undefined || this.#cursor === undefined) return;
    const delta: LiveDelta = { atMs: this.#options.clock.epochMs(), isStopping: true };
    this.#line.send("delta", this.#cursor, delta);
  }

  /** Whether there is more to tell at once. */
  async #tellAll(): Promise<boolean> {
    const { facts } = this.#options;
    const since = this.#cursor;
    if (since === undefined) {
      const newest = await facts.latest(NEWEST_FACTS);
      return this.#sendSnapshot(0, withinRoom(newest.toReversed()).toReversed(), false);
    }
    if (since > facts.lastId) return this.#tellGap(); // Another log than the one that it knew.
    const missed = await facts.after(since, { limit: MOST_MISSED + 1 });
    if (missed.length > MOST_MISSED || isTorn(missed, since)) return this.#tellGap();
    return this.#sendSnapshot(since, missed, false);
  }

  async #tellGap(): Promise<boolean> {
    return this.#sendSnapshot(0, await this.#options.facts.latest(MOST_MISSED), true);
  }

  /**
   * Facts that do not fit follow in deltas.
   *
   * @param since What was told before, where there are no facts.
   */
  #sendSnapshot(since: number, facts: readonly Fact[], isGap: boolean): boolean {
    const { board, clock } = this.#options;
    const fitting = withinRoom(facts);
    const told = { atMs: clock.epochMs(), facts: fitting, isGap };
    const snapshot = snapshotOf(board.state, told);
    if (this.#line.hasEnded || !snapshot) return false;
    this.#version = board.state.version;
    this.#cursor = fitting.at(-1)?.id ?? since;
    this.#line.send("snapshot", this.#cursor, snapshot);
    return fitting.length < facts.length;
  }

  async #tellChanges(version: number): Promise<boolean> {
    const { board, clock, facts } = this.#options;
    const cursor = this.#cursor ?? 0;
    const page = facts.lastId > cursor ? await facts.after(cursor, { limit: MOST_TOLD }) : [];
    if (this.#line.hasEnded) return false;
    if (isTorn(page, cursor)) return this.#tellGap();
    const told = withinRoom(page);
    const changes = deltaSince(board.state, version);
    if (told.length === 0 && !changes) return false;
    this.#version = board.state.version;
    this.#cursor = told.at(-1)?.id ?? cursor;
    const delta: LiveDelta = {
      atMs: clock.epochMs(),
      ...changes,
      ...(told.length > 0 && { facts: told }),
    };
    this.#line.send("delta", this.#cursor, delta);
    return page.length === MOST_TOLD || told.length < page.length;
  }
}

/** Whether the log has let go of facts after `since` while these were read: ids grow by one. */
const isTorn = ([first]: readonly Fact[], since: number): boolean =>
  first !== undefined && first.id > since + 1;

/** The first facts of these that one message carries; one at least. */
function withinRoom(facts: readonly Fact[]): readonly Fact[] {
  let characters = 0;
  const end = facts.findIndex((fact, index) => {
    characters += JSON.stringify(fact).length;
    return index > 0 && characters > MOST_CHARACTERS;
  });
  return end < 0 ? facts : facts.slice(0, end);
}
