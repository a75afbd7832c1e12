/**
 * Starts runs when their time has come. A run is named after its schedule and its planned time, and the store
 * is told of it only when the run is durable: whatever happens in between, and however many processes look,
 * a planned time has one run.
 */

import { type Cancel, type Clock, type ErrorReporter, RejectedError } from "@kintsugi/policy/base";

import { fact, put, type Store } from "../../store/index.ts";
import type { Engine } from "../engine/port.ts";
import { type Calendar, calendar } from "./cron.ts";
import type { Schedule } from "./define-schedule.ts";
import { dueNow, type ScheduleState } from "./schedule-state.ts";
import { schedules as table } from "./tables.ts";

export interface SchedulerOptions {
  readonly engine: Engine;
  readonly store: Store;
  readonly clock: Clock;
  readonly schedules: readonly Schedule[];
  /** Hears of runs that could not be started; they are tried again. */
  readonly report: ErrorReporter;
}

/** A schedule as screens show it. */
export interface ScheduleView {
  readonly name: string;
  readonly workflow: string;
  readonly cron: string;
  readonly timeZone: string;
  /** Epoch milliseconds; null when no time is planned any more. */
  readonly nextAtMs: number | null;
}

/** The clock on the wall may be moved: nobody sleeps through that for longer. */
const LONGEST_SLEEP_MS = 60_000;

/** Before what failed is tried again. */
const RETRY_MS = 5_000;

interface Entry {
  readonly schedule: Schedule;
  readonly calendar: Calendar;
  state: ScheduleState;
}

export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #entries: Entry[] = [];
  #cancelTimer: Cancel = () => {};
  #isOpen = false;
  #looking: Promise<void> = Promise.resolve();

  /** @throws {@link RangeError} when two schedules have one name. */
  constructor(options: SchedulerOptions) {
    this.#options = options;
    const names = new Set<string>();
    for (const { name } of options.schedules) {
      if (names.has(name)) throw new RangeError(`Two schedules are named "${name}"`);
      names.add(name);
    }
  }

  /** Takes up what an earlier process had seen to, and begins. */
  async start(): Promise<void> {
    const { store, clock, schedules } = this.#options;
    const nowMs = clock.epochMs();
    for (const schedule of schedules) {
      const row = await store.get(table, schedule.name);
      const isKnown = row?.pattern === patternOf(schedule);
      const state = { seenToMs: isKnown ? row.seenToMs : nowMs };
      if (!isKnown) await this.#keep(schedule, state);
      const { name, cron, timeZone } = schedule;
      this.#entries.push({ schedule, calendar: calendar(name, cron, timeZone), state });
    }
    this.#isOpen = true;
    this.#look();
  }

  list(): readonly ScheduleView[] {
    return this.#entries.map(({ schedule, calendar: times, state }) => {
      const { name, workflow, cron, timeZone } = schedule;
      const nextAtMs = times.after(state.seenToMs) ?? null;
      return { name, workflow: workflow.name, cron, timeZone, nextAtMs };
    });
  }

  /** Starts nothing more. */
  async stop(): Promise<void> {
    this.#isOpen = false;
    this.#cancelTimer();
    await this.#looking;
  }

  #look(): void {
    this.#looking = this.#lookAtAll();
  }

  async #lookAtAll(): Promise<void> {
    const nexts = await Promise.all(this.#entries.map((entry) => this.#lookAt(entry)));
    if (!this.#isOpen || nexts.length === 0) return;
    const nowMs = this.#options.clock.epochMs();
    const waitMs = Math.max(1, Math.min(LONGEST_SLEEP_MS, Math.min(...nexts) - nowMs));
    this.#cancelTimer = this.#options.clock.after(waitMs, () => this.#look());
  }

  /** Gives when to look again. */
  async #lookAt(entry: Entry): Promise<number> {
    const { clock } = this.#options;
    const { schedule } = entry;
    const nowMs = clock.epochMs();
    const due = dueNow(entry.state, entry.calendar, schedule.catchUp, nowMs);
    try {
      for (const atMs of due.starts) await this.#begin(schedule, atMs);
      if (due.state.seenToMs !== entry.state.seenToMs) {
        await this.#keep(schedule, due.state, due.missed);
      }
      entry.state = due.state;
      return due.nextMs ?? Infinity;
    } catch (error) {
      if (this.#isOpen) this.#options.report(error);
      return nowMs + Math.max(RETRY_MS, error instanceof RejectedError ? error.retryAfterMs : 0);
    }
  }

  async #begin({ name, workflow, input, start }: Schedule, atMs: number): Promise<void> {
    const id = `${name}@${new Date(atMs).toISOString()}`;
    await this.#options.engine.run(workflow, input as never, { ...start, id });
  }

  async #keep(schedule: Schedule, { seenToMs }: ScheduleState, missed = 0): Promise<void> {
    const { name, catchUp } = schedule;
    const { store, clock } = this.#options;
    const row = { name, pattern: patternOf(schedule), seenToMs };
    const atMs = clock.epochMs();
    await store.commit([
      put(table, row),
      ...(missed > 0 ? [fact("schedule.missed", atMs, { schedule: name, missed, catchUp })] : []),
    ]);
  }
}

const patternOf = ({ cron, timeZone }: Schedule): string => `${cron} ${timeZone}`;
