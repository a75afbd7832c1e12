/** What users of workflows see: the definition, the context that it runs in, and the handle of a run. */

import type { Duration, Policy } from "@kintsugi/policy/base";

/** Any schema that follows Standard Schema v1 (zod, valibot, arktype): https://standardschema.dev */
export interface StandardSchema<Output> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
  };
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | {
      readonly issues: readonly { readonly message: string; readonly path?: readonly unknown[] }[];
    };

export interface WorkflowOptions<Input> {
  /** Checks the input before the run is accepted. */
  readonly input?: StandardSchema<Input>;
  /** @defaultValue 1 */
  readonly version?: number;
}

export interface Workflow<Input, Output> {
  readonly kind: "workflow";
  readonly name: string;
  readonly version: number;
  /** Gives back what `run` takes. Typed as `unknown`, so that workflows of all inputs are of one kind. */
  readonly input: StandardSchema<unknown> | undefined;
  readonly run: (ctx: WorkflowContext, input: Input) => Promise<Output>;
}

/** What the code of a step is told. */
export interface StepContext {
  /** Aborted when the run is cancelled, the step's time is up, or the runtime stops. */
  readonly signal: AbortSignal;
  /** 1 for the first; grows with retries, not with crashes. */
  readonly attempt: number;
  /** The same for every attempt at this step, also after a crash: hand it to whom you call. */
  readonly idempotencyKey: string;
}

export interface StepOptions {
  /**
   * Attempts in all, the first included. An error that no attempt can better, such as a wrong key or
   * a fault in the code, ends them at once; refusals, and errors of no known class, are tried again.
   * Where the code of the step retries by itself, all calls together are no more than the larger of the
   * two numbers; a refusal is no call. Hand it the signal, so that it knows how many are left.
   * @defaultValue 1
   */
  readonly maxAttempts?: number;
  /**
   * Wait before the second attempt; doubles for each that follows, up to an hour. Longer where a server,
   * or an open circuit, asks for more; one that asks for more than an hour ends the attempts.
   * @defaultValue "200ms"
   */
  readonly retryDelay?: Duration;
  /** Time for each attempt; then the attempt fails with a TimeoutError. @defaultValue none */
  readonly timeout?: Duration;
  /** Policies around the whole step, such as a pipeline of `@kintsugi/policy`. */
  readonly policy?: Policy;
}

/**
 * The context of a run. Code between its calls must be pure: it runs again after a crash, and what was
 * recorded is handed out instead of done again. A recorded result is recorded exactly once; the step in
 * flight at a crash runs again, with the same idempotency key.
 */
export interface WorkflowContext {
  readonly runId: string;
  /** Aborted when the run is cancelled or the runtime stops. */
  readonly signal: AbortSignal;
  /** Does `fn` and records what it returns or throws. */
  step<T>(
    name: string,
    fn: (context: StepContext) => Promise<T> | T,
    options?: StepOptions,
  ): Promise<T>;
  /** Starts all in order, waits for all. @throws the first error, when all have settled. */
  all<T>(
    branches: readonly (() => Promise<T>)[],
    options?: { readonly concurrency?: number },
  ): Promise<T[]>;
  /** Sleeps across crashes. */
  sleep(duration: Duration): Promise<void>;
  /** The next signal of that name, also one that came before the wait. Null when the time was up. */
  waitFor<T = unknown>(
    signal: string,
    options?: { readonly timeout?: Duration },
  ): Promise<T | null>;
  /** Runs another workflow as a run of its own, named `<this run>/<number>` unless an id is given. */
  child<Input, Output>(
    workflow: Workflow<Input, Output>,
    input: Input,
    options?: { readonly id?: string },
  ): Promise<Output>;
  /** Epoch milliseconds, recorded. */
  now(): Promise<number>;
  /** A number of at least 0 and less than 1, recorded. */
  random(): Promise<number>;
  /** Recorded. */
  uuid(): Promise<string>;
  /** Shown, not recorded as a step. */
  progress(done: number, total: number, note?: string): void;
}

/** `dead`: it failed for good, or was quarantined; it can be looked at and replayed. */
export type RunStatus = "running" | "completed" | "dead" | "cancelled";

export interface RunProgress {
  readonly done: number;
  readonly total: number;
  readonly note: string;
}

/** A run as screens show it. */
export interface RunView {
  readonly id: string;
  readonly workflow: string;
  readonly version: number;
  readonly status: RunStatus;
  /** What it does now: its own code, or waiting for time, a signal or a child. */
  readonly waiting: boolean;
  readonly parentId: string | null;
  readonly createdAtMs: number;
  readonly endedAtMs: number | null;
  readonly stepsRecorded: number;
  readonly progress: RunProgress | null;
  readonly error: RunError | null;
  /** Crashes of the runtime in a row while code of this run ran and recorded nothing. */
  readonly crashes: number;
  /** Why it is dead. */
  readonly deadReason: "failed" | "quarantined" | null;
}

/** A step as screens show it. */
export interface StepView {
  /** Its number in the order in which the steps of the run were started, from 0. */
  readonly seq: number;
  readonly kind: "step" | "value" | "sleep" | "wait" | "child";
  readonly name: string;
  /** `waiting`: for time, a signal or a child; what a step that is not recorded does is not known. */
  readonly state: "recorded" | "failed" | "waiting";
  /** The run that a child step started. */
  readonly childId: string | null;
}

export interface RunError {
  readonly name: string;
  readonly message: string;
  readonly step: string | null;
}

export interface StartOptions {
  /** Names the run: the same id gives the same run, never a second one. @defaultValue a UUID */
  readonly id?: string;
}

export interface RunHandle<Output> {
  readonly id: string;
  /** @throws what the workflow threw, {@link RunCancelledError}, or {@link RunQuarantinedError}. */
  result(signal?: AbortSignal): Promise<Output>;
  status(): Promise<RunStatus>;
  /** Kept until the run asks for it. */
  signal(name: string, payload?: unknown): Promise<void>;
  /** Ends the run at its next call, or at once when it waits; a running step hears its signal. */
  cancel(): Promise<void>;
}

export interface RunFilter {
  readonly status?: RunStatus;
  readonly workflow?: string;
  readonly parentId?: string;
  /** @defaultValue 100 */
  readonly limit?: number;
}
