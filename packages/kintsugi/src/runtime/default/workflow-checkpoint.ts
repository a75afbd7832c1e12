/** Checkpoints of states that the program keeps itself, beside those that the engine records. */

import {
  backgroundClock,
  type Cancel,
  type Clock,
  reportError,
  wholeNumber,
} from "@kintsugi/policy/base";

import { type CheckpointStore, Checkpoints, type CheckpointView } from "../../workflow/index.ts";
import { defaultRuntime } from "./default-runtime.ts";

export interface WorkflowCheckpointOptions {
  /** @defaultValue files below the folder of `checkpointing.dir`, as it is set when this is made */
  readonly store?: CheckpointStore;
  /** States that are kept, a whole number from 1. @defaultValue `checkpointing.maxCheckpoints` */
  readonly maxCheckpoints?: number;
  /** Wakes the automatic saves as well. @defaultValue the system's; it keeps no process alive */
  readonly clock?: Clock;
}

/** A step of a run, as it is listed. */
export interface RecordedStep {
  readonly kind: "step";
  /** Of the run. */
  readonly id: string;
  /** Its number in the order in which the steps were started: 1 for the first. */
  readonly version: number;
  /** Its name. */
  readonly step: string;
}

/**
 * A state that `save` has acknowledged is there after a kill at any moment, whole; one that was under way
 * is there whole or not at all. Any number of these may name the same id in one process: what is asked of
 * them is done in that order, and the last one who saved counts. Two processes must not save the same id.
 *
 * @example
 * const checkpoint = new WorkflowCheckpoint<{ readonly page: number }>("crawl-7");
 * const { page } = (await checkpoint.load()) ?? { page: 0 };
 * checkpoint.startAutoCheckpoint(() => ({ page: crawler.page }));
 */
export class WorkflowCheckpoint<State = unknown> {
  readonly id: string;
  readonly #states: Checkpoints;
  readonly #clock: Clock;
  #stopAuto: Cancel = () => {};

  /** @throws {@link RangeError} when the id is empty or an option is out of its range. */
  constructor(id: string, options: WorkflowCheckpointOptions = {}) {
    const { maxCheckpoints: most, clock = backgroundClock } = options;
    if (most !== undefined) wholeNumber("maxCheckpoints", most, 1);
    this.id = id;
    this.#clock = clock;
    this.#states = statesOf(id, options);
  }

  /**
   * What is kept of an id: the steps that `resilientQueueRun` has recorded under it, where this process
   * may have the folder of the runs, and the states that were saved; each from the oldest to the newest.
   */
  static async listCheckpoints(
    id: string,
    options: Pick<WorkflowCheckpointOptions, "store"> = {},
  ): Promise<readonly (CheckpointView | RecordedStep)[]> {
    const states = await statesOf(id, options).list();
    const steps = await defaultRuntime().stepsOf(id);
    const recorded = steps.map(
      ({ seq, name }): RecordedStep => ({ kind: "step", id, version: seq + 1, step: name }),
    );
    return [...recorded, ...states];
  }

  /**
   * Resolves with the version when the state is durable. The state is taken as it is now: what JSON can
   * carry, dates, maps, sets, bytes and errors.
   *
   * @throws {@link UnrecordableError} naming the path in the state that no text can carry.
   */
  save(state: State): Promise<number> {
    return this.#states.save(state);
  }

  /** The last state that is whole; undefined when there is none. */
  async load(): Promise<State | undefined> {
    return (await this.#states.load())?.state as State | undefined; // Who saved it typed it.
  }

  /**
   * Saves what `current` gives, again and again, first after one interval: until then `load` gives what
   * an earlier process left. A save that fails is reported, and the next comes all the same. Ends the
   * automatic saves of before.
   *
   * @param intervalMs Milliseconds, a whole number from 1. @defaultValue
   * `checkpointing.autoCheckpointIntervalMs`, read before each wait
   */
  startAutoCheckpoint(current: () => State | Promise<State>, intervalMs?: number): void {
    if (intervalMs !== undefined) wholeNumber("intervalMs", intervalMs, 1);
    this.stop();
    let isOver = false;
    let cancel: Cancel = () => {};
    const wait = (): void => {
      if (isOver) return;
      const { autoCheckpointIntervalMs } = defaultRuntime().settings.checkpointing;
      const ms = intervalMs ?? autoCheckpointIntervalMs;
      cancel = this.#clock.after(ms, () => void save());
    };
    const save = async (): Promise<void> => {
      try {
        const state = await current();
        if (!isOver) await this.save(state);
      } catch (error) {
        reportError(error);
      }
      wait();
    };
    this.#stopAuto = () => {
      isOver = true;
      cancel();
    };
    wait();
  }

  /** Ends the automatic saves; one that is under way is finished. */
  stop(): void {
    this.#stopAuto();
  }

  /**
   * Takes an earlier state up again, as a new version, and returns it.
   *
   * @throws {@link CheckpointMissingError} when there is no such version any more.
   */
  async rollback(version: number): Promise<State> {
    return (await this.#states.rollback(version)).state as State; // Who saved it typed it.
  }

  /** Forgets all states of the id. */
  clear(): Promise<void> {
    return this.#states.clear();
  }

  [Symbol.dispose](): void {
    this.stop();
  }
}

function statesOf(
  id: string,
  { store, maxCheckpoints, clock = backgroundClock }: WorkflowCheckpointOptions,
): Checkpoints {
  const runtime = defaultRuntime();
  return new Checkpoints({
    id,
    store: store ?? runtime.stateStore(),
    clock,
    maxCheckpoints: () => maxCheckpoints ?? runtime.settings.checkpointing.maxCheckpoints,
    report: reportError,
  });
}
