/** Words of supervision that other rooms use. */

import type { ExitReason, ProcessIdentity } from "../host/index.ts";

export type ComponentKind = "kernel" | "process";

/** The four states of health, and why. */
export type Health =
  | { readonly kind: "healthy" }
  | { readonly kind: "degraded" | "critical" | "failed"; readonly reason: string };

/**
 * What the supervisor does with a component at the moment.
 * `crash-looping`: it is tried again later, half-open. `gave-up`: a person has to act.
 */
export type ComponentPhase =
  | "stopped"
  | "starting"
  | "running"
  | "stopping"
  | "backing-off"
  | "crash-looping"
  | "gave-up";

export interface ComponentView {
  readonly name: string;
  readonly kind: ComponentKind;
  readonly phase: ComponentPhase;
  readonly health: Health;
  readonly identity: ProcessIdentity | null;
  /** Counts the lives of the component, over all runtimes; 1 is the first. */
  readonly incarnation: number;
  readonly restarts: number;
  readonly adopted: boolean;
  readonly startedAtMs: number | null;
  readonly lastBeatAtMs: number | null;
  readonly rssBytes: number | null;
  readonly lastExit: ExitView | null;
  /** Milliseconds until the next start, where one is planned. */
  readonly nextStartAtMs: number | null;
}

export interface ExitView {
  readonly atMs: number;
  readonly reason: ExitReason;
  /** The end of what it wrote to stderr. */
  readonly stderrTail: string;
}

export interface RestartOptions {
  /** `permanent`: after every exit; `transient`: after a bad one; `temporary`: never. @defaultValue "permanent" */
  readonly restart?: "permanent" | "transient" | "temporary";
  /** Wait before the second restart in a period; the first is made at once, each later one waits twice as long. @defaultValue 100 */
  readonly initialDelayMs?: number;
  /** Longest wait. @defaultValue 30_000 */
  readonly maxDelayMs?: number;
  /** Restarts that `periodMs` may hold; one more is `crash-looping` (process) or `gave-up` (kernel). @defaultValue 5; kernels 3 */
  readonly intensity?: number;
  /** @defaultValue 60_000 */
  readonly periodMs?: number;
}

interface CommonSpec {
  readonly name: string;
  readonly restart?: RestartOptions;
  /** Time between two beats. @defaultValue 1_000 */
  readonly heartbeatMs?: number;
  /** Time for an orderly stop before it is killed. @defaultValue 5_000 */
  readonly shutdownMs?: number;
  /** Names of components that must be running before this one starts. */
  readonly dependsOn?: readonly string[];
}

export interface KernelSpec extends CommonSpec {
  readonly kind: "kernel";
  /** Loads the kernel's module, or gives it. */
  readonly load: () => Promise<Kernel> | Kernel;
}

export interface ProcessComponentSpec extends CommonSpec {
  readonly kind: "process";
  readonly command: string;
  readonly args?: readonly string[];
  readonly cwd: string;
  /** All of its environment, beside PATH, which it shares with us unless it is given, and our marks. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it speaks the component protocol: dials the socket and beats. @defaultValue false */
  readonly beats?: boolean;
  /** Resident memory that a healthy component stays under; what a trigger compares with. */
  readonly memoryLimitBytes?: number;
}

export type ComponentSpec = KernelSpec | ProcessComponentSpec;

/** A part of the program that lives in the runtime's own event loop. */
export interface Kernel {
  initialize(ctx: KernelContext): Promise<void> | void;
  stop?(): Promise<void> | void;
  health?(): Promise<Health> | Health;
}

export interface KernelContext {
  readonly name: string;
  /** Aborted when the kernel is to stop. */
  readonly signal: AbortSignal;
  /**
   * Says that the kernel is alive; call it at least once in `heartbeatMs`. A kernel that never calls it
   * is never missed: silence counts from the first beat of each life.
   */
  heartbeat(): void;
}

/** What the supervisor tells: facts are stored, measures are not. */
export type SupervisionFact =
  | {
      readonly type: "component.started";
      readonly component: string;
      readonly incarnation: number;
      readonly pid: number | null;
      readonly adopted: boolean;
    }
  | {
      readonly type: "component.exited";
      readonly component: string;
      readonly incarnation: number;
      readonly reason: ExitReason;
      readonly expected: boolean;
      readonly stderrTail: string;
    }
  | {
      readonly type: "component.restart-planned";
      readonly component: string;
      readonly delayMs: number;
      readonly attempt: number;
    }
  | {
      readonly type: "component.crash-looping";
      readonly component: string;
      readonly retryInMs: number;
    }
  | { readonly type: "component.gave-up"; readonly component: string; readonly restarts: number }
  | { readonly type: "component.stopped"; readonly component: string }
  | {
      readonly type: "health.changed";
      readonly component: string;
      readonly from: Health;
      readonly to: Health;
    };

/** One reading of a component; a measure, never stored. */
export interface ComponentSample {
  readonly component: string;
  readonly kind: ComponentKind;
  readonly phase: ComponentPhase;
  readonly atMs: number;
  /** Time since the last beat; null where none is expected. */
  readonly silentMs: number | null;
  readonly rssBytes: number | null;
  readonly memoryLimitBytes: number | null;
}

/** The port through which the healer acts on components. */
export interface Components {
  list(): readonly ComponentView[];
  get(name: string): ComponentView | undefined;
  /** Takes it down, by force if it does not answer, and starts it again; resolves when it is running. */
  restart(name: string, why: string, signal?: AbortSignal): Promise<void>;
  /** Evidence for diagnostics: exits, memory history, the last lines of stderr. */
  evidence(name: string): Promise<Readonly<Record<string, unknown>>>;
  onSample(listener: (sample: ComponentSample) => void): () => void;
}
