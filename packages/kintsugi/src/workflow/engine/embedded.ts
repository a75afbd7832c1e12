/** The engine in this process: runs are rows of the store, and their code runs here. */

import {
  type Clock,
  type ErrorReporter,
  type Listener,
  notify,
  orAborted,
  type Random,
  reportError,
  wholeNumber,
} from "@kintsugi/policy/base";

import { type Change, ConflictError, insert, remove, type Store } from "../../store/index.ts";
import { encode } from "../codec.ts";
import {
  EngineOverloadedError,
  RunIdTakenError,
  RunStatusError,
  RunUnknownError,
  SignalsFullError,
} from "../errors.ts";
import { accepted, next } from "../run-state.ts";
import { type RunRow, runs, type SignalRow, signals, steps } from "../tables.ts";
import type {
  RunFilter,
  RunHandle,
  RunStatus,
  RunView,
  StartOptions,
  StepView,
  Workflow,
} from "../types.ts";
import { checkInput, newRow } from "./accept.ts";
import { cancelChanges, cancelled, replayChanges } from "./dormant.ts";
import { startedFact } from "./facts.ts";
import { EngineRunHandle, type RunDesk } from "./handle.ts";
import { listAll } from "./list-all.ts";
import type { WorkflowMeasure } from "./measure.ts";
import type { Engine } from "./port.ts";
import { Registry } from "./registry.ts";
import { Results } from "./results.ts";
import { RunPool } from "./run-pool.ts";
import { stepViewOf, viewOf } from "./views.ts";

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
   * Whether runs of the workflow of this name go before all others, for instance because they heal
   * what those wait for. Such runs begin at once: they take no place of `maxLive`, and are not held
   * back while a suspect is on trial or the disk is full. They should be few, for nothing bounds how many run. A crash
   * counts against them as against others, and ten in a row make one a dead letter. A child is
   * urgent by its own workflow's name. Asked often: the answer must not change, nor take long.
   * @defaultValue none is
   */
  readonly isUrgent?: (workflowName: string) => boolean;
  /** Hears of steps that ended and of progress; nothing of that is stored. */
  readonly onMeasure?: Listener<WorkflowMeasure>;
  /** Hears of what `onMeasure` throws. @defaultValue the platform's `reportError`, or a warning */
  readonly onListenerError?: ErrorReporter;
  /** Hears, once, that the store is lost and no code runs any more. @defaultValue as above */
  readonly onFatal?: (error: unknown) => void;
}

/** Signals that one run keeps until it asks for them. */
const MAX_SIGNALS = 1_000;

/** Room for the signals of one life of the engine, so that their numbers grow from life to life. */
const SIGNALS_PER_LIFE = 2 ** 32;

/** Runs whose first row is on its way to the disk: a full disk must not fill the memory. */
const MAX_BEING_ACCEPTED = 10_000;

const CHILDREN_PAGE = 256;

const DEFAULT_LIST_LIMIT = 100;

/** @throws {@link RangeError} when `maxLive` is no whole number from 1. */
export function embeddedEngine(options: EmbeddedEngineOptions): Engine & AsyncDisposable {
  return new EmbeddedEngine(options);
}

type StartInside = StartOptions & { readonly parentId?: string };

class EmbeddedEngine implements Engine, RunDesk {
  readonly name = "embedded";
  readonly can = { replayDead: true, progress: true } as const;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #registry = new Registry();
  readonly #results = new Results();
  readonly #pool: RunPool;
  readonly #isUrgent: (workflowName: string) => boolean;
  #signalsSent = 0;
  #beingAccepted = 0;

  constructor(options: EmbeddedEngineOptions) {
    const { store, clock, random, onMeasure } = options;
    const report = options.onListenerError ?? reportError;
    this.#store = store;
    this.#clock = clock;
    this.#random = random;
    this.#isUrgent = options.isUrgent ?? (() => false);
    this.#pool = new RunPool({
      store,
      clock,
      random,
      maxLive: wholeNumber("maxLive", options.maxLive ?? 1_000, 1),
      isUrgent: this.#isUrgent,
      registry: this.#registry,
      results: this.#results,
      startChild: (workflow, input, more) => this.run(workflow, input, more),
      measure: onMeasure && ((measure) => notify(onMeasure, measure, report)),
      onFatal: options.onFatal ?? reportError,
    });
  }

  register(workflow: Workflow<never, unknown>): void {
    if (this.#registry.add(workflow)) this.#pool.queued(workflow.name);
  }

  start(): Promise<void> {
    return this.#pool.open();
  }

  async run<Input, Output>(
    workflow: Workflow<Input, Output>,
    input: Input,
    options: StartInside = {},
  ): Promise<RunHandle<Output>> {
    this.#pool.mustBeOpen();
    this.register(workflow);
    const id = options.id ?? this.#random.uuid();
    if (id === "") throw new RangeError("A run needs an id, got an empty text");
    const live = this.#pool.find(id);
    if (live) return this.#sameRun(live.row, workflow);

    const checked = workflow.input ? await checkInput(workflow, input) : input;
    const isFull = this.#beingAccepted >= MAX_BEING_ACCEPTED;
    if (isFull && !this.#isUrgent(workflow.name)) throw new EngineOverloadedError();
    this.#beingAccepted += 1;
    try {
      const room = this.#pool.roomFor(workflow.name);
      if (room) await room;
      return await this.#accept(id, workflow, checked, options.parentId ?? null);
    } finally {
      this.#beingAccepted -= 1;
    }
  }

  async #accept<Input, Output>(
    id: string,
    workflow: Workflow<Input, Output>,
    input: Input,
    parentId: string | null,
  ): Promise<RunHandle<Output>> {
    const life = this.#pool.mustBeOpen();
    const atMs = this.#clock.epochMs();
    const mayRun = this.#pool.tryEnter(id, workflow.name);
    try {
      const state = mayRun ? next(accepted, { kind: "let run", life }) : accepted;
      const row = newRow({ id, workflow, input, parentId, state, atMs });
      await this.#commit([insert(runs, row), startedFact(row)]);
      if (mayRun) this.#pool.launch(row, workflow);
      else this.#pool.queued(workflow.name);
      return new EngineRunHandle(id, this);
    } catch (error) {
      if (mayRun) this.#pool.leave(id, workflow.name);
      if (!(error instanceof ConflictError)) throw error;
      return this.#sameRun(await this.#rowOf(id), workflow);
    }
  }

  async handle(id: string): Promise<RunHandle<unknown> | undefined> {
    const isKnown = this.#pool.find(id) || (await this.#store.get(runs, id));
    return isKnown ? new EngineRunHandle(id, this) : undefined;
  }

  async get(id: string): Promise<RunView | undefined> {
    const row = this.#pool.find(id)?.row ?? (await this.#store.get(runs, id));
    return row && this.#view(row);
  }

  async list(filter: RunFilter = {}): Promise<readonly RunView[]> {
    const { limit = DEFAULT_LIST_LIMIT, ...where } = filter;
    const query = { where, orderBy: "createdAtMs", descending: true, limit } as const;
    const rows = await this.#store.list(runs, query);
    return Promise.all(rows.map((row) => this.#view(row)));
  }

  count(filter: Omit<RunFilter, "limit"> = {}): Promise<number> {
    return this.#store.count(runs, filter);
  }

  async steps(runId: string, limit: number): Promise<readonly StepView[]> {
    const newest = { where: { runId }, descending: true, limit };
    return (await this.#store.list(steps, newest)).map(stepViewOf).reverse();
  }

  async replay(id: string): Promise<RunHandle<unknown>> {
    this.#pool.mustBeOpen();
    const row = await this.#rowOf(id);
    if (row.status !== "dead") throw new RunStatusError(id, row.status, "be replayed");
    for (const seq of row.culprits ?? []) {
      const childId = (await this.#store.get(steps, id, seq))?.childId;
      const child = childId && (await this.#store.get(runs, childId));
      if (child && child.status === "dead") await this.replay(child.id);
    }
    try {
      await this.#commit(replayChanges(row, this.#clock.epochMs()));
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      throw new RunStatusError(id, "running", "be replayed");
    }
    this.#pool.queued(row.workflow);
    return new EngineRunHandle(id, this);
  }

  stop(): Promise<void> {
    return this.#pool.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  // --- what handles ask for ----------------------------------------------------------------------

  async resultOf(runId: string, signal: AbortSignal | undefined): Promise<unknown> {
    // Asked for before the row is read: the run may end in between.
    const result = this.#results.of(runId);
    if (!this.#pool.find(runId)) {
      const row = await this.#rowOf(runId);
      if (row.status === "running") this.#pool.mustBeOpen();
      this.#results.tell(row);
    }
    return signal ? orAborted(result, signal) : result;
  }

  async statusOf(runId: string): Promise<RunStatus> {
    return (await this.#view(await this.#rowOf(runId))).status;
  }

  async send(runId: string, name: string, payload: unknown): Promise<void> {
    const life = this.#pool.mustBeOpen();
    const text = encode(payload, "payload");
    await this.#mustTakeSignals(runId);
    this.#signalsSent += 1;
    const seq = life * SIGNALS_PER_LIFE + this.#signalsSent;
    const letter = { runId, seq, name, payload: text };
    await this.#commit([insert(signals, letter)]);
    const run = this.#pool.find(runId);
    if (run && !run.isOver) run.deliver(letter);
    else await this.#wakeFor(letter);
  }

  async cancel(runId: string): Promise<void> {
    this.#pool.mustBeOpen();
    const live = this.#pool.find(runId);
    if (live) {
      await live.cancel();
      if (live.endRow?.status !== "cancelled") return;
    } else {
      const row = await this.#rowOf(runId);
      if (row.status !== "running") return;
      if (!(await this.#cancelRow(row))) return this.cancel(runId);
    }
    await this.#cancelChildrenOf(runId);
  }

  /** False when the run has moved on since its row was read. */
  async #cancelRow(row: RunRow): Promise<boolean> {
    const atMs = this.#clock.epochMs();
    // A signal that is on its way to the disk meets the end of the run there: see `#wakeFor`.
    const letters = await listAll(this.#store, signals, { where: { runId: row.id } });
    try {
      await this.#commit(cancelChanges(row, letters, atMs));
    } catch (error) {
      if (error instanceof ConflictError) return false;
      throw error;
    }
    this.#results.tell(cancelled(row, atMs));
    return true;
  }

  async #cancelChildrenOf(parentId: string): Promise<void> {
    const where = { parentId, status: "running" } as const;
    let after: RunRow | undefined;
    do {
      const page: readonly RunRow[] = await this.#store.list(runs, {
        where,
        limit: CHILDREN_PAGE,
        ...(after && { after }),
      });
      await Promise.all(page.map(({ id }) => this.cancel(id)));
      after = page.length === CHILDREN_PAGE ? page.at(-1) : undefined;
    } while (after);
  }

  async #mustTakeSignals(runId: string): Promise<void> {
    const run = this.#pool.find(runId);
    const { status } = run?.view() ?? (await this.#rowOf(runId));
    if (status !== "running") throw new RunStatusError(runId, status, "take signals");
    const kept = run ? run.mail.size : await this.#store.count(signals, { runId });
    if (kept >= MAX_SIGNALS) throw new SignalsFullError(runId, kept);
  }

  /** The run is not in memory: it is taken in again, unless it has ended in the meantime. */
  async #wakeFor(letter: SignalRow): Promise<void> {
    const { runId, seq } = letter;
    const row = await this.#rowOf(runId);
    if (row.phase === "waiting" && !(await this.#pool.wake([row]))) return this.#wakeFor(letter);
    if (row.phase !== "ended") return;
    await this.#commit([remove(signals, runId, seq)]);
    throw new RunStatusError(runId, row.status, "take signals");
  }

  // --- private parts -----------------------------------------------------------------------------

  #sameRun<Output>(row: RunRow, { name }: Workflow<never, Output>): RunHandle<Output> {
    if (row.workflow !== name) throw new RunIdTakenError(row.id, row.workflow, name);
    return new EngineRunHandle(row.id, this);
  }

  async #view(row: RunRow): Promise<RunView> {
    const live = this.#pool.find(row.id);
    if (live) return live.view();
    if (row.phase === "ended" || row.phase === "waiting") return viewOf(row);
    return viewOf({ ...row, stepsRecorded: await this.#store.count(steps, { runId: row.id }) });
  }

  async #rowOf(runId: string): Promise<RunRow> {
    const live = this.#pool.find(runId);
    const row = live ? (live.endRow ?? live.row) : await this.#store.get(runs, runId);
    if (row) return row;
    throw new RunUnknownError(runId);
  }

  async #commit(changes: readonly Change[]): Promise<void> {
    try {
      await this.#store.commit(changes);
    } catch (error) {
      this.#pool.isLost(error); // Whoever called hears of it; the runs must hear of it as well.
      throw error;
    }
  }
}
