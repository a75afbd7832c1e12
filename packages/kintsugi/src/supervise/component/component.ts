/** What a supervised program imports: its line to the supervisor. */

import { type Cancel, toError } from "@kintsugi/policy/base";

import { type Host, systemHost } from "../../host/index.ts";
import type { FromSupervisor } from "../frames/component-frames.ts";
import { MARKER } from "../marker.ts";
import type { Health } from "../types.ts";
import { type CallFault, suffer } from "./faults.ts";
import { Line, pulse } from "./line.ts";
import { ownProcess, type Program } from "./program.ts";

export interface ComponentOptions {
  /**
   * Closes what is open when the supervisor asks for it, or SIGTERM does; when it is done, the process
   * ends with code 0. It ends at the deadline in any case.
   */
  readonly onStop?: () => Promise<void> | void;
  /** Lets this share of its calls fail, as a fault plan wants it. Only with KINTSUGI_CHAOS=1. */
  readonly onFault?: (fault: CallFault) => void;
  /** The machine. @defaultValue this one */
  readonly host?: Host;
  /** The process itself. @defaultValue this one */
  readonly program?: Program;
}

export interface SupervisedComponent extends AsyncDisposable {
  /** False outside a supervisor: then nothing here does anything, and `signal` is never aborted. */
  readonly supervised: boolean;
  /**
   * Aborted when the program has to stop: close what is open, then call `close()`. A program that never
   * asks for it, and has no `onStop`, has nothing to close: it ends at once.
   */
  readonly signal: AbortSignal;
  /** Says how it is, by its own measure. Reasons are cut at 1,000 characters. */
  health(health: Health): void;
  /** Says goodbye and lets go of the process; when it was asked to stop, ends it with code 0. */
  close(): void;
}

/** Time to close after a SIGTERM that comes from somebody else: what a supervisor gives by default. */
const DEFAULT_DEADLINE_MS = 5_000;

const MAX_REASON_LENGTH = 1_000;

/**
 * Connects the program to the supervisor that started it. As an open server does, the connection keeps
 * the process alive: a program whose work is done calls `close()`, and ends. When the supervisor dies,
 * the program works on and dials again, for ever, until the next supervisor takes it up.
 *
 * @example
 * const component = connectComponent({ onStop: () => queue.drain() });
 * component.health({ kind: "degraded", reason: "The queue is long" });
 */
export function connectComponent(options: ComponentOptions = {}): SupervisedComponent {
  const host = options.host ?? systemHost();
  const marks = readMarks(host);
  return marks ? new Connected(host, marks, options) : unsupervised();
}

interface Marks {
  readonly instance: string;
  readonly component: string;
  readonly incarnation: number;
  readonly socket: string;
  readonly chaos: boolean;
}

function readMarks({ env }: Host): Marks | undefined {
  const instance = env[MARKER.instance];
  const component = env[MARKER.component];
  const incarnation = Number(env[MARKER.incarnation]);
  const socket = env[MARKER.socket];
  if (!instance || !component || !socket || !Number.isSafeInteger(incarnation)) return undefined;
  return { instance, component, incarnation, socket, chaos: env[MARKER.chaos] === "1" };
}

function unsupervised(): SupervisedComponent {
  return {
    supervised: false,
    signal: new AbortController().signal,
    health() {},
    close() {},
    async [Symbol.asyncDispose]() {},
  };
}

class Connected implements SupervisedComponent {
  readonly supervised = true;
  readonly #host: Host;
  readonly #program: Program;
  readonly #options: ComponentOptions;
  readonly #marks: Marks;
  readonly #stopping = new AbortController();
  readonly #line: Line;
  #isSignalTaken = false;
  #beats = 0;
  #health: Health | undefined;
  #cancelPulse: Cancel = () => {};
  #cancelDeadline: Cancel = () => {};

  constructor(host: Host, marks: Marks, options: ComponentOptions) {
    this.#host = host;
    this.#marks = marks;
    this.#options = options;
    this.#program = options.program ?? ownProcess();
    const { instance, component, incarnation, socket } = marks;
    const { pid, startTicks } = host.processes.self;
    this.#line = new Line({
      host,
      path: socket,
      hello: { kind: "hello", instance, component, incarnation, pid, startTicks },
      onFrame: (frame) => this.#obey(frame),
      onEnd: () => this.#cancelPulse(),
    });
    this.#program.onTermination(() => {
      if (!this.#stopping.signal.aborted) this.#stop(DEFAULT_DEADLINE_MS);
    });
  }

  get signal(): AbortSignal {
    this.#isSignalTaken = true;
    return this.#stopping.signal;
  }

  health(health: Health): void {
    this.#health =
      health.kind === "healthy"
        ? health
        : { kind: health.kind, reason: health.reason.slice(0, MAX_REASON_LENGTH) };
    this.#line.send({ kind: "health", health: this.#health });
  }

  close(): void {
    this.#line.send({ kind: "goodbye" });
    this.#line.close();
    this.#cancelPulse();
    this.#cancelDeadline();
    if (this.#stopping.signal.aborted) this.#program.exit(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #obey(frame: FromSupervisor): void {
    switch (frame.kind) {
      case "welcome":
        this.#cancelPulse();
        this.#cancelPulse = pulse(this.#host, frame.heartbeatMs, (lateMs) => this.#beat(lateMs));
        if (this.#health) this.#line.send({ kind: "health", health: this.#health });
        break;
      case "stop":
        this.#stop(frame.deadlineMs);
        break;
      case "fault":
        if (!this.#marks.chaos) break;
        suffer(frame, this.#host, this.#program, (fault) => this.#options.onFault?.(fault));
        break;
    }
  }

  #beat(loopDelayMs: number): void {
    this.#beats += 1;
    const rssBytes = this.#program.rssBytes();
    this.#line.send({ kind: "beat", n: this.#beats, rssBytes, loopDelayMs });
  }

  /** The supervisor's word may come after its SIGTERM: the deadline is then what it says. */
  #stop(deadlineMs: number): void {
    const isNews = !this.#stopping.signal.aborted;
    this.#cancelDeadline();
    this.#cancelDeadline = this.#host.clock.after(deadlineMs, () => this.#program.exit(0));
    if (!isNews) return;
    this.#stopping.abort();
    const { onStop } = this.#options;
    if (onStop) void this.#stopBy(onStop);
    else if (!this.#isSignalTaken) this.close();
  }

  async #stopBy(onStop: () => Promise<void> | void): Promise<void> {
    try {
      await onStop();
    } catch (error) {
      this.#host.clock.immediate(() => {
        throw toError(error); // It dies of it, visibly, as of any error that nobody catches.
      });
      return;
    }
    this.close();
  }
}
