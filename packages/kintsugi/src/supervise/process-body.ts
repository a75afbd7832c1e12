/** A component that is a process: any command, with a group, log files and a marker of its own. */

import { createHash } from "node:crypto";
import { resolve } from "node:path";

import type { Host, InstancePaths, ProcessHandle, ProcessIdentity } from "../host/index.ts";
import { logFiles } from "../host/index.ts";
import { type Body, type Life, never } from "./life.ts";
import { COMPONENT_ROLE, MARKER } from "./marker.ts";
import { redact } from "./redaction.ts";
import { signalIfAllowed } from "./strays.ts";
import type { ProcessComponentSpec } from "./types.ts";

/** The paths of the program that a supervisor needs. */
export type SupervisorPaths = Pick<InstancePaths, "instance" | "componentSocket" | "logsDir">;

interface ProcessBodyOptions {
  readonly host: Host;
  readonly paths: SupervisorPaths;
  readonly spec: ProcessComponentSpec;
  readonly heartbeatMs: number;
  readonly chaos: boolean;
}

/** A log is copied away and emptied at this size. */
const MAX_LOG_BYTES = 10 * 2 ** 20;

/** What of stderr goes with an exit: some thirty lines, as a stack trace needs. */
const TAIL_BYTES = 4_096;

export class ProcessBody implements Body {
  readonly beats: boolean;
  readonly fingerprint: string;
  readonly #options: ProcessBodyOptions;
  readonly #files: { readonly stdoutFile: string; readonly stderrFile: string };
  /** Where in the file the stderr of this life begins. */
  #stderrStart = 0;

  constructor(options: ProcessBodyOptions) {
    const { spec, paths } = options;
    this.#options = options;
    this.#files = logFiles(paths, spec.name);
    this.beats = spec.beats ?? false;
    const { command, args = [], cwd, env = {} } = spec;
    // What it merely shares with us may differ from shell to shell, and is no other specification.
    const own = Object.entries(env).filter(([name, value]) => options.host.env[name] !== value);
    const started = JSON.stringify([command, args, cwd, own.toSorted()]);
    this.fingerprint = createHash("sha256").update(started).digest("hex");
  }

  launch(incarnation: number): Life {
    const { host, spec } = this.#options;
    this.tidy();
    this.#stderrStart = host.files.sizeBytes(this.#files.stderrFile);
    const handle = host.processes.spawn({
      command: spec.command,
      args: spec.args ?? [],
      cwd: spec.cwd,
      env: this.#environment(incarnation),
      ...this.#files,
    });
    return new ProcessLife(host, handle, this.beats);
  }

  readonly adopt = (identity: ProcessIdentity): Life => {
    const { host } = this.#options;
    return new ProcessLife(host, host.processes.adopt(identity), this.beats);
  };

  stderrTail(): string {
    try {
      return this.#readTail();
    } catch {
      return ""; // A log that cannot be read must not keep a component from its restart.
    }
  }

  #readTail(): string {
    const { host, spec } = this.#options;
    const { stderrFile } = this.#files;
    const sizeBytes = host.files.sizeBytes(stderrFile);
    const ownBytes = sizeBytes < this.#stderrStart ? sizeBytes : sizeBytes - this.#stderrStart;
    if (ownBytes === 0) return "";
    // One byte more is the end of the line before: so the first line of this life counts as whole.
    const text = host.files.tail(stderrFile, Math.min(TAIL_BYTES, ownBytes + 1));
    const isFile = (arg: string): boolean => host.files.exists(resolve(spec.cwd, arg));
    return redact(text, { env: this.#given(), args: spec.args ?? [], isFile }).trim();
  }

  /** Rotates the logs. Whoever writes holds the file open for append, and goes on in it. */
  tidy(): void {
    const { files } = this.#options.host;
    for (const file of Object.values(this.#files)) {
      try {
        if (files.sizeBytes(file) > MAX_LOG_BYTES) files.rotate(file);
      } catch {
        // The copy finds no room, for one: a log that grows is better than a component that is down.
      }
    }
  }

  /** A program finds others by PATH; for the rest it gets what its specification says. */
  #given(): Record<string, string> {
    const { host, spec } = this.#options;
    const { PATH } = host.env;
    return { ...(PATH !== undefined && { PATH }), ...spec.env };
  }

  #environment(incarnation: number): Record<string, string> {
    const { paths, spec, heartbeatMs, chaos } = this.#options;
    return {
      ...this.#given(),
      [MARKER.instance]: paths.instance,
      [MARKER.role]: COMPONENT_ROLE,
      [MARKER.component]: spec.name,
      [MARKER.incarnation]: String(incarnation),
      [MARKER.socket]: paths.componentSocket,
      [MARKER.heartbeatMs]: String(heartbeatMs),
      ...(chaos && { [MARKER.chaos]: "1" }),
    };
  }
}

class ProcessLife implements Life {
  readonly identity: ProcessIdentity | undefined;
  readonly started: Promise<void>;
  readonly exited: ProcessHandle["exited"];
  readonly #host: Host;

  constructor(host: Host, handle: ProcessHandle, beats: boolean) {
    this.#host = host;
    this.identity = handle.identity;
    this.started = beats || !handle.identity ? never : Promise.resolve();
    // What it started itself must not hold its port or files against its successor.
    this.exited = handle.exited.then((reason) => {
      this.#signal("SIGKILL", true);
      return reason;
    });
  }

  end(graceMs: number): void {
    const { clock } = this.#host;
    if (graceMs > 0) this.#signal("SIGTERM", false);
    const cancel = clock.after(graceMs, () => this.#signal("SIGKILL", true));
    void this.exited.then(cancel);
  }

  #signal(signal: "SIGTERM" | "SIGKILL", group: boolean): void {
    if (this.identity) signalIfAllowed(this.#host, this.identity, signal, group);
  }
}
