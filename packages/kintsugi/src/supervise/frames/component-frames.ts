/** What a supervised process and its supervisor say to each other over the component socket. */

import type { Health } from "../types.ts";
import type { Frame } from "./frame.ts";

/** Says who dials: the first frame of a connection. */
export interface HelloFrame {
  readonly kind: "hello";
  readonly instance: string;
  readonly component: string;
  readonly incarnation: number;
  readonly pid: number;
  readonly startTicks: string;
}

/** "I am alive": once in every `heartbeatMs` that the welcome named. */
interface BeatFrame {
  readonly kind: "beat";
  /** Counts the beats of this process. */
  readonly n: number;
  readonly rssBytes?: number;
  /** How late the beat was: what the event loop was busy for. */
  readonly loopDelayMs?: number;
}

/** The component's own word on how it is. */
interface HealthFrame {
  readonly kind: "health";
  readonly health: Health;
}

/** It leaves on its own account; the end of the connection that follows is no surprise. */
interface GoodbyeFrame {
  readonly kind: "goodbye";
}

export type FromComponent = HelloFrame | BeatFrame | HealthFrame | GoodbyeFrame;

interface WelcomeFrame {
  readonly kind: "welcome";
  readonly heartbeatMs: number;
}

/** Close what is open and leave within `deadlineMs`; after that it is killed. */
interface StopFrame {
  readonly kind: "stop";
  readonly deadlineMs: number;
}

/** A fault on purpose. Only a component with KINTSUGI_CHAOS=1 in its environment obeys. */
type FaultFrame = { readonly kind: "fault" } & Fault;

export type Fault =
  /** Blocks the event loop. */
  | { readonly fault: "hang"; readonly ms: number }
  /** Allocates memory and never gives it back. */
  | { readonly fault: "leak"; readonly bytesPerSecond: number }
  /** Dies of an uncaught error. */
  | { readonly fault: "crash" }
  /** Lets this share (0..1) of its calls fail; 0 ends it. The program itself decides how. */
  | { readonly fault: "fail-calls"; readonly rate: number };

export type FromSupervisor = WelcomeFrame | StopFrame | FaultFrame;

/** A frame as a component may send it; undefined when it is none of those, or a field is wrong. */
export function readFromComponent(frame: Frame): FromComponent | undefined {
  switch (frame.kind) {
    case "hello":
      return readHello(frame);
    case "beat":
      return readBeat(frame);
    case "health":
      return readHealth(frame);
    case "goodbye":
      return { kind: "goodbye" };
    default:
      return undefined;
  }
}

/** A frame as the supervisor may send it; undefined when it is none of those, or a field is wrong. */
export function readFromSupervisor(frame: Frame): FromSupervisor | undefined {
  const { kind, heartbeatMs, deadlineMs } = frame;
  if (kind === "welcome" && isNumber(heartbeatMs)) return { kind, heartbeatMs };
  if (kind === "stop" && isNumber(deadlineMs)) return { kind, deadlineMs };
  return kind === "fault" ? readFault(frame) : undefined;
}

function readHello(frame: Frame): HelloFrame | undefined {
  const { instance, component, incarnation, pid, startTicks } = frame;
  if (!isText(instance) || !isText(component) || !isText(startTicks)) return undefined;
  if (!isNumber(incarnation) || !isNumber(pid)) return undefined;
  return { kind: "hello", instance, component, incarnation, pid, startTicks };
}

function readBeat({ n, rssBytes, loopDelayMs }: Frame): BeatFrame | undefined {
  if (!isNumber(n)) return undefined;
  return {
    kind: "beat",
    n,
    ...(isNumber(rssBytes) && { rssBytes }),
    ...(isNumber(loopDelayMs) && { loopDelayMs }),
  };
}

function readHealth({ health }: Frame): HealthFrame | undefined {
  if (typeof health !== "object" || health === null) return undefined;
  const { kind, reason } = health as { readonly kind?: unknown; readonly reason?: unknown };
  if (kind === "healthy") return { kind: "health", health: { kind } };
  const troubled = kind === "degraded" || kind === "critical" || kind === "failed";
  return troubled && isText(reason) ? { kind: "health", health: { kind, reason } } : undefined;
}

function readFault({ fault, ms, bytesPerSecond, rate }: Frame): FaultFrame | undefined {
  if (fault === "crash") return { kind: "fault", fault };
  if (fault === "hang" && isNumber(ms)) return { kind: "fault", fault, ms };
  if (fault === "leak" && isNumber(bytesPerSecond)) return { kind: "fault", fault, bytesPerSecond };
  if (fault === "fail-calls" && isNumber(rate)) return { kind: "fault", fault, rate };
  return undefined;
}

const isText = (value: unknown): value is string => typeof value === "string";

/** No number on this wire is ever negative; JSON has neither infinity nor NaN. */
const isNumber = (value: unknown): value is number => typeof value === "number" && value >= 0;
