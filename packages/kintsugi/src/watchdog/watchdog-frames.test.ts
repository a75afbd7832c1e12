import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { encodeFrame, type Frame, frameReader } from "../supervise/frames/index.ts";
import {
  type FromWatchdog,
  readFromWatchdog,
  readToWatchdog,
  type ToWatchdog,
} from "./watchdog-frames.ts";

const identity = { pid: 7, startTicks: "70", bootId: "boot", instance: "", url: null };
const request = { form: "down", by: "ada", why: "night" } as const;
const view = { phase: "running", runtimePid: 7, url: null, watchdogPid: 6 } as const;
const event = { id: "a", atMs: 1, type: "runtime.started", payload: {} } as const;

const toWatchdog: readonly ToWatchdog[] = [
  { kind: "hello", role: "follower" },
  { kind: "hello", role: "runtime", identity },
  { kind: "ready", url: "http://127.0.0.1:1" },
  { kind: "beat" },
  { kind: "goodbye", code: 0 },
  { kind: "stop", id: 1, request },
  { kind: "restart", id: 2, by: "ada", why: "news" },
  { kind: "will", request: { form: "down", by: "ada", why: "`up` was killed" } },
];
const fromWatchdog: readonly FromWatchdog[] = [
  { kind: "state", view },
  { kind: "event", event },
  { kind: "leave", why: "restart", by: "ada", reason: "news" },
  { kind: "answer", id: 1, problem: null },
  { kind: "goodbye", code: 78, message: "refused" },
];

/** As the other side gets it. */
function wire(said: ToWatchdog | FromWatchdog): Frame {
  const frames: Frame[] = [];
  const read = frameReader(
    (frame) => frames.push(frame),
    () => {},
  );
  read(encodeFrame(said));
  const [frame] = frames;
  if (!frame) throw new Error("It did not come through");
  return frame;
}

describe("a frame of the watchdog's socket", () => {
  it.each(toWatchdog)("comes to the watchdog as it was said: $kind", (said) => {
    expect(readToWatchdog(wire(said))).toEqual(said);
  });

  it.each(fromWatchdog)("comes from the watchdog as it was said: $kind", (said) => {
    expect(readFromWatchdog(wire(said))).toEqual(said);
  });

  it("is dropped when a field is missing, and never throws", () => {
    const check = (said: ToWatchdog | FromWatchdog, read: (frame: Frame) => unknown): void => {
      for (const field of Object.keys(said).filter((key) => key !== "kind")) {
        const { [field]: _, ...rest } = wire(said);
        expect(read(rest as Frame), `${said.kind} without ${field}`).toBeUndefined();
      }
    };
    for (const said of toWatchdog) check(said, readToWatchdog);
    for (const said of fromWatchdog) check(said, readFromWatchdog);
  });

  it("may hold anything at all", () => {
    const kinds = [...toWatchdog, ...fromWatchdog].map(({ kind }) => kind);
    const fields = fc.dictionary(
      fc.constantFrom("role", "identity", "url", "code", "id", "request", "view", "event", "why"),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(fc.constantFrom(...kinds), fields, (kind, rest) => {
        const frame = { ...rest, v: 1, kind } as const;
        readToWatchdog(frame);
        readFromWatchdog(frame);
      }),
    );
  });
});
