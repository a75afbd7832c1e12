/** Checkpoints of states that the program keeps itself, beside those that the engine records. */

import {
  backgroundClock,
  type Cancel,
  type Clock,
  type Duration,
  durationMs,
  reportError,
  systemClock,
  wholeNumber,
} from "@kintsugi/policy/base";

import {
  type CheckpointStore,
  Checkpoints,
  type CheckpointView,
  type ReplicationLag,
} from "../../workflow/index.ts";
import { defaultRuntime } from "./default-runtime.ts";

export interface WorkflowCheckpointOptions {
  /** @defaultValue files below the folder of `checkpointing.dir`, as it is set when this is made */
  readonly store?: CheckpointStore;
  /**
   * Stores that get each state behind the first, which alone is waited for; `load` takes the newest of all.
   * Each keeps as many states as the first. @defaultValue none
   */
  readonly replicateTo?: CheckpointStore | readonly CheckpointStore[];
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
 * them is done in that order, and the last one who saved counts. Two processes must not save the same id: the
 * one that comes late is refused with {@link CheckpointConflictError}.
 *
 * @example
 * await using checkpoint = new WorkflowCheckpoint<{ readonly page: number }>("crawl-7");
 * const { page } = (await checkpoint.load()) ?? { page: 0 };
 * checkpoint.startAutoCheckpoint(() => ({ page: crawler.page }));
 */
export class WorkflowCheckpoint<State = unknown> {
  readonly id: string;
  readonly #states: Checkpoints;
  readonly #clock: Clock;
  readonly #timer: Clock;
  #stopAuto: Cancel = () => {};

  /** @throws {@link RangeError} when the id is empty or an option is out of its range. */
  constructor(id: string, options: WorkflowCheckpointOptions = {}) {
    const { maxCheckpoints: most, clock = backgroundClock } = options;
    if (most !== undefined) wholeNumber("maxCheckpoints", most, 1);
    this.id = id;
    this.#clock = clock;
    this.#timer = options.clock ?? systemClock; // Whoever waits for the end keeps the process alive.
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

  /**
   * The last state that is whole, in the store or in a replica; undefined when there is none. A replica that
   * cannot be asked is reported, and is an error only where no other has a state.
   */
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
    this.#stopAuto();
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

  /** How far the replicas are behind what was saved. */
  replication(): ReplicationLag {
    return this.#states.replication;
  }

  /**
   * Ends the automatic saves; one that is under way is finished. Resolves when the replicas have all that was
   * saved, or the time is over; what they lack then is reported.
   *
   * @param deadline What replicas are waited for. @defaultValue "5s"
   */
  async stop(deadline: Duration = "5s"): Promise<void> {
    const ms = durationMs(deadline);
    this.#stopAuto();
    await this.#states.drain(ms, this.#timer);
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

  /** Ends the automatic saves, and waits for no replica. */
  [Symbol.dispose](): void {
    this.#stopAuto();
  }

  /** As `stop` does. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

function statesOf(
  id: string,
  { store, maxCheckpoints, replicateTo = [], clock = backgroundClock }: WorkflowCheckpointOptions,
): Checkpoints {
  const runtime = defaultRuntime();
  return new Checkpoints({
    id,
    store: store ?? runtime.stateStore(),
    replicateTo,
    clock,
    maxCheckpoints: () => maxCheckpoints ?? runtime.settings.checkpointing.maxCheckpoints,
    report: reportError,
  });
}
