/** The runtime's end of the watchdog's socket: hello, ready, beats; and it dials again for ever. */

import { type Cancel, type ErrorReporter, notify, reportError } from "@kintsugi/policy/base";

import type { Connection, Host, InstancePaths } from "../host/index.ts";
import { encodeFrame, frameReader } from "../supervise/frames/index.ts";
import type { StopRequest } from "./types.ts";
import { type FromWatchdog, readFromWatchdog, type ToWatchdog } from "./watchdog-frames.ts";
import { TICK_MS } from "./watchdog-state.ts";

export interface WatchdogHooks {
  /**
   * The watchdog left without goodbye, or does not answer: time to start another. Called again every 5 s
   * until one answers; its lock keeps two apart.
   */
  readonly onLost: () => void;
  /** The watchdog left on purpose: nobody is to start another. */
  readonly onGoodbye?: () => void;
  /**
   * Close what is open and leave; SIGTERM says the same. After a `restart` the next runtime follows at
   * once, so components may live on for it to adopt.
   */
  readonly onStopRequested: (request: LeaveRequest) => void;
  /** Hears of what a hook throws. @defaultValue the platform's own `reportError` */
  readonly onHookError?: ErrorReporter;
}

export interface LeaveRequest {
  readonly form: StopRequest["form"] | "restart";
  readonly by: string;
  readonly why: string;
}

export interface WatchdogLink extends AsyncDisposable {
  /** Whether the watchdog hears us now. */
  readonly connected: boolean;
  /** The program does its work, and its API answers at `url`. Said again to every watchdog that follows. */
  ready(url: string): void;
  /** Asks for a stop of everything; the watchdog engages the kill switch first. False when it is not there. */
  requestStop(request: StopRequest): boolean;
  /** Asks for another runtime in place of this one. False when the watchdog is not there. */
  requestRestart(by: string, why: string): boolean;
  /** The last word, with the code that the process will exit with; then the line is closed for good. */
  goodbye(code: number): void;
}

/** Waits between two dials: short, as the watchdog counts the silence; doubled up to the longest. */
const FIRST_REDIAL_MS = 50;
const LONGEST_REDIAL_MS = 1_000;

/** How often a watchdog that does not come is called lost again. */
const LOST_AGAIN_MS = 5_000;

/** @example const link = dialWatchdog(host, paths, { onLost: startAnother, onStopRequested: stop }); */
export function dialWatchdog(host: Host, paths: InstancePaths, hooks: WatchdogHooks): WatchdogLink {
  return new Link(host, paths, hooks);
}

class Link implements WatchdogLink {
  readonly #host: Host;
  readonly #paths: InstancePaths;
  readonly #hooks: WatchdogHooks;
  #connection: Connection | undefined;
  #url: string | undefined;
  #closed = false;
  /** The watchdog said goodbye: its end is no loss. */
  #dismissed = false;
  #redialMs = FIRST_REDIAL_MS;
  #lostAtMs: number | undefined;
  #connectedAtMs = 0;
  #requests = 0;
  #cancelBeat: Cancel = () => {};
  #cancelDial: Cancel = () => {};

  constructor(host: Host, paths: InstancePaths, hooks: WatchdogHooks) {
    this.#host = host;
    this.#paths = paths;
    this.#hooks = hooks;
    void this.#dial();
  }

  get connected(): boolean {
    return this.#connection !== undefined;
  }

  ready(url: string): void {
    this.#url = url;
    this.#say({ kind: "ready", url });
  }

  requestStop(request: StopRequest): boolean {
    this.#requests += 1;
    return this.#say({ kind: "stop", id: this.#requests, request });
  }

  requestRestart(by: string, why: string): boolean {
    this.#requests += 1;
    return this.#say({ kind: "restart", id: this.#requests, by, why });
  }

  goodbye(code: number): void {
    this.#say({ kind: "goodbye", code });
    this.#close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
  }

  #close(): void {
    this.#closed = true;
    this.#cancelBeat();
    this.#cancelDial();
    this.#connection?.close();
    this.#connection = undefined;
  }

  #say(said: ToWatchdog): boolean {
    this.#connection?.write(encodeFrame(said));
    return this.connected;
  }

  async #dial(): Promise<void> {
    const connection = await this.#host.sockets
      .connect(this.#paths.watchdogSocket)
      .catch(() => undefined); // Nobody listens: that is what `onLost` tells.
    if (this.#closed) connection?.close();
    else if (connection) this.#greet(connection);
    else this.#miss();
  }

  #greet(connection: Connection): void {
    const { pid, startTicks, bootId } = this.#host.processes.self;
    this.#connection = connection;
    this.#connectedAtMs = this.#host.clock.monotonicMs();
    this.#dismissed = false;
    this.#lostAtMs = undefined;
    this.#say({ kind: "hello", role: "runtime", identity: { pid, startTicks, bootId } });
    if (this.#url !== undefined) this.#say({ kind: "ready", url: this.#url });
    const read = frameReader(
      (frame) => {
        const said = readFromWatchdog(frame);
        if (said) this.#hear(said);
      },
      () => {}, // A watchdog that is newer than we are may say more than we know.
    );
    connection.onData(read);
    connection.onClose(() => this.#hungUp(connection));
    this.#beat();
  }

  #beat(): void {
    this.#cancelBeat();
    this.#say({ kind: "beat" });
    this.#cancelBeat = this.#host.clock.after(TICK_MS, () => this.#beat());
  }

  #hear(said: FromWatchdog): void {
    switch (said.kind) {
      case "leave": {
        const { why: form, by, reason: why } = said;
        this.#call(() => this.#hooks.onStopRequested({ form, by, why }));
        return;
      }
      case "goodbye":
        this.#dismissed = true;
        this.#call(() => this.#hooks.onGoodbye?.());
        return;
      case "answer":
      case "state":
      case "event":
        return;
    }
  }

  #hungUp(connection: Connection): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#cancelBeat();
    // One that only picks up to hang up must not be dialled without a pause.
    const heldMs = this.#host.clock.monotonicMs() - this.#connectedAtMs;
    if (heldMs >= LONGEST_REDIAL_MS) this.#redialMs = FIRST_REDIAL_MS;
    if (!this.#closed) this.#miss();
  }

  /** It is not there: dial again soon, and say so if that was no goodbye. */
  #miss(): void {
    const { clock } = this.#host;
    const nowMs = clock.monotonicMs();
    const isNews = this.#lostAtMs === undefined || nowMs - this.#lostAtMs >= LOST_AGAIN_MS;
    if (isNews && !this.#dismissed) {
      this.#lostAtMs = nowMs;
      this.#call(this.#hooks.onLost);
    }
    this.#cancelDial = clock.after(this.#redialMs, () => void this.#dial());
    this.#redialMs = Math.min(2 * this.#redialMs, LONGEST_REDIAL_MS);
  }

  #call(hook: () => void): void {
    notify(hook, undefined, this.#hooks.onHookError ?? reportError);
  }
}
