/**
 * What is said on the watchdog's socket. Two kinds of program dial it: the runtime, which beats, and
 * followers, which look on. Both may ask for a stop or a restart of everything.
 */

import type { ProcessIdentity } from "../host/index.ts";
import type { Frame } from "../supervise/frames/index.ts";
import { parseIdentity } from "./identity-file.ts";
import type { StopRequest, WatchdogEvent, WatchdogPhase, WatchdogView } from "./types.ts";

export type ToWatchdog =
  | { readonly kind: "hello"; readonly role: "follower" }
  | { readonly kind: "hello"; readonly role: "runtime"; readonly identity: ProcessIdentity }
  | { readonly kind: "ready"; readonly url: string }
  | { readonly kind: "beat" }
  /** The last word of a runtime: an adopted process gives no exit code when it ends. */
  | { readonly kind: "goodbye"; readonly code: number }
  | { readonly kind: "stop"; readonly id: number; readonly request: StopRequest }
  | { readonly kind: "restart"; readonly id: number; readonly by: string; readonly why: string }
  /** What a follower wants done when its line ends without another word. */
  | { readonly kind: "will"; readonly request: StopRequest };

export type FromWatchdog =
  | { readonly kind: "state"; readonly view: WatchdogView }
  | { readonly kind: "event"; readonly event: WatchdogEvent }
  /** To the runtime: close what is open and leave. After a restart the next runtime follows. */
  | {
      readonly kind: "leave";
      readonly why: StopRequest["form"] | "restart";
      readonly by: string;
      readonly reason: string;
    }
  /** To whoever asked; `problem` says what went wrong, if anything did. */
  | { readonly kind: "answer"; readonly id: number; readonly problem: string | null }
  /** It leaves on purpose; the exit code, and the sentence that goes with it. */
  | Goodbye;

export interface Goodbye {
  readonly kind: "goodbye";
  readonly code: number;
  readonly message: string;
}

/** Undefined when it is no frame of these, or a field is wrong. */
export function readToWatchdog(frame: Frame): ToWatchdog | undefined {
  const { kind } = frame;
  switch (kind) {
    case "hello":
      return readHello(frame);
    case "ready":
      return isText(frame["url"]) ? { kind, url: frame["url"] } : undefined;
    case "beat":
      return { kind };
    case "goodbye":
      return isNumber(frame["code"]) ? { kind, code: frame["code"] } : undefined;
    case "stop": {
      const { id, request } = frame;
      return isNumber(id) && isStopRequest(request) ? { kind, id, request } : undefined;
    }
    case "restart": {
      const { id, by, why } = frame;
      return isNumber(id) && isText(by) && isText(why) ? { kind, id, by, why } : undefined;
    }
    case "will":
      return isStopRequest(frame["request"]) ? { kind, request: frame["request"] } : undefined;
    default:
      return undefined;
  }
}

/** Undefined when it is no frame of these, or a field is wrong. */
export function readFromWatchdog(frame: Frame): FromWatchdog | undefined {
  const { kind } = frame;
  switch (kind) {
    case "state":
      return isView(frame["view"]) ? { kind, view: frame["view"] } : undefined;
    case "event":
      return isEvent(frame["event"]) ? { kind, event: frame["event"] } : undefined;
    case "leave": {
      const { why, by, reason } = frame;
      if (why !== "down" && why !== "kill" && why !== "restart") return undefined;
      return isText(by) && isText(reason) ? { kind, why, by, reason } : undefined;
    }
    case "answer": {
      const { id, problem } = frame;
      const isWhole = isNumber(id) && (isText(problem) || problem === null);
      return isWhole ? { kind, id, problem } : undefined;
    }
    case "goodbye": {
      const { code, message } = frame;
      return isNumber(code) && isText(message) ? { kind, code, message } : undefined;
    }
    default:
      return undefined;
  }
}

function readHello({ role, identity }: Frame): ToWatchdog | undefined {
  if (role === "follower") return { kind: "hello", role };
  const parsed = parseIdentity(identity);
  return role === "runtime" && parsed ? { kind: "hello", role, identity: parsed } : undefined;
}

function isStopRequest(value: unknown): value is StopRequest {
  const { form, by, why } = fieldsOf(value);
  return (form === "down" || form === "kill") && isText(by) && isText(why);
}

function isView(value: unknown): value is WatchdogView {
  const { phase, runtimePid, url, watchdogPid } = fieldsOf(value);
  return (
    PHASES.includes(phase as WatchdogPhase) &&
    (runtimePid === null || isNumber(runtimePid)) &&
    (url === null || isText(url)) &&
    isNumber(watchdogPid)
  );
}

function isEvent(value: unknown): value is WatchdogEvent {
  const { id, atMs, type, payload } = fieldsOf(value);
  return isText(id) && isNumber(atMs) && isText(type) && typeof payload === "object";
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  (value ?? {}) as Readonly<Record<string, unknown>>;

const isText = (value: unknown): value is string => typeof value === "string";

const isNumber = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value);

const PHASES: readonly WatchdogPhase[] = ["waiting", "starting", "running", "ending", "stopping"];
