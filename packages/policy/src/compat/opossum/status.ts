/** What has happened of late, for people and for the breaker itself. */

import {
  backgroundClock,
  type Cancel,
  type Clock,
  type ErrorReporter,
  reportError,
  systemClock,
} from "../../base/index.ts";
import { Emitter } from "./emitter.ts";
import { type Bucket, COUNTERS, type Counter, RollingWindow, type Stats } from "./window.ts";

/** Whoever says when a slice ends: an EventEmitter that emits `rotate`. */
export interface RotateController {
  on(event: "rotate", listener: () => void): unknown;
  removeListener(event: "rotate", listener: () => void): unknown;
}

export interface StatusOptions {
  /** Slices of the window, a whole number above 0. @defaultValue 10, also for 0 */
  readonly rollingCountBuckets?: number | undefined;
  /** Milliseconds of the window, above 0. @defaultValue 10_000, also for 0 */
  readonly rollingCountTimeout?: number | undefined;
  /** Whether latencies are kept; else they are shown as -1. @defaultValue true */
  readonly rollingPercentilesEnabled?: boolean | undefined;
  /** Whether those who listen for `snapshot` hear of one each slice. @defaultValue true */
  readonly enableSnapshots?: boolean | undefined;
  /** Ends the slices in place of the time. @defaultValue none */
  readonly rotateBucketController?: RotateController | undefined;
  /** Figures to begin with; what is left out is 0. @defaultValue none */
  readonly stats?: Partial<Stats> | undefined;
  /** Hears of what listeners throw. @defaultValue the platform's `reportError`, or a warning */
  readonly onListenerError?: ErrorReporter | undefined;
  /** @defaultValue the system's, whose timers keep no process alive here */
  readonly clock?: Clock | undefined;
}

/** What a status tells of. */
export type StatusEvents = { readonly snapshot: readonly [stats: Stats] };

/**
 * A window that moves on when somebody looks: a breaker that does nothing costs nothing. Only while
 * somebody listens for `snapshot` is there a timer, and it keeps no process from ending.
 */
export class Status extends Emitter<StatusEvents> {
  readonly rollingPercentilesEnabled: boolean;
  readonly enableSnapshots: boolean;
  readonly rotateBucketController: RotateController | undefined;
  readonly #window: RollingWindow;
  readonly #sliceMs: number;
  readonly #clock: Clock;
  readonly #timers: Clock;
  /** When the newest slice began, in monotonic milliseconds. */
  #sliceStartMs: number;
  #isHeeding = false;
  #isShutdown = false;
  #cancelSnapshot: Cancel | undefined = undefined;

  constructor(options: StatusOptions = {}) {
    super(options.onListenerError ?? reportError);
    const slices = Math.max(1, Math.trunc(options.rollingCountBuckets || 10));
    const windowMs = options.rollingCountTimeout || 10_000;
    this.rollingPercentilesEnabled = options.rollingPercentilesEnabled !== false;
    this.enableSnapshots = options.enableSnapshots !== false;
    this.rotateBucketController = options.rotateBucketController;
    this.#window = new RollingWindow(slices);
    this.#sliceMs = Math.max(1, Math.floor(windowMs / slices));
    this.#clock = options.clock ?? systemClock;
    this.#timers = options.clock ?? backgroundClock;
    this.#sliceStartMs = this.#clock.monotonicMs();
    this.startListeneningForRotateEvent();
    if (options.stats) this.#take(options.stats);
  }

  /** The sums of all slices. */
  get stats(): Stats {
    this.#moveOn(this.#clock.monotonicMs());
    return this.#window.stats(this.rollingPercentilesEnabled);
  }

  /** The slices, the newest first. */
  get window(): Bucket[] {
    this.#moveOn(this.#clock.monotonicMs());
    return this.#window.buckets();
  }

  increment(counter: Counter, latencyMs?: number): void {
    this.note(counter, this.#clock.monotonicMs());
    if (counter === "successes" || counter === "failures") this.noteLatency(latencyMs ?? 0);
  }

  open(): void {
    this.#moveOn(this.#clock.monotonicMs());
    this.#window.mark(true);
  }

  close(): void {
    this.#moveOn(this.#clock.monotonicMs());
    this.#window.mark(false);
  }

  /** Lets go of listeners, timers and the controller. The figures stay. */
  shutdown(): void {
    this.#isShutdown = true;
    this.removeAllListeners();
    this.removeRotateBucketControllerListener();
  }

  /** Ends the newest slice now. */
  readonly rotateBucket = (): void => this.#window.turn(1);

  removeRotateBucketControllerListener(): void {
    if (this.#isHeeding) {
      this.rotateBucketController?.removeListener("rotate", this.rotateBucket);
    }
    this.#isHeeding = false;
  }

  /** The peer's spelling. */
  startListeneningForRotateEvent(): void {
    if (this.#isHeeding || !this.rotateBucketController) return;
    this.#isHeeding = true;
    this.rotateBucketController.on("rotate", this.rotateBucket);
  }

  /** @internal Counts; `nowMs` is monotonic. */
  note(counter: Counter, nowMs: number): void {
    this.#moveOn(nowMs);
    this.#window.count(counter);
  }

  /** @internal What a call took that has just been counted. */
  noteLatency(ms: number): void {
    if (this.rollingPercentilesEnabled) this.#window.keepLatency(ms);
  }

  /** @internal Calls and failures of the window, without looking at each. */
  rate(nowMs: number): { readonly fires: number; readonly failures: number } {
    this.#moveOn(nowMs);
    return this.#window;
  }

  protected override listening(event: string | symbol): void {
    if (event !== "snapshot" || !this.enableSnapshots) return;
    const isHeard = this.hears("snapshot") && !this.#isShutdown;
    if (isHeard && !this.#cancelSnapshot) this.#awaitSnapshot();
    if (!isHeard) {
      this.#cancelSnapshot?.();
      this.#cancelSnapshot = undefined;
    }
  }

  #awaitSnapshot(): void {
    this.#cancelSnapshot = this.#timers.after(this.#sliceMs, () => {
      this.#awaitSnapshot();
      this.emit("snapshot", this.stats);
    });
  }

  #moveOn(nowMs: number): void {
    const passed = Math.floor((nowMs - this.#sliceStartMs) / this.#sliceMs);
    if (passed <= 0) return;
    this.#sliceStartMs += passed * this.#sliceMs;
    if (!this.rotateBucketController) this.#window.turn(passed);
  }

  #take(stats: Partial<Stats>): void {
    for (const counter of COUNTERS) this.#window.count(counter, Number(stats[counter] ?? 0));
    for (const ms of stats.latencyTimes ?? []) this.noteLatency(ms);
  }
}
