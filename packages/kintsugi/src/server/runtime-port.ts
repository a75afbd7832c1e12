/** What the server needs of a runtime, and what it shows of one. The runtime implements it. */

import type { Clock } from "@kintsugi/policy/base";

import type { IncidentFilter, IncidentView, TrustView } from "../heal/index.ts";
import type { Series } from "../observe/index.ts";
import type { FactLog, StoreState } from "../store/index.ts";
import type { ComponentView, Health } from "../supervise/index.ts";
import type {
  DeadLetterQueue,
  ForkOptions,
  RewindOptions,
  RunFilter,
  RunStatus,
  RunView,
  StartOptions,
  StepView,
} from "../workflow/index.ts";

export interface RuntimeForServer {
  /** The program's name, as its configuration gives it. */
  readonly name: string;
  readonly version: string;
  /** Drives pings, patience and the age of what was read; the platform's sockets keep their own. */
  readonly clock: Clock;
  /** The log that `/api/v1/events` follows. */
  readonly facts: FactLog;
  status(): Promise<StatusView>;
  /** Whether work is accepted now. Asked often and without a token: it must be cheap. */
  ready(): ReadinessView;
  components(): readonly ComponentView[];
  /**
   * Takes a component down and starts it again; resolves when it is running. `why` names who asked.
   * `signal` is aborted when the server closes: then the wait ends, not the restart.
   *
   * @throws {@link KintsugiError} when it does not come up, or may not be restarted now.
   */
  restartComponent(name: string, why: string, signal: AbortSignal): Promise<void>;
  /** Newest first. */
  incidents(filter: IncidentFilter): Promise<readonly IncidentView[]>;
  incident(id: string): Promise<IncidentView | undefined>;
  /** Newest first. */
  runs(filter: RunFilter): Promise<readonly RunView[]>;
  run(id: string): Promise<RunView | undefined>;
  /** The newest `limit` steps that the journal holds of a run, oldest first. */
  steps(runId: string, limit: number): Promise<readonly StepView[]>;
  /**
   * Starts a run, or finds the one of that id; it is durable when this resolves.
   *
   * @throws {@link KintsugiError} when nobody brought the workflow, or its input is refused.
   */
  startRun(workflow: string, input: unknown, options: StartOptions): Promise<RunView>;
  /** Each gives the run as it is then. @throws {@link KintsugiError} when it cannot be done. */
  cancelRun(id: string): Promise<RunView>;
  signalRun(id: string, name: string, payload: unknown): Promise<RunView>;
  rewindRun(id: string, options: RewindOptions): Promise<RunView>;
  /** Gives the new run. */
  forkRun(id: string, options: ForkOptions): Promise<RunView>;
  readonly deadLetters: Pick<DeadLetterQueue, "list" | "get" | "replay" | "replayAll" | "discard">;
  trust(): Promise<readonly TrustView[]>;
  playbooks(): readonly PlaybookView[];
  /** The watchdog that lives; undefined while none does. */
  watchdog(): { readonly pid: number } | undefined;
  /** The last minutes; with `sinceMs`, from that second on. */
  series(sinceMs?: number): Series;
  /** All figures in Prometheus' text format. Undefined where the configuration says that none are shown. */
  metrics(): Promise<string | undefined>;
}

export interface ReadinessView {
  readonly ready: boolean;
  /** What is missing, a sentence each; empty when ready. */
  readonly reasons: readonly string[];
}

/** A program at a glance. */
export interface StatusView {
  readonly name: string;
  readonly version: string;
  /** Names the data folder: 12 hexadecimal digits. */
  readonly instance: string;
  readonly pid: number;
  readonly startedAtMs: number;
  /** When this was said. */
  readonly atMs: number;
  /** The worst health of its components. */
  readonly health: Health;
  readonly readiness: ReadinessView;
  readonly store: StoreState;
  readonly components: readonly ComponentView[];
  readonly runs: Readonly<Record<RunStatus, number>>;
  /** Incidents that have not ended. */
  readonly openIncidents: number;
  readonly calls: readonly CallView[];
}

/** What the policies of one named call did since the runtime started. */
export interface CallView {
  readonly name: string;
  readonly succeeded: number;
  readonly failed: number;
  /** Attempts beyond the first of each call. */
  readonly retried: number;
  readonly circuit: "closed" | "open" | "half-open";
  /** When an open circuit lets a trial through, epoch milliseconds; null where it is not open. */
  readonly circuitRetryAtMs: number | null;
  /** Calls for which a fallback answered. */
  readonly fallbacks: number;
}

export interface PlaybookView {
  readonly name: string;
  /** What it does, in one sentence. */
  readonly description: string;
}
