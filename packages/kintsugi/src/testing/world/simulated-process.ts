/** One program of a simulated world: what it may do itself, and what a test may do to it. */

import { type Cancel, type Random, toError } from "@kintsugi/policy/base";

import type {
  ExitReason,
  Host,
  OwnerLock,
  ProcessIdentity,
  ProcessSpec,
} from "../../host/index.ts";
import { clockOf, Life } from "./life.ts";
import type { SimulatedLocks } from "./simulated-locks.ts";
import { type ListedProcess, type ProcessTable, processesOf } from "./simulated-processes.ts";
import type { SimulatedNetwork } from "./simulated-sockets.ts";
import type { Answer, SimulatedWeb } from "./simulated-web.ts";

/** A small Node program. */
const SMALL_PROGRAM_BYTES = 50 * 2 ** 20;

/** A program's own code. It lives on when this returns, until it exits or is ended. */
export type ProgramBody = (process: SimulatedProcess) => void | Promise<void>;

/** What a program finds around it. */
export interface Surroundings extends ProcessTable {
  readonly network: SimulatedNetwork;
  readonly web: SimulatedWeb;
  readonly locks: SimulatedLocks;
  /** Chance of its own for each program, so that one more draw in one does not change the others. */
  newRandom(): Random;
}

export class SimulatedProcess implements ListedProcess {
  readonly identity: ProcessIdentity;
  readonly spec: ProcessSpec;
  /** The machine as this program sees it: time, sockets, files, children of its own. */
  readonly host: Host;
  /** CPU time that it has used. */
  cpuMs = 0;
  readonly #machine: Surroundings;
  readonly #life: Life;
  #rssBytes = SMALL_PROGRAM_BYTES;
  #leak: { readonly bytesPerSecond: number; readonly sinceMs: number } | undefined;
  #reason: ExitReason | undefined;
  #onTerm: (() => void) | undefined;
  #hangs = 0;

  /** With `crashes`, an error that nobody catches ends the program, not the test. */
  constructor(
    machine: Surroundings,
    identity: ProcessIdentity,
    spec: ProcessSpec,
    crashes: boolean,
  ) {
    this.#machine = machine;
    this.identity = identity;
    this.spec = spec;
    this.#life = new Life(machine.clock, crashes ? (error) => this.crash(error) : undefined);
    this.host = {
      clock: clockOf(this.#life, machine.clock),
      random: machine.newRandom(),
      processes: processesOf(machine, this),
      sockets: machine.network.socketsOf(this.#life),
      files: machine.disk.filesOf(this.#life),
      fetch: machine.web.fetchOf(this.#life),
      env: spec.env,
    };
  }

  get args(): readonly string[] {
    return this.spec.args;
  }

  get env(): Readonly<Record<string, string>> {
    return this.spec.env;
  }

  get alive(): boolean {
    return !this.#life.ended;
  }

  /** How it ended; undefined while it lives. */
  get reason(): ExitReason | undefined {
    return this.#reason;
  }

  /** Resident memory, with what a leak has added by now. */
  get rssBytes(): number {
    if (!this.#leak) return this.#rssBytes;
    const leakedMs = this.#machine.clock.monotonicMs() - this.#leak.sinceMs;
    return this.#rssBytes + Math.floor((this.#leak.bytesPerSecond * leakedMs) / 1_000);
  }

  set rssBytes(bytes: number) {
    this.#rssBytes = bytes;
    if (this.#leak) this.leak(this.#leak.bytesPerSecond);
  }

  // --- what the program does ---------------------------------------------------------------------

  exit(code = 0): void {
    this.end({ kind: "exited", code });
  }

  /** Takes the signal upon itself; without this, it ends the program. SIGKILL always does. */
  onSignal(_signal: "SIGTERM", listener: () => void): void {
    this.#onTerm = listener;
  }

  writeStdout(text: string): void {
    this.#write(this.spec.stdoutFile, text);
  }

  writeStderr(text: string): void {
    this.#write(this.spec.stderrFile, text);
  }

  /** Answers HTTP requests whose address begins with `prefix`, as long as it lives and does not hang. */
  serve(prefix: string, answer: Answer): Cancel {
    return this.#machine.web.route(prefix, answer, this.#life);
  }

  /** The owner lock of a file: undefined when another living program has it. */
  acquireOwnerLock(path: string): OwnerLock | undefined {
    return this.#machine.locks.acquire(path, this.#life);
  }

  // --- what is done to it ------------------------------------------------------------------------

  /** SIGKILL ends it at once. False when it was dead before. */
  kill(signal: "SIGTERM" | "SIGKILL" = "SIGKILL"): boolean {
    if (!this.alive) return false;
    const listener = signal === "SIGTERM" ? this.#onTerm : undefined;
    if (listener) this.deliver(listener);
    else this.end({ kind: "signalled", signal });
    return true;
  }

  /** Its loop stops turning: for `ms`, or until {@link resume}. A later hang replaces an earlier one. */
  hang(ms?: number): void {
    this.#life.hang();
    this.#hangs += 1;
    const hang = this.#hangs;
    if (ms === undefined) return;
    this.#machine.clock.after(ms, () => {
      if (this.#hangs === hang) this.#life.resume();
    });
  }

  resume(): void {
    this.#hangs += 1;
    this.#life.resume();
  }

  /** Grows by so much from now on; 0 keeps what was leaked and stops. */
  leak(bytesPerSecond: number): void {
    this.#rssBytes = this.rssBytes;
    const sinceMs = this.#machine.clock.monotonicMs();
    this.#leak = bytesPerSecond === 0 ? undefined : { bytesPerSecond, sinceMs };
  }

  // --- what the world does -----------------------------------------------------------------------

  start(body: ProgramBody): void {
    const main = async (): Promise<void> => body(this);
    this.deliver(() => void main().catch((error) => this.crash(error)));
  }

  deliver(fn: () => void): void {
    this.#life.deliver(fn);
  }

  onEnd(fn: () => void): Cancel {
    return this.#life.onEnd(fn);
  }

  crash(error: unknown): void {
    if (!this.alive) return;
    this.writeStderr(`Uncaught ${String(toError(error))}\n`);
    this.exit(1);
  }

  end(reason: ExitReason): void {
    if (!this.alive) return;
    this.#reason = reason;
    this.#life.end();
  }

  #write(file: string, text: string): void {
    if (this.alive) this.#machine.disk.append(file, text);
  }
}
