/** The one process that the watchdog watches: found or started, told to end, and seen to end. */

import {
  causeOf,
  type ExitReason,
  type Host,
  type InstancePaths,
  type ProcessHandle,
  type ProcessIdentity,
  type ProcessSpec,
} from "../host/index.ts";
import { isSameProcess, readIdentity } from "./identity-file.ts";
import { hasRole, livingProcesses, signal } from "./living.ts";
import { type End, LOCK_HELD_CODE } from "./watchdog-state.ts";

interface RuntimeProcessOptions {
  readonly host: Host;
  readonly paths: InstancePaths;
  readonly spec: ProcessSpec;
  /** Called once for each life, when it is over. */
  readonly onEnd: (ended: EndedLife) => void;
}

export interface EndedLife {
  readonly identity: ProcessIdentity | undefined;
  readonly end: End;
  readonly reason: ExitReason;
  /** The line that it wrote to stderr in this life and that says why it ended; "" when there is none. */
  readonly cause: string;
}

/** Codes of sysexits.h that mean "I will not run like this": EX_UNAVAILABLE and EX_CONFIG. */
const REFUSED_CODES: readonly number[] = [69, 78];

/** How much of stderr is read for the cause, which stands above a stack, and how much of it is kept. */
const TAIL_BYTES = 16_384;
const LONGEST_CAUSE = 1_000;

/** How soon and how often an adopted process is looked at after its socket has ended. */
const HURRY_MS = 20;
const HURRIED_LOOKS = 10;

export class RuntimeProcess {
  readonly #options: RuntimeProcessOptions;
  #life: Life | undefined;

  constructor(options: RuntimeProcessOptions) {
    this.#options = options;
  }

  /** Who lives, as far as is known. */
  get identity(): ProcessIdentity | undefined {
    return this.#life?.handle.identity;
  }

  /**
   * The living runtime of this instance: the one that `known` or `runtime.json` names, else, with
   * `anyMarked`, one that says so in its environment. Only who carries our marker is ever taken up.
   */
  find(known: ProcessIdentity | undefined, anyMarked: boolean): ProcessIdentity | undefined {
    try {
      return this.#find(known, anyMarked);
    } catch {
      return undefined; // The machine lets nobody look: the runtime's lock tells, and then we look again.
    }
  }

  #find(known: ProcessIdentity | undefined, anyMarked: boolean): ProcessIdentity | undefined {
    const { host, paths } = this.#options;
    const named = [known, readIdentity(host.files, paths.runtimeFile)]
      .filter((each) => each !== undefined)
      .filter((each) => host.processes.isAlive(each));
    // So it is after most deaths, and a search through all processes would delay the next start.
    if (named.length === 0 && !anyMarked) return undefined;
    const marked = livingProcesses(host, paths.instance).filter((each) => hasRole(each, "runtime"));
    const isNamed = (identity: ProcessIdentity): boolean =>
      named.some((each) => isSameProcess(each, identity));
    const found =
      marked.find(({ identity }) => isNamed(identity)) ??
      (anyMarked ? marked.find(({ leader }) => leader) : undefined);
    return found?.identity;
  }

  adopt(identity: ProcessIdentity): void {
    this.#watch(this.#options.host.processes.adopt(identity), true, this.#stderrBytes());
  }

  start(): void {
    const { host, spec } = this.#options;
    const startsAtBytes = this.#stderrBytes();
    this.#watch(host.processes.spawn(spec), false, startsAtBytes);
  }

  /** It said which code it will leave with: an adopted process gives none when it ends. */
  saidGoodbye(code: number): void {
    if (this.#life) this.#life.farewell = code;
  }

  /** Its socket has ended, so its own end may be near: an adopted process is looked at sooner. */
  hurry(looks: number = HURRIED_LOOKS): void {
    const life = this.#life;
    const { host } = this.#options;
    if (!life?.adopted || !life.handle.identity || looks === 0) return;
    if (!seemsAlive(host, life.handle.identity)) this.#end(life, { kind: "unknown" });
    else host.clock.after(HURRY_MS, () => this.#life === life && this.hurry(looks - 1));
  }

  terminate(): void {
    if (this.identity) signal(this.#options.host, this.identity, "SIGTERM", false);
  }

  /** With its group: what the runtime started beside its components must not outlive it. */
  kill(): void {
    const { identity } = this;
    if (!identity) return;
    const { host } = this.#options;
    if (!signal(host, identity, "SIGKILL", true)) signal(host, identity, "SIGKILL", false);
  }

  #watch(handle: ProcessHandle, adopted: boolean, startsAtBytes: number | undefined): void {
    const life: Life = { handle, adopted, startsAtBytes, farewell: undefined };
    this.#life = life;
    void handle.exited.then((reason) => this.#end(life, reason));
  }

  #end(life: Life, reason: ExitReason): void {
    if (this.#life !== life) return; // It was seen to end before.
    this.#life = undefined;
    const { identity } = life.handle;
    const cause = reason.kind === "spawn-failed" ? reason.message : this.#cause(life);
    this.#options.onEnd({ identity, end: endOf(reason, life.farewell), reason, cause });
  }

  /** Undefined when it cannot be read. */
  #stderrBytes(): number | undefined {
    const { host, spec } = this.#options;
    try {
      return host.files.sizeBytes(spec.stderrFile);
    } catch {
      return undefined; // The disk is in trouble: the next start matters more than last words.
    }
  }

  #cause({ startsAtBytes }: Life): string {
    const { host, spec } = this.#options;
    const sizeBytes = this.#stderrBytes();
    if (sizeBytes === undefined || startsAtBytes === undefined) return "";
    // Fewer than before: the log was rotated, and all of it is of this life.
    const writtenBytes = sizeBytes < startsAtBytes ? sizeBytes : sizeBytes - startsAtBytes;
    if (writtenBytes === 0) return "";
    try {
      const tail = host.files.tail(spec.stderrFile, Math.min(writtenBytes, TAIL_BYTES));
      return causeOf(tail).slice(0, LONGEST_CAUSE);
    } catch {
      return ""; // As above.
    }
  }
}

interface Life {
  readonly handle: ProcessHandle;
  readonly adopted: boolean;
  /** Length of its stderr file when it began; undefined when that could not be read. */
  readonly startsAtBytes: number | undefined;
  farewell: number | undefined;
}

/** While nobody can look it counts as alive: its handle tells of its end a little later. */
function seemsAlive(host: Host, identity: ProcessIdentity): boolean {
  try {
    return host.processes.isAlive(identity);
  } catch {
    return true;
  }
}

/** How it ended, for people. Who was killed had no last words: what it wrote before is no cause. */
export function wordsOf(reason: ExitReason, cause: string): string {
  switch (reason.kind) {
    case "exited": {
      const why = reason.code === 0 || cause === "" ? "" : `: ${cause}`;
      return `it left with exit code ${reason.code}${why}`;
    }
    case "signalled": {
      const why = reason.signal === "SIGABRT" && cause !== "" ? `: ${cause}` : "";
      return `it was ended by ${reason.signal}${why}`;
    }
    case "spawn-failed":
      return reason.message;
    case "unknown":
      return "how it ended was not seen";
  }
}

/** What an exit means. SIGTERM and SIGINT are what a person sends who wants it to end. */
export function endOf(reason: ExitReason, farewell: number | undefined): End {
  switch (reason.kind) {
    case "exited":
      return meaningOf(reason.code);
    case "unknown":
      return farewell === undefined ? { kind: "crash" } : meaningOf(farewell);
    case "signalled":
      return reason.signal === "SIGTERM" || reason.signal === "SIGINT"
        ? { kind: "on-purpose" }
        : { kind: "crash" };
    case "spawn-failed":
      return { kind: "refused", code: 69 };
  }
}

function meaningOf(code: number): End {
  if (code === 0) return { kind: "on-purpose" };
  if (code === LOCK_HELD_CODE) return { kind: "lock-held" };
  return REFUSED_CODES.includes(code) ? { kind: "refused", code } : { kind: "crash" };
}
