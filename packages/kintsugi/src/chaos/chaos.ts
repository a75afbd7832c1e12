/**
 * Faults on purpose, by a plan. Each entry is recorded durably before it happens: a program that is
 * killed by an entry, and started again, goes on with the next one.
 */

import {
  type Cancel,
  type Clock,
  type ErrorReporter,
  numberBetween,
  reportError,
  wholeNumber,
} from "@kintsugi/policy/base";
import type { Host, ProcessIdentity } from "../host/index.ts";
import { fact, insert, type Store, update } from "../store/index.ts";
import type { Components, Fault } from "../supervise/index.ts";
import { Delivery } from "./delivery.ts";
import { type ChaosRow, chaosTable } from "./tables.ts";
import type { ChaosEntry, ChaosFault } from "./types.ts";

export interface ChaosOptions {
  readonly clock: Clock;
  readonly store: Store;
  readonly host: Pick<Host, "processes">;
  readonly components: Components;
  /** Brings a fault frame to a component. @throws when it cannot arrive; then it is tried again. */
  readonly sendFault: (component: string, fault: Fault) => void;
  /** How far a run has come; undefined or null when nothing is known of it. */
  readonly progressOf: (run: string) => Promise<{ readonly done: number } | null | undefined>;
  /** The watchdog's process, for `kill` with the target "watchdog". @defaultValue there is none */
  readonly watchdog?: () => ProcessIdentity | undefined;
  readonly plan: readonly ChaosEntry[];
  /** Nothing happens unless this is true. */
  readonly enabled: boolean;
  /** Hears of faults that could not be brought about. @defaultValue the platform's, or a warning */
  readonly onError?: ErrorReporter;
}

export interface Chaos extends AsyncDisposable {
  /** Records when the plan began, where none has, and goes on with what has not happened yet. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** How often progress is looked at, and what could not happen is tried again. */
const ROUND_MS = 100;

const MAX_ENTRIES = 1_000;

/** @throws {@link RangeError} when an entry makes no sense, or two have one name. */
export function createChaos(options: ChaosOptions): Chaos {
  return new PlannedChaos(options);
}

class PlannedChaos implements Chaos {
  readonly #options: ChaosOptions;
  readonly #delivery: Delivery;
  readonly #report: ErrorReporter;
  /** Entries that have not happened, and when their spans are over, on the monotonic clock. */
  readonly #waiting = new Map<ChaosEntry, number>();
  #cancel: Cancel = () => {};
  #leave: () => void = () => {};
  #round: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: ChaosOptions) {
    checkPlan(options.plan);
    this.#options = options;
    this.#report = options.onError ?? reportError;
    this.#delivery = new Delivery({ ...options, report: this.#report });
  }

  async start(): Promise<void> {
    const { enabled, plan, store } = this.#options;
    if (!enabled || plan.length === 0) return;
    const rows = await this.#begin();
    const firedAtMs = ({ name }: ChaosEntry): number => rows.get(name)?.firedAtMs ?? Infinity;
    for (const entry of plan.toSorted((one, other) => firedAtMs(one) - firedAtMs(other))) {
      const isOver = firedAtMs(entry) < Infinity;
      if (!isOver) this.#waiting.set(entry, this.#dueMs(entry, rows.get(entry.name)));
      // What stands does so for all lives of its target, and of the runtime.
      else if (entry.fault.kind === "fail-calls") this.#happen(entry.fault);
    }
    this.#leave = store.facts.subscribe(({ type }) => {
      if (type === "component.started") this.#plan(0);
    });
    this.#plan(0);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#leave();
    this.#cancel();
    await this.#round;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** All entries get their row; those that are new to the plan begin now. */
  async #begin(): Promise<ReadonlyMap<string, ChaosRow>> {
    const { clock, plan, store } = this.#options;
    const known = await store.list(chaosTable, { limit: 10 * MAX_ENTRIES });
    const rows = new Map(known.map((row) => [row.name, row]));
    const added = plan
      .filter(({ name }) => !rows.has(name))
      .map(({ name }) => ({ name, sinceMs: clock.epochMs(), firedAtMs: null }));
    if (added.length > 0) await store.commit(added.map((row) => insert(chaosTable, row)));
    for (const row of added) rows.set(row.name, row);
    return rows;
  }

  #plan(ms: number): void {
    if (this.#isStopped) return;
    this.#cancel();
    this.#cancel = this.#options.clock.after(ms, () => {
      this.#round ??= this.#doRound().finally(() => {
        this.#round = undefined;
      });
    });
  }

  async #doRound(): Promise<void> {
    try {
      for (const [entry, dueMs] of this.#waiting) {
        if (this.#isStopped) return;
        if ((await this.#isDue(entry, dueMs)) && this.#canHappen(entry.fault)) {
          await this.#fire(entry);
        }
      }
      this.#delivery.bring();
    } catch (error) {
      this.#report(error);
    }
    const waitMs = this.#nextRoundMs();
    if (waitMs !== undefined) this.#plan(waitMs);
  }

  async #isDue({ at }: ChaosEntry, dueMs: number): Promise<boolean> {
    switch (at.kind) {
      case "after":
        return this.#options.clock.monotonicMs() >= dueMs;
      case "progress": {
        const progress = await this.#options.progressOf(at.run);
        return (progress?.done ?? 0) >= at.done;
      }
    }
  }

  /** A wall clock that was set back between two starts makes no wait longer than it is. */
  #dueMs({ at }: ChaosEntry, row: ChaosRow | undefined): number {
    const { clock } = this.#options;
    if (at.kind !== "after") return 0;
    const passedMs = Math.max(0, clock.epochMs() - (row?.sinceMs ?? 0));
    return clock.monotonicMs() + at.ms - passedMs;
  }

  /** A fault waits for its target: a kill that meets nobody would prove nothing. */
  #canHappen({ kind, target }: ChaosFault): boolean {
    if (kind === "kill") return this.#processOf(target) !== undefined;
    return this.#options.components.get(target)?.phase === "running";
  }

  async #fire(entry: ChaosEntry): Promise<void> {
    const { clock, store } = this.#options;
    const nowMs = clock.epochMs();
    const { name, fault } = entry;
    await store.commit([
      update(chaosTable, [name], { firedAtMs: nowMs }, { firedAtMs: null }),
      fact("chaos.fired", nowMs, { name, ...fault }),
    ]);
    this.#waiting.delete(entry);
    this.#happen(fault);
  }

  #happen(fault: ChaosFault): void {
    const { target } = fault;
    switch (fault.kind) {
      case "kill":
        this.#kill(target);
        break;
      case "hang":
        this.#delivery.once(target, { fault: "hang", ms: fault.ms });
        break;
      case "leak":
        this.#delivery.once(target, { fault: "leak", bytesPerSecond: fault.bytesPerSecond });
        break;
      case "crash":
        this.#delivery.once(target, { fault: "crash" });
        break;
      case "fail-calls":
        this.#delivery.always(target, { fault: "fail-calls", rate: fault.rate });
        break;
    }
  }

  #kill(target: string): void {
    const { processes } = this.#options.host;
    const identity = this.#processOf(target);
    const isComponent = target !== "runtime" && target !== "watchdog";
    if (identity) processes.signal(identity, "SIGKILL", isComponent);
  }

  #processOf(target: string): ProcessIdentity | undefined {
    const { host, watchdog, components } = this.#options;
    if (target === "runtime") return host.processes.self;
    if (target === "watchdog") return watchdog?.();
    return components.get(target)?.identity ?? undefined;
  }

  /** Undefined when nothing is left but to hear of new lives. */
  #nextRoundMs(): number | undefined {
    if (this.#delivery.isWaiting) return ROUND_MS;
    const nowMs = this.#options.clock.monotonicMs();
    const waits = [...this.#waiting.values()].map((dueMs) => Math.max(ROUND_MS, dueMs - nowMs));
    return waits.length === 0 ? undefined : Math.min(...waits);
  }
}

function checkPlan(plan: readonly ChaosEntry[]): void {
  numberBetween("entries of the chaos plan", plan.length, 0, MAX_ENTRIES);
  const names = new Set<string>();
  for (const { name, at, fault } of plan) {
    if (names.has(name)) throw new RangeError(`Two entries of the chaos plan are named ${name}`);
    names.add(name);
    const option = (field: string): string => `${field} of the chaos entry ${name}`;
    if (at.kind === "after") wholeNumber(option("ms"), at.ms, 0);
    else wholeNumber(option("done"), at.done, 0);
    if (fault.kind === "hang") wholeNumber(option("ms"), fault.ms, 1);
    if (fault.kind === "leak") {
      wholeNumber(option("bytesPerSecond"), fault.bytesPerSecond, 1);
    }
    if (fault.kind === "fail-calls") numberBetween(option("rate"), fault.rate, 0, 1);
  }
}
