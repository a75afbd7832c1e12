/** What whoever writes a workflow sees: the definition, and the context that its code runs in. */

import type { Duration } from "@kintsugi/policy/base";

import type { Attributes } from "./run-types.ts";
import type { StepContext, StepOptions, Undo, UndoableStep } from "./step-types.ts";
import type { Transaction } from "./transaction-types.ts";

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
  /** Where its runs wait for their turn, unless they are started with another. @defaultValue "default" */
  readonly queue?: string;
  /**
   * How long its runs are kept when they have ended; dead ones at least as long as others.
   * @defaultValue that of the engine
   */
  readonly retention?: Duration;
}

export interface Workflow<Input, Output> {
  readonly kind: "workflow";
  readonly name: string;
  readonly version: number;
  readonly queue: string | undefined;
  readonly retentionMs: number | undefined;
  /** Gives back what `run` takes. Typed as `unknown`, so that workflows of all inputs are of one kind. */
  readonly input: StandardSchema<unknown> | undefined;
  readonly run: (ctx: WorkflowContext, input: Input) => Promise<Output>;
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
  /**
   * Does `work` and records what it returns or throws. With an `undo`, a step that has returned is undone
   * when the run fails, is cancelled or is past its deadline: the one that was recorded last goes first, and
   * the run ends when all are undone. A step that threw, or was in flight, is not undone: it has to clean up
   * after itself. When an undo fails for good the run dies, and says what was and what was not undone; a
   * replay of it goes on with undoing.
   */
  step<T>(
    name: string,
    work: ((context: StepContext) => Promise<T> | T) | UndoableStep<T>,
    options?: StepOptions,
  ): Promise<T>;
  /**
   * Changes tables of the user in the very commit that records the step: done exactly once, whatever
   * crashes. When a row that `work` has read was changed meanwhile, it runs again with what is there then,
   * up to ten times in all; so it must do nothing but read and change these tables. Columns of JSON are not
   * compared, and nor are rows that a list did not find. The tables are those that the runtime was made with.
   *
   * @throws {@link ConflictError} when the rows were changed each time, or one that is inserted is there.
   */
  transact<T>(name: string, work: (tx: Transaction) => Promise<T> | T): Promise<T>;
  /** Starts all in order, waits for all. @throws the first error, when all have settled. */
  all<T>(
    branches: readonly ((ctx: WorkflowContext) => Promise<T>)[],
    options?: { readonly concurrency?: number },
  ): Promise<T[]>;
  /**
   * Starts all in order and waits for the first that settles: gives what it returns, throws what it
   * throws. Each branch gets a context of its own, to be used in place of the run's. The others have
   * lost with that, for good: signals of their steps are aborted, their children are cancelled, and no
   * call of theirs comes to anything any more, also after a crash. What they had in flight is recorded
   * as abandoned. A signal to the run that only a loser has taken is there for the next who asks.
   *
   * @throws {@link RangeError} when there is no branch.
   */
  race<T>(branches: readonly ((ctx: WorkflowContext) => Promise<T>)[]): Promise<T>;
  /** Sleeps across crashes. */
  sleep(duration: Duration): Promise<void>;
  /** The next signal of that name, also one that came before the wait. Null when the time was up. */
  waitFor<T = unknown>(
    signal: string,
    options?: { readonly timeout?: Duration },
  ): Promise<T | null>;
  /**
   * Runs another workflow as a run of its own, named `<this run>/<number>` unless an id is given. A child
   * that has completed stays as it is when its parent comes to a bad end, unless there is an `undo`.
   */
  child<Input, Output>(
    workflow: Workflow<Input, Output>,
    input: Input,
    options?: { readonly id?: string; readonly undo?: Undo<Output> },
  ): Promise<Output>;
  /** Epoch milliseconds, recorded. */
  now(): Promise<number>;
  /** A number of at least 0 and less than 1, recorded. */
  random(): Promise<number>;
  /** Recorded. */
  uuid(): Promise<string>;
  /**
   * Tells those who follow the run by `handle.events()`: in order, and each event once, whatever crashes.
   * Resolves when it is durable; need not be awaited.
   *
   * @throws {@link EventsFullError} beyond 10,000 events of a run.
   */
  emit(type: string, payload?: unknown): Promise<void>;
  /** Sets attributes by which the run is found: at most 32. Those of other names stay. */
  tag(attributes: Attributes): Promise<void>;
  /**
   * Whether this run goes the way that was added to its code under this name: true for runs that come here
   * for the first time, false for those that had passed the place before the change. Ask wherever the ways
   * differ; the answer is the same for all of a run. When no old run is left, the question can go, if the
   * name stays: `ctx.patched` without a branch.
   */
  patched(name: string): Promise<boolean>;
  /** Shown, not recorded as a step. */
  progress(done: number, total: number, note?: string): void;
}
