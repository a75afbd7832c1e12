import type { Clock, Random } from "@kintsugi/policy/base";

import type { Change, Store } from "../../store/index.ts";
import type { DeterminismError } from "../errors.ts";
import type { RunState } from "../run-state.ts";
import type { RunHandle } from "../run-types.ts";
import type { RunRow } from "../tables.ts";
import type { Workflow } from "../types.ts";
import type { Entry } from "./branch.ts";
import type { WorkflowMeasure } from "./measure.ts";

export interface RunWatch {
  asks(entry: Entry): void;
  leaves(error: DeterminismError): void;
}

export type AroundStep = <T>(code: () => Promise<T> | T) => Promise<T> | T;

/** What a run in memory needs of its engine. */
export interface RunHost {
  readonly clock: Clock;
  readonly random: Random;
  /** Number of this life of the engine. */
  readonly life: number;
  readonly isMeasured: boolean;
  /** Hears of each call of the code, and where it leaves the record: for replays. */
  readonly watch?: RunWatch | undefined;
  /** Stands around the code of each step: for tests. */
  readonly aroundStep?: AroundStep | undefined;
  /** When code of the run may do more: when the disk has room, and its queue lets it. Undefined when now. */
  turnOf(run: RunRow): Promise<void> | undefined;
  readonly store: Pick<Store, "get" | "list">;
  commit(changes: readonly Change[]): Promise<void>;
  /** Takes the error of a refused commit. True when the store is lost, so that no run may go on. */
  isLost(error: unknown): boolean;
  startChild<Input, Output>(
    workflow: Workflow<Input, Output>,
    input: Input,
    options: { readonly id: string; readonly parentId: string; readonly deadlineMs: number },
  ): Promise<RunHandle<Output>>;
  /** Cancels a run that this one has started and does not wait for any more, if it still runs. */
  cancelChild(runId: string): void;
  /** Greater than that of any event before. */
  nextEventId(): number;
  /** The run has emitted an event, and that is durable. */
  emitted(runId: string): void;
  /** The run's state has changed. */
  moved(run: RunRow, state: RunState): void;
  /** The run waits, and that is durable: it could be taken out of memory. */
  rests(runId: string): void;
  /** The run has ended, and that is durable. */
  ended(runId: string): void;
  measure(measure: WorkflowMeasure): void;
}
