/** What runs workflows: the embedded engine here, others in their satellites. One conformance suite. */

import type { RunHistory } from "../history.ts";
import type {
  ForkOptions,
  RewindOptions,
  RunCountFilter,
  RunFilter,
  RunHandle,
  RunRecord,
  RunView,
  StartOptions,
  StepView,
} from "../run-types.ts";
import type { Workflow } from "../types.ts";

export interface Engine {
  readonly name: string;
  /** What this engine can do beyond the common part. */
  readonly can: {
    readonly replayDead: boolean;
    readonly progress: boolean;
    readonly fork: boolean;
    readonly rewind: boolean;
    readonly history: boolean;
    readonly discard: boolean;
  };
  /** Makes workflows known; those of unfinished runs must be known before {@link Engine.start}. */
  register(workflow: Workflow<never, unknown>): void;
  /** Takes up what an earlier process left unfinished. */
  start(): Promise<void>;
  /** Accepts a run: it is durable when this returns. */
  run<Input, Output>(
    workflow: Workflow<Input, Output>,
    input: Input,
    options?: StartOptions & { readonly parentId?: string },
  ): Promise<RunHandle<Output>>;
  /** Undefined when there is no such run. */
  handle(id: string): Promise<RunHandle<unknown> | undefined>;
  get(id: string): Promise<RunView | undefined>;
  /**
   * Newest first.
   *
   * @throws {@link RunUnknownError} when there is no run to go on behind, because it is kept no more.
   */
  list(filter?: RunFilter): Promise<readonly RunView[]>;
  count(filter?: RunCountFilter): Promise<number>;
  /** The newest `limit` steps that the journal holds of a run, oldest first; none for an unknown run. */
  steps(runId: string, limit: number): Promise<readonly StepView[]>;
  /** All that there is to know of one run; undefined when there is none. */
  record(id: string): Promise<RunRecord | undefined>;
  /** What is recorded of a run, to be replayed elsewhere. @throws {@link RunUnknownError} */
  history(runId: string): Promise<RunHistory>;
  /** Starts a dead run again: recorded steps stay, the step that failed runs again. */
  replay(id: string): Promise<RunHandle<unknown>>;
  /**
   * Gives a dead run up: it counts as cancelled from then on, and still says what it died of.
   *
   * @throws {@link RunUnknownError}, {@link RunStatusError} when it is not dead.
   */
  discard(id: string, why: string): Promise<void>;
  /**
   * Starts a new run with what is recorded of another before a step, and with the signals that came to
   * it and that nobody, or only a later step, has taken. The other goes on, or stays, as it is.
   *
   * @throws {@link FromStepError}, {@link RunUnknownError}, {@link RunIdTakenError}.
   */
  fork(id: string, options: ForkOptions): Promise<RunHandle<unknown>>;
  /**
   * Lets a run that has ended go on from an earlier step. Steps from there on are done again, with other
   * idempotency keys, children of theirs are started anew, and signals that they took are given again.
   *
   * @throws {@link FromStepError}, {@link RunUnknownError}, {@link RunStatusError} while it runs.
   */
  rewind(id: string, options: RewindOptions): Promise<RunHandle<unknown>>;
  /** Lets nothing new start, aborts steps, writes what is queued. Unfinished runs stay unfinished. */
  stop(): Promise<void>;
}
