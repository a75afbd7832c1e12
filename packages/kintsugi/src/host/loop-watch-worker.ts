/**
 * The thread that watches the main one. It only reads a counter, so it asks nothing of a loop that may
 * have stopped, and it gets as little of the processor as the thread it watches.
 */

import { appendFileSync, mkdirSync, renameSync, statSync } from "node:fs";
import { type Debugger, Session } from "node:inspector";
import { dirname } from "node:path";
import { parentPort, workerData } from "node:worker_threads";

import type { LoopStall, LoopWatchOrder } from "./loop-watch.ts";
import { look, turning } from "./loop-watch-state.ts";

/** About a thousand stalls; the file before this one is kept. */
const ROTATE_AT_BYTES = 2 ** 20;

/** Time for the main thread to show its stack: 7 to 14 ms were measured, far more where all starve. */
const STACK_TIMEOUT_MS = 2_000;

/** Longest stack that is kept. */
const STACK_LINES = 50;

watch(workerData as LoopWatchOrder);

function watch(order: LoopWatchOrder): void {
  const beats = new Int32Array(order.beats);
  let state = turning(Atomics.load(beats, 0), performance.now());
  let stall: LoopStall | undefined;

  setInterval(() => {
    const before = state;
    state = look(state, order, performance.now(), Atomics.load(beats, 0));
    if (state.kind === before.kind) return;
    if (state.kind === "turning") {
      parentPort?.postMessage({ ...stall, stalledMs: Math.round(before.silentMs) });
      stall = undefined;
      return;
    }
    const found = { atMs: Date.now(), stalledMs: Math.round(state.silentMs), stack: [] };
    stall = found;
    void stackOfMain().then((frames) => {
      // A loop that came back in between shows what it does now, not what it was stuck in.
      const stack = Atomics.load(beats, 0) === before.beats ? frames : [];
      const told = { ...found, stack };
      if (stall === found) stall = told;
      write(order.file, told);
    });
  }, order.beatMs);
}

function write(file: string, stall: LoopStall): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    if (size > ROTATE_AT_BYTES) renameSync(file, `${file}.1`);
    appendFileSync(file, `${JSON.stringify(stall)}\n`, { mode: 0o600 });
  } catch {
    // The disk may be full. The main thread is told as well, if it ever comes back.
  }
}

/** Empty when the main thread is not in JavaScript: in a system call, or in native code. */
function stackOfMain(): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const session = new Session();
    const scripts = new Map<string, string>();
    const finish = (frames: readonly Debugger.CallFrame[]): void => {
      clearTimeout(giveUp);
      session.disconnect(); // Takes back a pause that was not reached, and ends one that was.
      resolve(frames.slice(0, STACK_LINES).map((frame) => toLine(frame, scripts)));
    };
    // The session alone would not keep this thread alive; its interval does.
    const giveUp = setTimeout(() => finish([]), STACK_TIMEOUT_MS);
    session.on("Debugger.scriptParsed", ({ params }) => scripts.set(params.scriptId, params.url));
    session.once("Debugger.paused", ({ params }) => finish(params.callFrames));
    session.connectToMainThread();
    session.post("Debugger.enable");
    session.post("Debugger.pause");
  });
}

function toLine(frame: Debugger.CallFrame, scripts: ReadonlyMap<string, string>): string {
  const { scriptId, lineNumber, columnNumber = 0 } = frame.location;
  const name = frame.functionName === "" ? "<anonymous>" : frame.functionName;
  return `at ${name} (${scripts.get(scriptId) ?? ""}:${lineNumber + 1}:${columnNumber + 1})`;
}
