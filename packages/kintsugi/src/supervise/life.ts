/** What a supervisor knows of one life of a component, be it a process or a kernel. */

import type { ExitReason, ProcessIdentity } from "../host/index.ts";
import type { Health } from "./types.ts";

export interface Life {
  /** Undefined for a kernel, and for a process that could not be started. */
  readonly identity: ProcessIdentity | undefined;
  /** Resolves when it has started by its own account; never, when its first beat is what tells. */
  readonly started: Promise<void>;
  /** Resolves once, whatever happens. */
  readonly exited: Promise<ExitReason>;
  /** Asks it to leave; after `graceMs` it is not asked any more. */
  end(graceMs: number): void;
}

/** What lives are made of. */
export interface Body {
  /** Whether silence counts from the first moment, and the first beat says that it runs. */
  readonly beats: boolean;
  launch(incarnation: number, onBeat: () => void): Life;
  /** Takes up a life that an earlier supervisor began; undefined for what dies with its supervisor. */
  readonly adopt: ((identity: ProcessIdentity) => Life) | undefined;
  /** Changes with whatever a life is started by. */
  readonly fingerprint: string;
  /** Keeps bounded what it leaves on the disk; asked for at every sample. */
  tidy?(): void;
  /** Its own word, where it has to be asked. Never rejects. */
  health?(): Promise<Health>;
  /** The end of what this life wrote to stderr, without secrets. */
  stderrTail(): string;
}

/** Stands for what will not happen. */
export const never: Promise<never> = new Promise(() => {});
