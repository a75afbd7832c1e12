/** Watches the event loop of this process from a thread beside it. */

import { Worker } from "node:worker_threads";

import { wholeNumber } from "@kintsugi/policy/base";

import type { LoopLimits } from "./loop-watch-state.ts";
import { siblingProgram } from "./own-program.ts";

interface LoopWatchOptions {
  /** Gets a JSON line ({@link LoopStall}) for each stall, while it lasts. */
  readonly file: string;
  /** Milliseconds without a turn of the loop after which its stack is taken. @defaultValue 1_000 */
  readonly reportMs?: number;
  /** Hears of a stall when it is over, with its whole length. */
  readonly onStall?: (stall: LoopStall) => void;
}

/** A time in which the event loop did not turn. */
export interface LoopStall {
  /** When it was found, in epoch milliseconds. */
  readonly atMs: number;
  readonly stalledMs: number;
  /** What the main thread was doing, innermost call first; empty when that was no JavaScript. */
  readonly stack: readonly string[];
}

interface LoopWatch {
  [Symbol.asyncDispose](): Promise<void>;
}

/** What the thread is told. */
export interface LoopWatchOrder extends LoopLimits {
  readonly beats: SharedArrayBuffer;
  readonly file: string;
}

/** Beats in the span that counts as a stall: it is found at most one or two beats late. */
const BEATS_PER_REPORT = 10;

/**
 * Starts to watch the loop of the thread that calls it. It never keeps the process alive.
 * Measured: a limit of 1,000 ms is seen after 1,048 ms with 50 ms beats, and 16 busy rivals on one core
 * cause no false alarm, as this thread starves together with the loop it watches.
 */
export function watchEventLoop(options: LoopWatchOptions): LoopWatch {
  const reportMs = wholeNumber("reportMs", options.reportMs ?? 1_000, BEATS_PER_REPORT);
  const beatMs = Math.round(reportMs / BEATS_PER_REPORT);
  const beats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const beat = setInterval(() => Atomics.add(beats, 0, 1), beatMs).unref();

  const order: LoopWatchOrder = { beats: beats.buffer, beatMs, reportMs, file: options.file };
  const worker = new Worker(siblingProgram("loop-watch-worker", import.meta.url), {
    workerData: order,
    name: "kintsugi-loop-watch",
    execArgv: ["--disable-warning=ExperimentalWarning"],
  });
  worker.on("message", (stall: LoopStall) => options.onStall?.(stall));
  worker.on("error", () => clearInterval(beat)); // Without its watcher the loop runs on as before.
  worker.unref(); // Last: a listener that comes later would hold the process again.
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(beat);
      await worker.terminate();
    },
  };
}
