/** What is remembered of a component for those who look for the cause: bounded, and lost with us. */

import type { ProcessSample } from "../host/index.ts";
import type { ExitView } from "./types.ts";

interface RssReading {
  readonly atMs: number;
  readonly rssBytes: number;
}

/** A silence that became critical, and whether the process was busy in it. */
interface HangReport {
  readonly atMs: number;
  readonly incarnation: number;
  readonly silentMs: number;
  readonly rssBytes: number;
  /** CPU time used since the last reading before the silence: near `silentMs` it is a busy loop. */
  readonly cpuMs: number;
}

/** A restart that somebody asked for. */
interface AskedRestart {
  readonly atMs: number;
  readonly why: string;
}

const MAX_EXITS = 10;
const MAX_HANGS = 5;
const MAX_ASKED = 10;

/** Two minutes at one reading a second: the slope of a leak. */
const MAX_READINGS = 120;

export class History {
  readonly exits: ExitView[] = [];
  readonly rss: RssReading[] = [];
  readonly hangs: HangReport[] = [];
  readonly asked: AskedRestart[] = [];
  #cpuBeforeMs = 0;
  #isSilent = false;

  exit(exit: ExitView): void {
    keep(this.exits, exit, MAX_EXITS);
    this.#cpuBeforeMs = 0;
    this.#isSilent = false;
  }

  ask(asked: AskedRestart): void {
    keep(this.asked, asked, MAX_ASKED);
  }

  /** A reading while it answers. */
  read(atMs: number, { rssBytes, cpuMs }: ProcessSample): void {
    keep(this.rss, { atMs, rssBytes }, MAX_READINGS);
    this.#cpuBeforeMs = cpuMs;
    this.#isSilent = false;
  }

  /** A reading while it does not: the first one of a silence is a report. */
  readSilent(
    atMs: number,
    { rssBytes, cpuMs }: ProcessSample,
    incarnation: number,
    silentMs: number,
  ): void {
    keep(this.rss, { atMs, rssBytes }, MAX_READINGS);
    if (this.#isSilent) return;
    this.#isSilent = true;
    const usedMs = cpuMs - this.#cpuBeforeMs;
    keep(this.hangs, { atMs, incarnation, silentMs, rssBytes, cpuMs: usedMs }, MAX_HANGS);
  }
}

/** Adds to a list that lets the oldest go. */
function keep<T>(list: T[], item: T, most: number): void {
  list.push(item);
  if (list.length > most) list.shift();
}
