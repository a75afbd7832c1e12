/** The watchdog: hears, looks and asks the state machine, and carries out what it orders. */

import { type Cancel, sleep, toError } from "@kintsugi/policy/base";

import {
  type Host,
  type InstancePaths,
  logFiles,
  type ProcessIdentity,
  type ProcessSpec,
} from "../host/index.ts";
import { EventLog } from "./event-log.ts";
import { isSameProcess } from "./identity-file.ts";
import { engageKillSwitch, readKillSwitch } from "./kill-switch.ts";
import { hasRole, livingProcesses, sweep } from "./living.ts";
import { type EndedLife, RuntimeProcess, wordsOf } from "./runtime-process.ts";
import { reviveWatchdog, storeWatchdog } from "./stored-watchdog.ts";
import { Switchboard } from "./switchboard.ts";
import type { StopRequest, WatchdogEvent, WatchdogView } from "./types.ts";
import {
  type Input,
  nextTickMs,
  type Order,
  step,
  TICK_MS,
  type WatchdogLimits,
  type WatchdogState,
} from "./watchdog-state.ts";

interface WatchdogOptions {
  readonly host: Host;
  readonly paths: InstancePaths;
  readonly limits: WatchdogLimits;
  /** How to start the runtime. */
  readonly runtime: ProcessSpec;
  /** A person typed `up`: only the counters of the last watchdog go on. */
  readonly byPerson: boolean;
  /** Hears of everything as a line, for the log. */
  readonly print: (line: string) => void;
}

/** How it ended: the exit code, and the sentence for whoever asks why. */
interface Left {
  readonly code: number;
  readonly message: string;
}

/** What is left of the instance gets this long for an orderly end, when the runtime has gone. */
const SWEEP_GRACE_MS = 5_000;
const MOST_SWEEPS = 20;

/** Logs of the runtime and of the watchdog are begun anew at this size; one before it is kept. */
const LOG_ROTATE_BYTES = 10 * 1024 * 1024;
const LOG_LOOK_MS = 60_000;

/** Before anybody asked for anything. */
const NOBODY = { by: "watchdog", why: "" };

export class Watchdog {
  readonly #options: WatchdogOptions;
  readonly #events: EventLog;
  readonly #switchboard: Switchboard;
  readonly #runtime: RuntimeProcess;
  readonly #left: PromiseWithResolvers<Left> = Promise.withResolvers();
  #state: WatchdogState;
  /** The runtime of an earlier watchdog, until it is found or given up. */
  #earlier: { readonly identity: ProcessIdentity; readonly wasReady: boolean } | undefined;
  #url: string | null = null;
  #asked: Pick<StopRequest, "by" | "why"> & { readonly form?: StopRequest["form"] } = NOBODY;
  /** The sentence that it leaves with. */
  #message = "";
  #stored: readonly unknown[] = [];
  #cancelTick: Cancel = () => {};
  #logsLookedAtMs = 0;

  constructor(options: WatchdogOptions) {
    const { host, paths, limits, byPerson } = options;
    this.#options = options;
    this.#events = new EventLog({
      ...host,
      path: paths.watchdogEvents,
      self: host.processes.self,
    });
    const earlier = reviveWatchdog(
      readQuietly(host, paths.watchdogState),
      limits,
      host.clock,
      byPerson,
    );
    this.#state = earlier.state;
    this.#earlier = earlier.runtime && { identity: earlier.runtime, wasReady: earlier.wasReady };
    this.#runtime = new RuntimeProcess({
      host,
      paths,
      spec: options.runtime,
      onEnd: (life) => this.#onEnd(life),
    });
    this.#switchboard = new Switchboard(this.#view(), {
      onHello: (identity) => this.#onHello(identity),
      onReady: (url) => {
        this.#url = url;
        this.#step({ kind: "heard", ready: true });
      },
      onBeat: () => this.#step({ kind: "heard", ready: false }),
      onGoodbye: (code) => this.#runtime.saidGoodbye(code),
      onRuntimeGone: () => this.#runtime.hurry(),
      onStop: (request) => this.stop(request),
      onRestart: (by, why) => this.#restart(by, why),
    });
  }

  /** Watches until it is told to leave, or has no reason to stay. */
  async run(): Promise<Left> {
    const { host, paths, byPerson } = this.#options;
    await this.#switchboard.open(host.sockets, paths.watchdogSocket);
    this.#tell("watchdog.started", { pid: host.processes.self.pid, byPerson });
    this.#takeUp();
    this.#tick();
    return this.#left.promise;
  }

  /** Engages the kill switch, then stops everything. Returns what went wrong with the switch, if it did. */
  stop(request: StopRequest): string | null {
    const problem = this.#engage(request);
    this.#asked = request;
    this.#step({ kind: "stop", form: request.form });
    return problem;
  }

  /** Leaves, and lets the runtime live on without a watchdog. */
  detach(by: string): void {
    this.#asked = { by, why: "the watchdog alone was asked to leave" };
    this.#step({ kind: "detach" });
  }

  // --- what happens ------------------------------------------------------------------------------

  /** A runtime that lives was started by an earlier watchdog; one that does not, died unseen. */
  #takeUp(): void {
    const { host, paths, byPerson } = this.#options;
    const earlier = this.#earlier;
    if (this.#adopt(this.#runtime.find(earlier?.identity, false)) || !earlier) return;
    this.#earlier = undefined;
    const { pid, bootId } = earlier.identity;
    // The machine ended it, or whoever engaged the switch, and no fault of its own.
    if (bootId !== host.processes.self.bootId) return;
    if (readKillSwitch(host.files, paths.killSwitch).kind !== "released") return;
    const detail = "it died while no watchdog looked on";
    const payload = { pid, reason: { kind: "unknown" }, stderrTail: "", detail, unseen: true };
    if (byPerson) {
      this.#tell("runtime.crashed", payload);
      return;
    }
    // Taken as started and ended, its death counts for the back-off as any other.
    this.#step({ kind: "adopted", ready: earlier.wasReady });
    this.#step({ kind: "ended", end: { kind: "crash" } }, payload);
  }

  #adopt(identity: ProcessIdentity | undefined): boolean {
    if (!identity || this.#runtime.identity) return false;
    const earlier = this.#earlier;
    const ready = earlier?.wasReady === true && isSameProcess(earlier.identity, identity);
    this.#earlier = undefined;
    this.#runtime.adopt(identity);
    this.#tell("watchdog.adopted", { pid: identity.pid });
    this.#step({ kind: "adopted", ready });
    return true;
  }

  /** Whoever we watch; or, while we watch nobody, a runtime of ours that we did not know of. */
  #onHello(identity: ProcessIdentity): boolean {
    const { identity: watched } = this.#runtime;
    if (watched) return isSameProcess(watched, identity);
    if (this.#state.phase.kind !== "waiting") return false;
    const { host, paths } = this.#options;
    const found = livingQuietly(host, paths.instance).find(
      (each) => hasRole(each, "runtime") && isSameProcess(each.identity, identity),
    );
    return this.#adopt(found?.identity);
  }

  #onEnd({ identity, end, reason, cause }: EndedLife): void {
    this.#url = null;
    this.#message = cause;
    this.#switchboard.cutRuntime();
    this.#isStopped(); // Whoever engaged the switch may have ended it, too: that is no crash.
    const pid = identity?.pid ?? null;
    this.#step(
      { kind: "ended", end },
      { pid, reason, stderrTail: cause, detail: wordsOf(reason, cause) },
    );
  }

  #restart(by: string, why: string): string | null {
    this.#asked = { by, why };
    this.#step({ kind: "restart" });
    return null;
  }

  #engage(request: StopRequest): string | null {
    const { host, paths } = this.#options;
    try {
      engageKillSwitch(host.files, paths.killSwitch, request, host.clock.epochMs());
      return null;
    } catch (error) {
      return `The kill switch cannot be written, so a boot service may start it again: ${error}`;
    }
  }

  #tick(): void {
    if (this.#isStopped()) return;
    this.#step({ kind: "tick" });
    this.#events.flush();
    this.#rotateLogs();
    this.#schedule();
  }

  #schedule(): void {
    this.#cancelTick();
    if (this.#state.phase.kind === "left") return;
    const { clock } = this.#options.host;
    const waitMs = nextTickMs(this.#state, clock.monotonicMs());
    this.#cancelTick = clock.after(waitMs, () => this.#tick());
  }

  /** Whether the kill switch is engaged, by whomever; then all is stopped. */
  #isStopped(): boolean {
    const { phase } = this.#state;
    if (phase.kind === "left") return true;
    if (phase.kind === "stopping") return false;
    const { host, paths } = this.#options;
    const found = readKillSwitch(host.files, paths.killSwitch);
    if (found.kind === "released") return false;
    const request: StopRequest =
      found.kind === "engaged"
        ? found
        : { form: "down", by: "kill switch", why: `it cannot be read: ${found.reason}` };
    this.#asked = request;
    this.#step({ kind: "stop", form: request.form });
    this.#schedule();
    return true;
  }

  // --- what is done about it ---------------------------------------------------------------------

  /** `payload` is what is known beside what the machine tells. */
  #step(input: Input, payload: WatchdogEvent["payload"] = {}): void {
    const { host, limits } = this.#options;
    const before = this.#state.phase.kind;
    const nowMs = host.clock.monotonicMs();
    const { state, orders } = step(this.#state, input, limits, nowMs, host.random.next());
    this.#state = state;
    for (const order of orders) this.#carryOut(order, payload);
    const isDue = state.phase.kind === "waiting" && state.phase.untilMs <= nowMs;
    if (!isDue) this.#store(); // A start that is due comes first; the disk is slow.
    this.#switchboard.show(this.#view());
    if (state.phase.kind === "waiting" && before !== "waiting") this.#schedule();
  }

  #carryOut(order: Order, payload: WatchdogEvent["payload"]): void {
    switch (order.kind) {
      case "start":
        this.#start();
        return;
      case "terminate":
        this.#switchboard.bidLeave(order.why, this.#asked.by, this.#asked.why);
        this.#runtime.terminate();
        return;
      case "kill":
        this.#runtime.kill();
        return;
      case "tell":
        this.#tell(order.type, { ...this.#who(), ...order.payload, ...payload });
        return;
      case "leave":
        void this.#leave(order.code, order.sweep);
    }
  }

  #who(): WatchdogEvent["payload"] {
    const { identity } = this.#runtime;
    return identity ? { pid: identity.pid } : {};
  }

  #start(): void {
    if (this.#isStopped()) return;
    const found = this.#runtime.find(undefined, this.#state.lockHeld > 0);
    if (found) this.#runtime.adopt(found);
    else this.#runtime.start();
    const pid = this.#runtime.identity?.pid ?? null;
    this.#tell(found ? "watchdog.adopted" : "runtime.started", { pid });
  }

  async #leave(wanted: number, sweepRest: boolean): Promise<void> {
    const { by, why } = this.#asked;
    this.#cancelTick();
    const code = sweepRest && !(await this.#sweepRest()) ? wanted || 1 : wanted;
    const message = code === 0 && why !== "" ? `Stopped by ${by}: ${why}` : this.#message;
    this.#tell("watchdog.stopped", { code, by, why, message });
    this.#store();
    await this.#switchboard.close(code, message).catch(() => {}); // The end of us closes it, too.
    this.#left.resolve({ code, message });
  }

  /** A machine in trouble may not let us look who lives: then again, until it is time to leave. */
  async #sweepRest(): Promise<boolean> {
    const { host, paths } = this.#options;
    const graceMs = this.#asked.form === "kill" ? 0 : SWEEP_GRACE_MS;
    for (let tries = 1; tries <= MOST_SWEEPS; tries += 1) {
      try {
        await sweep(host, { instance: paths.instance, graceMs });
        return true;
      } catch (error) {
        this.#message = `What is left could not be looked for: ${toError(error).message}`;
        await sleep(host.clock, TICK_MS);
      }
    }
    return false;
  }

  #tell(type: WatchdogEvent["type"], payload: WatchdogEvent["payload"]): void {
    const event = this.#events.add(type, payload);
    this.#switchboard.tell(event);
    const line = `${new Date(event.atMs).toISOString()} ${type} ${JSON.stringify(payload)}`;
    try {
      this.#options.print(line);
    } catch {
      // The log lies on a full disk, say: whoever watches must not die of it.
    }
  }

  /** Only when something changed: beats and looks leave nothing behind. */
  #store(): void {
    const { host, paths } = this.#options;
    const { restart, everReady, crashes, hangs, phase } = this.#state;
    const { identity } = this.#runtime;
    const next = [restart, everReady, crashes, hangs, phase.kind, identity];
    if (next.every((value, index) => value === this.#stored[index])) return;
    try {
      const text = storeWatchdog(this.#state, identity, host.clock);
      host.files.writeAtomic(paths.watchdogState, `${text}\n`);
      this.#stored = next;
    } catch {
      // The disk is full or gone: supervision goes on, and the next change tries again.
    }
  }

  #rotateLogs(): void {
    const { host, paths, runtime } = this.#options;
    const nowMs = host.clock.monotonicMs();
    if (nowMs - this.#logsLookedAtMs < LOG_LOOK_MS) return;
    this.#logsLookedAtMs = nowMs;
    for (const { stdoutFile, stderrFile } of [runtime, logFiles(paths, "watchdog")]) {
      rotateIfLong(host, stdoutFile);
      rotateIfLong(host, stderrFile);
    }
  }

  #view(): WatchdogView {
    const { kind } = this.#state.phase;
    return {
      phase: kind === "left" ? "stopping" : kind, // It has not left before it has said goodbye.
      runtimePid: this.#runtime.identity?.pid ?? null,
      url: kind === "running" ? this.#url : null,
      watchdogPid: this.#options.host.processes.self.pid,
    };
  }
}

/** Damaged or not to be read: the counters begin again. */
function readQuietly(host: Host, path: string): string | undefined {
  try {
    return host.files.read(path);
  } catch {
    return undefined; // What cannot be read now is written anew at the first change.
  }
}

/** Nobody, when the machine lets us not look: whoever dials will dial again. */
function livingQuietly(host: Host, instance: string): ReturnType<typeof livingProcesses> {
  try {
    return livingProcesses(host, instance);
  } catch {
    return [];
  }
}

function rotateIfLong({ files }: Host, path: string): void {
  try {
    if (files.sizeBytes(path) > LOG_ROTATE_BYTES) files.rotate(path);
  } catch {
    // A full disk has no room for the copy; the next look tries again.
  }
}
