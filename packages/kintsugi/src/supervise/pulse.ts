/** The signs of life of one component: who speaks for it, when it last did, and what it said. */

import type { Clock } from "@kintsugi/policy/base";

import type { Link } from "./component-socket.ts";
import type { FromSupervisor } from "./frames/component-frames.ts";
import { healthy } from "./health-state.ts";
import type { Health } from "./types.ts";

export class Pulse {
  readonly #clock: Clock;
  /** Monotonic; null until the first beat of this life. */
  #lastBeatMs: number | null = null;
  #lastBeatAtMs: number | null = null;
  /** From when on silence counts: the start, until there is a beat. Null where none is expected yet. */
  #quietSinceMs: number | null = null;
  #rssBytes: number | null = null;
  #voice: { readonly link: Link; readonly pid: number } | undefined;
  ownWord: Health = healthy;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Wall time of the last beat of this life. */
  get lastBeatAtMs(): number | null {
    return this.#lastBeatAtMs;
  }

  /** What it said of its memory; for machines that cannot tell. */
  get rssBytes(): number | null {
    return this.#rssBytes;
  }

  get isConnected(): boolean {
    return this.#voice !== undefined;
  }

  /** A new life begins. Where beats are expected, silence counts from here. */
  begin(beats: boolean): void {
    this.end();
    this.#quietSinceMs = beats ? this.#clock.monotonicMs() : null;
  }

  /** The life is over; what it leaves on the line is nobody's any more. */
  end(): void {
    this.#voice?.link.close();
    this.#voice = undefined;
    this.#quietSinceMs = null;
    this.#lastBeatMs = null;
    this.#lastBeatAtMs = null;
    this.#rssBytes = null;
    this.ownWord = healthy;
  }

  beat(rssBytes?: number): void {
    this.#lastBeatMs = this.#clock.monotonicMs();
    this.#lastBeatAtMs = this.#clock.epochMs();
    this.#rssBytes = rssBytes ?? this.#rssBytes;
  }

  /** Time since the last sign of life; null where none is expected. */
  silentMs(): number | null {
    const sinceMs = this.#lastBeatMs ?? this.#quietSinceMs;
    return sinceMs === null ? null : this.#clock.monotonicMs() - sinceMs;
  }

  /**
   * Lets a caller speak for the component. Its own children inherit its marks and may dial as well: once
   * the leader of the group has spoken they are listened to no more, or a busy child would hide a hung
   * parent.
   */
  connect(link: Link, pid: number, leaderPid: number | undefined): void {
    const isLeaderOnLine = this.#voice !== undefined && this.#voice.pid === leaderPid;
    if (!isLeaderOnLine || pid === leaderPid) this.#voice = { link, pid };
  }

  /** A line that ends is no death: the process may dial again. */
  disconnect(link: Link): void {
    if (this.hears(link)) this.#voice = undefined;
  }

  hears(link: Link): boolean {
    return this.#voice?.link === link;
  }

  /** False when nobody is on the line. */
  send(frame: FromSupervisor): boolean {
    this.#voice?.link.send(frame);
    return this.#voice !== undefined;
  }
}
