/** What runs workflows: the embedded engine here, others in their satellites. One conformance suite. */

import type { RunFilter, RunHandle, RunView, StartOptions, StepView } from "../run-types.ts";
import type { Workflow } from "../types.ts";

export interface Engine {
  readonly name: string;
  /** What this engine can do beyond the common part. */
  readonly can: { readonly replayDead: boolean; readonly progress: boolean };
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
  list(filter?: RunFilter): Promise<readonly RunView[]>;
  count(filter?: Omit<RunFilter, "limit">): Promise<number>;
  /** The newest `limit` steps that the journal holds of a run, oldest first; none for an unknown run. */
  steps(runId: string, limit: number): Promise<readonly StepView[]>;
  /** Starts a dead run again: recorded steps stay, the step that failed runs again. */
  replay(id: string): Promise<RunHandle<unknown>>;
  /** Lets nothing new start, aborts steps, writes what is queued. Unfinished runs stay unfinished. */
  stop(): Promise<void>;
}
