/** The engine in this process: runs are rows of the store, and their code runs here. */

import {
  type Clock,
  type Duration,
  durationMs,
  type ErrorReporter,
  type Listener,
  notify,
  type Random,
  reportError,
  wholeNumber,
} from "@kintsugi/policy/base";

import type { Store } from "../../store/index.ts";
import { historyOf, type RunHistory } from "../history.ts";
import type {
  ForkOptions,
  RewindOptions,
  RunCountFilter,
  RunFilter,
  RunHandle,
  RunRecord,
  RunView,
  StepView,
} from "../run-types.ts";
import { steps } from "../tables.ts";
import type { Workflow } from "../types.ts";
import type { EncryptionOptions } from "../value/keyring.ts";
import { recordedValues } from "../value/recorded-values.ts";
import { Desk } from "./desk.ts";
import { expired } from "./ending.ts";
import { EventFeed } from "./event-feed.ts";
import { EngineRunHandle } from "./handle.ts";
import { Intake, type StartInside } from "./intake.ts";
import { listAll } from "./list-all.ts";
import type { WorkflowMeasure } from "./measure.ts";
import type { Engine } from "./port.ts";
import { type QueueOptions, queueLimits } from "./queues/queue-options.ts";
import { Registry } from "./registry.ts";
import { Results } from "./results.ts";
import { Revival } from "./revival.ts";
import { countRuns, listRuns } from "./run-list.ts";
import { RunPool } from "./run-pool.ts";
import { recordOf } from "./run-record.ts";
import { RunRows } from "./run-rows.ts";
import { Sweeper } from "./sweeper.ts";
import { stepViewOf } from "./views.ts";

export interface EmbeddedEngineOptions {
  /** Must know the tables of `workflow/tables.ts`. */
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /**
   * Runs whose code may run at the same time; the others wait their turn. As many again may wait for
   * time and signals in memory. @defaultValue 1_000
   */
  readonly maxLive?: number;
  /**
   * Queues by name, each with limits of its own; runs name theirs when they are started. There is always one
   * named "default", for runs that name none. @defaultValue only that one, without limits
   */
  readonly queues?: Readonly<Record<string, QueueOptions>>;
  /**
   * Texts of values that have so many characters or more are compressed with zstd: 64 KiB of JSON take
   * 0.2 ms of the event loop, and become a fifth. @defaultValue none are
   */
  readonly compressFrom?: number;
  /**
   * Inputs, results, errors and signals are encrypted; ids, names, progress, and the name and message of
   * the error that a run died of, are not. @defaultValue nothing is
   */
  readonly encryption?: EncryptionOptions;
  /**
   * Whether runs of the workflow of this name go before all others, for instance because they heal
   * what those wait for. Such runs begin at once: they take no place of `maxLive`, and are not held
   * back while a suspect is on trial or the disk is full. They should be few, for nothing bounds how many run. A crash
   * counts against them as against others, and ten in a row make one a dead letter. A child is
   * urgent by its own workflow's name. Asked often: the answer must not change, nor take long.
   * @defaultValue none is
   */
  readonly isUrgent?: (workflowName: string) => boolean;
  /** How long completed and cancelled runs are kept. @defaultValue "30d" */
  readonly retention?: Duration;
  /** How long dead runs are kept, unless they are replayed or discarded. @defaultValue "90d" */
  readonly deadLetterRetention?: Duration;
  /**
   * For development: takes each run that comes to its end along its record once more, and lets it die of
   * a {@link DeterminismError} where the code between steps does not do the same. No step is done twice.
   * @defaultValue false
   */
  readonly replayCheck?: boolean;
  /** For tests whose time stands still while steps work: stands around the code of each step. @defaultValue none */
  readonly aroundStep?: <T>(code: () => Promise<T> | T) => Promise<T> | T;
  /** Hears of steps that ended and of progress; nothing of that is stored. */
  readonly onMeasure?: Listener<WorkflowMeasure>;
  /** Hears of what `onMeasure` throws. @defaultValue the platform's `reportError`, or a warning */
  readonly onListenerError?: ErrorReporter;
  /** Hears, once, that the store is lost and no code runs any more. @defaultValue as above */
  readonly onFatal?: (error: unknown) => void;
}

/** @throws {@link RangeError} when `maxLive`, a limit of a queue, a retention or a key is out of its range. */
export function embeddedEngine(options: EmbeddedEngineOptions): Engine & AsyncDisposable {
  return new EmbeddedEngine(options);
}

class EmbeddedEngine implements Engine {
  readonly name = "embedded";
  readonly can = {
    replayDead: true,
    progress: true,
    fork: true,
    rewind: true,
    history: true,
    discard: true,
  } as const;
  readonly #store: Store;
  readonly #registry = new Registry();
  readonly #pool: RunPool;
  readonly #rows: RunRows;
  readonly #desk: Desk;
  readonly #intake: Intake;
  readonly #revival: Revival;
  readonly #sweeper: Sweeper;

  constructor(options: EmbeddedEngineOptions) {
    const { clock, random, onMeasure, isUrgent = () => false } = options;
    const store = recordedValues(options.store, options);
    const report = options.onListenerError ?? reportError;
    const events = new EventFeed(store);
    const results = new Results((runId) => events.tell(runId));
    const pool = new RunPool({
      store,
      clock,
      random,
      maxLive: wholeNumber("maxLive", options.maxLive ?? 1_000, 1),
      queues: queueLimits(options.queues ?? {}),
      isUrgent,
      registry: this.#registry,
      results,
      events,
      startChild: (workflow, input, more) => this.run(workflow, input, more),
      cancelChild: (id) => this.#desk.cancel(id).catch(() => {}), // Nobody is told of it.
      expire: (id) => this.#desk.stop(id, expired),
      replayCheck: options.replayCheck ?? false,
      aroundStep: options.aroundStep,
      measure: onMeasure && ((measure) => notify(onMeasure, measure, report)),
      onFatal: options.onFatal ?? reportError,
    });
    const rows = new RunRows(store, pool);
    this.#sweeper = new Sweeper({
      store: options.store, // What goes is not read: a record that cannot be must not be in the way.
      clock,
      registry: this.#registry,
      retentionMs: durationMs(options.retention ?? "30d"),
      deadLetterRetentionMs: durationMs(options.deadLetterRetention ?? "90d"),
      failed: (error) => {
        if (!pool.isLost(error)) report(error);
      },
    });
    this.#store = store;
    this.#pool = pool;
    this.#rows = rows;
    this.#desk = new Desk({ store, clock, pool, rows, results, events });
    this.#intake = new Intake({ store, clock, random, pool, rows, isUrgent });
    const cancel = (runId: string): Promise<void> => this.#desk.cancel(runId);
    this.#revival = new Revival({ store, clock, random, pool, rows, cancel });
  }

  register(workflow: Workflow<never, unknown>): void {
    if (this.#registry.add(workflow)) this.#pool.queued(workflow.name);
  }

  start(): Promise<void> {
    this.#sweeper.open();
    return this.#pool.open();
  }

  async run<Input, Output>(
    workflow: Workflow<Input, Output>,
    input: Input,
    options: StartInside = {},
  ): Promise<RunHandle<Output>> {
    this.#pool.mustBeOpen();
    this.register(workflow);
    const id = await this.#intake.take(workflow, input, options);
    return new EngineRunHandle(id, this.#desk);
  }

  async handle(id: string): Promise<RunHandle<unknown> | undefined> {
    return (await this.#rows.find(id)) && new EngineRunHandle(id, this.#desk);
  }

  async get(id: string): Promise<RunView | undefined> {
    const row = await this.#rows.find(id);
    return row && this.#rows.view(row);
  }

  async list(filter: RunFilter = {}): Promise<readonly RunView[]> {
    const rows = await listRuns(this.#store, filter);
    return Promise.all(rows.map((row) => this.#rows.view(row)));
  }

  count(filter: RunCountFilter = {}): Promise<number> {
    return countRuns(this.#store, filter);
  }

  async steps(runId: string, limit: number): Promise<readonly StepView[]> {
    const newest = { where: { runId }, descending: true, limit };
    return (await this.#store.list(steps, newest)).map(stepViewOf).reverse();
  }

  async record(id: string): Promise<RunRecord | undefined> {
    const row = await this.#rows.find(id);
    return row && recordOf(this.#store, row, await this.#rows.view(row));
  }

  discard(id: string, why: string): Promise<void> {
    return this.#revival.discard(id, why);
  }

  async history(runId: string): Promise<RunHistory> {
    const row = await this.#rows.get(runId);
    return historyOf(row, await listAll(this.#store, steps, { where: { runId } }));
  }

  async replay(id: string): Promise<RunHandle<unknown>> {
    await this.#revival.replay(id);
    return new EngineRunHandle(id, this.#desk);
  }

  async fork(id: string, options: ForkOptions): Promise<RunHandle<unknown>> {
    return new EngineRunHandle(await this.#revival.fork(id, options), this.#desk);
  }

  async rewind(id: string, options: RewindOptions): Promise<RunHandle<unknown>> {
    await this.#revival.rewind(id, options);
    return new EngineRunHandle(id, this.#desk);
  }

  stop(): Promise<void> {
    this.#sweeper.close();
    return this.#pool.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
