/**
 * The runs in memory, and the way in and out of it. Their code runs only while the pool is open; a
 * store that is lost closes it for good.
 */

import { type Clock, type Random, RejectedError } from "@kintsugi/policy/base";

import {
  type Change,
  ConflictError,
  type Store,
  StoreClosedError,
  StoreFailedError,
} from "../../store/index.ts";
import { EngineStoppedError, QueueUnknownError } from "../errors.ts";
import { fromColumns, next, type RunState } from "../run-state.ts";
import { type RunRow, type SignalRow, type StepRow, signals, steps } from "../tables.ts";
import type { Workflow } from "../types.ts";
import { Alarm } from "./alarm.ts";
import { RunContext } from "./context.ts";
import { Deadlines } from "./deadlines.ts";
import { DiskRoom } from "./disk-room.ts";
import { dueChanges, letRunChanges } from "./dormant.ts";
import type { EventFeed } from "./event-feed.ts";
import { listAll } from "./list-all.ts";
import { LiveRun } from "./live-run.ts";
import { beginLife, endLife } from "./lives.ts";
import type { WorkflowMeasure } from "./measure.ts";
import { orphansAmong } from "./orphans.ts";
import { Admission, type Seat } from "./queues/admission.ts";
import type { QueueLimits } from "./queues/queue-options.ts";
import type { Registry } from "./registry.ts";
import { replayChecked } from "./replay-check.ts";
import type { Results } from "./results.ts";
import type { AroundStep, RunHost } from "./run-host.ts";

export interface RunPoolOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly maxLive: number;
  readonly queues: ReadonlyMap<string, QueueLimits>;
  readonly isUrgent: (workflow: string) => boolean;
  readonly registry: Registry;
  readonly results: Results;
  readonly events: EventFeed;
  readonly startChild: RunHost["startChild"];
  /** Resolves when that is durable, or came to nothing. */
  readonly cancelChild: (runId: string) => Promise<void>;
  /** Ends a run whose deadline has come. */
  readonly expire: (runId: string) => Promise<unknown>;
  readonly measure: ((measure: WorkflowMeasure) => void) | undefined;
  readonly replayCheck: boolean;
  readonly aroundStep: AroundStep | undefined;
  /** Hears, once, why no code runs any more. */
  readonly onFatal: (error: unknown) => void;
}

/** Room for the events of one life, so that their ids grow from life to life. */
const EVENTS_PER_LIFE = 2 ** 32;

/** Time before a store that took no more is tried again. */
const RETRY_MS = 1_000;

export class RunPool {
  readonly #options: RunPoolOptions;
  readonly #live = new Map<string, LiveRun>();
  /** Those that wait and could be taken out of memory, the longest wait first. */
  readonly #resting = new Set<string>();
  readonly #admission: Admission;
  readonly #alarm: Alarm;
  readonly #deadlines: Deadlines;
  readonly #room: DiskRoom;
  #host: RunHost | undefined;
  #isSpent = false;
  #eventsEmitted = 0;
  #failure: unknown;

  constructor(options: RunPoolOptions) {
    const { store, clock, maxLive, queues, isUrgent, registry } = options;
    const isLive = (runId: string): boolean => this.#live.has(runId);
    const failed = (error: unknown): void => this.#failed(error);
    this.#options = options;
    this.#admission = new Admission({
      store,
      clock,
      maxLive,
      queues,
      workflows: () => registry.names(),
      isUrgent,
      isHeld: () => this.#room.isFull,
      isLive,
      begin: (rows) => this.#begin(rows),
      failed,
    });
    const wake = (rows: readonly RunRow[]): Promise<unknown> => this.wake(this.#notHeld(rows));
    this.#alarm = new Alarm({ clock, store, isLive, wake, failed });
    const { expire } = options;
    this.#deadlines = new Deadlines({ clock, store, expire, failed });
    this.#room = new DiskRoom(store, () => this.#lookAgain());
  }

  /**
   * Returns the life that runs.
   *
   * @throws {@link EngineStoppedError} when none does, or what the store failed of.
   */
  mustBeOpen(): number {
    if (this.#host) return this.#host.life;
    throw this.#failure ?? new EngineStoppedError();
  }

  find(runId: string): LiveRun | undefined {
    return this.#live.get(runId);
  }

  /** Begins a life. A pool has one: what has been in memory is never mixed with what comes next. */
  async open(): Promise<void> {
    if (this.#isSpent) throw new EngineStoppedError();
    this.#isSpent = true;
    const { store, clock } = this.#options;
    this.#host = this.#hostOf(await beginLife(store, clock));
    this.#room.open();
    await this.#admission.open();
    await this.#deadlines.open();
    await this.#alarm.open();
  }

  /** Lets go of all code, and writes that this was in order. */
  async close(): Promise<void> {
    if (!this.#host) return;
    const { life } = this.#host;
    this.#shut(new EngineStoppedError());
    const { store, clock } = this.#options;
    await endLife(store, clock, life);
  }

  // --- the way in --------------------------------------------------------------------------------

  /** When new work of this workflow may begin; undefined when it may now. */
  roomFor(workflow: string): Promise<void> | undefined {
    return this.#options.isUrgent(workflow) ? undefined : this.#room.whenFree();
  }

  /** @throws {@link QueueUnknownError} when there is none of that name. */
  mustHaveQueue(name: string): void {
    if (!this.#admission.knows(name)) throw new QueueUnknownError(name, this.#admission.names);
  }

  /** True when a new run may begin at once; then a place is kept for it. */
  tryEnter(seat: Seat): boolean {
    return this.#admission.tryEnter(seat);
  }

  /** To be committed with the first start of a run. */
  startChanges(seat: Seat, atMs: number): readonly Change[] {
    return this.#admission.startChanges(seat, atMs);
  }

  /** Gives back a place that was kept for a run that did not come to be. */
  leave(seat: Seat): void {
    if (!this.#live.has(seat.id)) this.#admission.left(seat);
  }

  /** Begins a run whose row is durable and says that it may. */
  launch(row: RunRow, workflow: Workflow<never, unknown>): void {
    if (!this.#host || this.#live.has(row.id)) return;
    const run = new LiveRun(row, fromColumns(row), this.#checked(workflow), this.#host);
    this.#live.set(row.id, run);
    void run.execute(new RunContext(run));
  }

  /** A run has to end by then. */
  endsBy(deadlineMs: number): void {
    this.#deadlines.setFor(deadlineMs);
  }

  /** A run waits as a row until then. */
  waits(untilMs: number): void {
    this.#alarm.setFor(untilMs);
  }

  /** There are queued rows of this workflow that were not there before. */
  queued(workflow: string): void {
    this.#admission.queued(workflow);
  }

  /**
   * Queues runs that wait as rows and whose time or signal has come. False when one of them was no
   * longer as it was read.
   */
  async wake(rows: readonly RunRow[]): Promise<boolean> {
    if (rows.length === 0) return true;
    const woken = rows.map((row) => this.#commitUnlessMoved(dueChanges(row)));
    const areAll = (await Promise.all(woken)).every(Boolean);
    for (const workflow of new Set(rows.map((row) => row.workflow))) {
      this.#admission.queued(workflow);
    }
    return areAll;
  }

  /** Takes queued runs into memory and lets them run, once the disk knows of it. */
  async #begin(queued: readonly RunRow[]): Promise<void> {
    if (!this.#host) return;
    const { life } = this.#host;
    const { store, cancelChild } = this.#options;
    const orphans = await orphansAmong(queued, life, store);
    await Promise.all(orphans.map(({ id }) => cancelChild(id)));
    const rows = queued.filter((row) => !orphans.includes(row));
    const atMs = this.#options.clock.epochMs();
    const marks = rows.map((row) => this.#markedRun(row, life, atMs));
    const marked = Promise.allSettled(marks);
    // All are known from here on, and hear of new signals; what is read now is what came before.
    const [history, letters] = await this.#recordsOf(rows.map(({ id }) => id));
    const begun = await marked;
    for (const { value: run } of begun.filter((one) => one.status === "fulfilled")) {
      if (!run || run.isOver) continue;
      run.remember(history.get(run.id) ?? [], letters.get(run.id) ?? []);
      void run.execute(new RunContext(run));
    }
    for (const one of begun) if (one.status === "rejected") throw one.reason;
  }

  /** The run in memory, when the disk knows that it runs. Undefined when it may not run after all. */
  async #markedRun(row: RunRow, life: number, atMs: number): Promise<LiveRun | undefined> {
    const run = this.#takeIn(row);
    let isMarked = false;
    try {
      isMarked =
        run !== undefined &&
        (await this.#commitUnlessMoved([
          ...letRunChanges(row, life, atMs),
          ...this.#admission.startChanges(row, atMs),
        ]));
      return isMarked ? run : undefined;
    } finally {
      if (run && !isMarked) this.#forget(run);
    }
  }

  #takeIn(row: RunRow): LiveRun | undefined {
    const workflow = this.#options.registry.find(row.workflow, row.version);
    if (!workflow || !this.#host) return undefined;
    const state = next(fromColumns(row), { kind: "let run", life: this.#host.life });
    const run = new LiveRun(row, state, this.#checked(workflow), this.#host);
    this.#live.set(row.id, run);
    this.#admission.moved(row, state);
    return run;
  }

  #checked(workflow: Workflow<never, unknown>): Workflow<never, unknown> {
    const { store, clock, replayCheck } = this.#options;
    if (!replayCheck) return workflow;
    const recordedOf = (runId: string): number | undefined => {
      const run = this.#live.get(runId);
      return run?.isOver === false ? run.view().stepsRecorded : undefined;
    };
    return replayChecked(workflow, { store, clock, recordedOf });
  }

  #forget(run: LiveRun): void {
    run.abandon();
    this.#live.delete(run.id);
    this.#resting.delete(run.id);
    this.#admission.left(run.row);
  }

  async #recordsOf(
    runIds: readonly string[],
  ): Promise<[Map<string, StepRow[]>, Map<string, SignalRow[]>]> {
    const { store } = this.#options;
    const records = await Promise.all([
      listAll(store, steps, { where: { runId: runIds } }),
      listAll(store, signals, { where: { runId: runIds } }),
    ]);
    return [byRun(records[0]), byRun(records[1])];
  }

  /** False when the row was no longer as it was read: somebody else has seen to it. */
  async #commitUnlessMoved(changes: readonly Change[]): Promise<boolean> {
    try {
      await this.#options.store.commit(changes);
      return true;
    } catch (error) {
      if (error instanceof ConflictError) return false;
      throw error;
    }
  }

  // --- what runs tell ----------------------------------------------------------------------------

  #hostOf(life: number): RunHost {
    const { store, clock, random, startChild, cancelChild, measure, aroundStep } = this.#options;
    return {
      life,
      aroundStep,
      clock,
      random,
      isMeasured: measure !== undefined,
      store,
      commit: (changes) => store.commit(changes),
      turnOf: (run) => this.#turnOf(run),
      isLost: (error) => this.isLost(error),
      startChild,
      cancelChild: (runId) => void cancelChild(runId),
      nextEventId: () => {
        this.#eventsEmitted += 1;
        return life * EVENTS_PER_LIFE + this.#eventsEmitted;
      },
      emitted: (runId) => this.#options.events.tell(runId),
      moved: (run, state) => this.#moved(run, state),
      rests: (runId) => this.#rests(runId),
      ended: (runId) => this.#ended(runId),
      measure: (one) => measure?.(one),
    };
  }

  /** When code that is in memory may do more: when the disk has room, and its queue lets it. */
  #turnOf(run: RunRow): Promise<void> | undefined {
    const room = this.roomFor(run.workflow);
    return room ? room.then(() => this.#admission.turnOf(run)) : this.#admission.turnOf(run);
  }

  #moved(run: RunRow, state: RunState): void {
    if (state.kind !== "waiting") this.#resting.delete(run.id);
    this.#admission.moved(run, state);
  }

  /** Runs that wait stay in memory as long as there is room; then the oldest go back to being rows. */
  #rests(runId: string): void {
    const state = this.#live.get(runId)?.state;
    if (state?.kind !== "waiting" || state.onChild) return;
    this.#resting.add(runId);
    if (this.#resting.size <= this.#options.maxLive) return;
    const [oldest] = this.#resting;
    const run = this.#live.get(oldest ?? runId);
    if (run?.state.kind !== "waiting") return;
    this.#forget(run);
    this.#alarm.setFor(run.state.wakeAtMs);
  }

  #ended(runId: string): void {
    const row = this.#live.get(runId)?.endRow;
    this.#live.delete(runId);
    if (row) this.#options.results.tell(row);
  }

  /** The queue could not be read or written. An overloaded store says when to try again. */
  #failed(error: unknown): void {
    if (!(error instanceof RejectedError)) {
      this.#lose(error);
      return;
    }
    const { clock } = this.#options;
    clock.after(Math.max(error.retryAfterMs, RETRY_MS), () => this.#lookAgain());
  }

  #lookAgain(): void {
    this.#admission.queued();
    this.#alarm.setFor(this.#options.clock.epochMs());
    this.#deadlines.setFor(this.#options.clock.epochMs());
  }

  #notHeld(rows: readonly RunRow[]): readonly RunRow[] {
    if (!this.#room.isFull) return rows;
    return rows.filter(({ workflow }) => this.#options.isUrgent(workflow));
  }

  /** True when the store is lost: no run may go on, for nothing that it does can be recorded. */
  isLost(error: unknown): boolean {
    const isStoreGone = error instanceof StoreFailedError || error instanceof StoreClosedError;
    if (isStoreGone) this.#lose(error);
    return isStoreGone;
  }

  #lose(error: unknown): void {
    if (!this.#host) return;
    this.#failure = error;
    this.#shut(error);
    this.#options.onFatal(error);
  }

  #shut(reason: unknown): void {
    this.#host = undefined;
    this.#admission.close();
    this.#alarm.close();
    this.#deadlines.close();
    for (const run of this.#live.values()) run.abandon();
    this.#room.close(); // Only now: what it held must find that its run is over.
    this.#live.clear();
    this.#resting.clear();
    this.#options.results.fail(reason);
    this.#options.events.fail(reason);
  }
}

function byRun<Row extends { readonly runId: string }>(rows: readonly Row[]): Map<string, Row[]> {
  return Map.groupBy(rows, ({ runId }) => runId);
}
