/**
 * Takes in what happens, opens incidents, and brings each to its end. What has to be done next is
 * decided by looking at how things are (`review.ts`), after every fact and sample that may matter and
 * once a second, so that nothing is lost when a fact was missed or the runtime died in between.
 */

import { type Clock, type ErrorReporter, orAborted, toError } from "@kintsugi/policy/base";
import { ConflictError, fact } from "../store/index.ts";
import type { Components } from "../supervise/index.ts";
import type { Engine, RunHandle, Workflow } from "../workflow/index.ts";
import type { Alarm } from "./alarm.ts";
import type { Crash } from "./component-facts.ts";
import type { ChangeDetails, IncidentBook } from "./incident-book.ts";
import {
  afterInput,
  type Incident,
  type IncidentInput,
  incidentKey,
  isOpen,
  isUnderPlaybook,
  type NewIncident,
  openIncident,
} from "./incident-state.ts";
import type { HealingOrder, HealingOutcome } from "./playbooks.ts";
import { nextOf, type ReviewLimits } from "./review.ts";
import { SerialQueue } from "./serial-queue.ts";
import { RUNTIME, type Surroundings } from "./situation.ts";
import type { IncidentRow } from "./tables.ts";
import type { Alert } from "./trigger-watch.ts";
import { playbookSubject, SELF_HEALING, type TrustLedger, type TrustMove } from "./trust-ledger.ts";
import type { TriggerSpec } from "./types.ts";
import { spanText } from "./words.ts";

interface HealingOptions {
  readonly clock: Clock;
  readonly engine: Engine;
  readonly components: Components;
  readonly book: IncidentBook;
  readonly trust: TrustLedger;
  readonly surroundings: Surroundings;
  readonly alarm: Alarm;
  readonly workflows: ReadonlyMap<string, Workflow<HealingOrder, HealingOutcome>>;
  /** The longest that a playbook takes by its own limits, in milliseconds. */
  readonly longestMs: (playbook: string) => number;
  readonly limits: ReviewLimits;
  readonly report: ErrorReporter;
}

/** The end of an earlier runtime, as the watchdog saw it. */
export interface RuntimeDeath {
  readonly kind: "crashed" | "hung";
  /** Epoch milliseconds. */
  readonly atMs: number;
  /** Id of the watchdog's event: the second call with the same one changes nothing. */
  readonly sourceId: string;
  /** How it ended, as a sentence. */
  readonly detail: string;
  /** When the watchdog started it again; epoch milliseconds. */
  readonly restartedAtMs: number;
}

/** What was cured so often in so short a time is not cured: a person has to look at it. */
const MAX_CURES = 3;
const CURES_WITHIN_MS = 600_000;

/** Its incidents are of calls, which have a name but need not have a component. */
const CLASS_OF_CALLS = "error-burst";

const CLASS_OF_TRIGGER: Readonly<Record<TriggerSpec["type"], string>> = {
  "heartbeat-failure": "heartbeat-failure",
  "resource-spike": "memory",
  "error-burst": CLASS_OF_CALLS,
};

export class Healing {
  readonly #options: HealingOptions;
  readonly #queue: SerialQueue;
  readonly #stopping = new AbortController();
  #loading: Promise<void> | undefined;
  #isReviewDue = false;

  constructor(options: HealingOptions) {
    this.#options = options;
    this.#queue = new SerialQueue(options.report);
  }

  /** Takes up what an earlier runtime left open: playbooks are followed on to their ends. */
  start(): Promise<void> {
    return this.#do(async () => {
      const { book, alarm, components } = this.#options;
      await alarm.giveDue();
      for (const row of book.open) {
        const isOfComponent = row.component !== RUNTIME && row.class !== CLASS_OF_CALLS;
        if (isUnderPlaybook(row)) void this.#follow(row);
        else if (isOfComponent && !components.get(row.component)) {
          const why = `${row.component} is no component of this program any more`;
          await this.#apply(row, [{ kind: "suppress", why }]);
        }
      }
    });
  }

  /** Runs that are under way stay unfinished, and resume with the next runtime. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error("The healer stops"));
    await this.#queue.close();
  }

  fired({ trigger, component, summary }: Alert): Promise<void> {
    const { clock, book } = this.#options;
    const incidentClass = CLASS_OF_TRIGGER[trigger.type];
    const { name, type, severity = "high", playbook } = trigger;
    return this.#do(async () => {
      const payload = { trigger: name, type, component, severity, playbook, summary };
      const causes = [fact("trigger.fired", clock.epochMs(), payload)];
      const known = book.find(component, incidentClass);
      if (known) return this.#apply(known, [{ kind: "absorb" }], { causes });
      const given = { component, class: incidentClass, severity, summary, trigger: name, playbook };
      return this.#open(given, [], { causes });
    });
  }

  cleared({ trigger, component }: Alert): Promise<void> {
    const { clock, book } = this.#options;
    return this.#do(async () => {
      const payload = { trigger: trigger.name, type: trigger.type, component };
      await book.note([fact("trigger.cleared", clock.epochMs(), payload)]);
      void this.review();
    });
  }

  /** @param isPast - it happened while no healer listened, and the supervisor may not be up yet */
  crashed(crash: Crash, isPast = false): Promise<void> {
    const { components, book } = this.#options;
    const { component, manner, lastWords, factId, atMs } = crash;
    return this.#do(async () => {
      const view = components.get(component);
      const inputs = afterCrash(view?.phase, isPast, manner);
      const known = book.find(component, "crash");
      if (known) return this.#apply(known, [{ kind: "absorb" }, ...inputs], { factId });
      const lastLine = lastWords === "" ? "" : `: ${lastWords}`;
      const given = {
        component,
        class: "crash",
        severity: "high" as const,
        summary: `${component} ended ${manner}${lastLine}`,
        trigger: null,
        playbook: view?.kind === "kernel" ? "restart_kernel" : "restart_service",
      };
      return this.#open(given, inputs, { factId, atMs });
    });
  }

  /** Somebody stopped the component on purpose: there is nothing to heal any more. */
  stopped(component: string): Promise<void> {
    return this.#do(async () => {
      const why = `${component} was stopped on purpose`;
      for (const row of this.#options.book.open) {
        if (row.component === component) await this.#apply(row, [{ kind: "suppress", why }]);
      }
    });
  }

  runtimeDied(death: RuntimeDeath): Promise<void> {
    const { book } = this.#options;
    const incidentClass = death.kind === "crashed" ? "runtime-crash" : "runtime-hang";
    const { sourceId: source, atMs, restartedAtMs, detail } = death;
    return this.#do(async () => {
      if (await book.knowsSource(incidentKey(RUNTIME, incidentClass), source)) return;
      const act: IncidentInput = {
        kind: "act",
        by: "watchdog",
        name: "restart",
        detail: `restarted after ${spanText(Math.max(0, restartedAtMs - atMs))}`,
        atMs: restartedAtMs,
      };
      const known = book.find(RUNTIME, incidentClass);
      if (known) return this.#apply(known, [{ kind: "absorb" }, act], { source });
      const given = {
        component: RUNTIME,
        class: incidentClass,
        severity: "critical" as const,
        summary: detail,
        trigger: null,
        playbook: null,
      };
      return this.#open(given, [act], { source, atMs });
    });
  }

  runtimeReady(): Promise<void> {
    this.#options.surroundings.runtimeIsReady();
    return this.review();
  }

  /** Looks at all open incidents; asked for again before it begins, it looks once. */
  review(): Promise<void> {
    if (this.#isReviewDue) return Promise.resolve();
    this.#isReviewDue = true;
    const takeUp = (): void => {
      this.#isReviewDue = false;
    };
    return this.#do(async () => {
      const { book, surroundings, limits, clock } = this.#options;
      for (const row of book.open) {
        const next = nextOf(row, surroundings.of(row), limits, clock.epochMs());
        if (next) await this.#apply(row, [next.input], { alert: next.alert });
      }
    }, takeUp);
  }

  /** The action of a playbook is done, and its verification begins. */
  verifying(id: string): Promise<void> {
    return this.#do(async () => {
      const row = this.#options.book.open.find((open) => open.id === id);
      if (row?.status === "healing") await this.#apply(row, [{ kind: "verify" }]);
    });
  }

  isWell(id: string): boolean {
    const { book, surroundings } = this.#options;
    const row = book.open.find((open) => open.id === id);
    return row !== undefined && surroundings.isWell(row);
  }

  /**
   * In its turn, and with everything read that an earlier runtime stored.
   *
   * @param takeUp - called when its turn comes, and also when the queue lets it go
   */
  #do(task: () => Promise<void>, takeUp: () => void = () => {}): Promise<void> {
    return this.#queue.add(async () => {
      takeUp();
      this.#loading ??= this.#load();
      await this.#loading;
      await task();
    }, takeUp);
  }

  async #load(): Promise<void> {
    const { book, trust, surroundings } = this.#options;
    await book.load();
    await trust.load();
    for (const { component, actions } of await book.list({ limit: 1_000 })) {
      for (const { by, atMs } of actions) {
        if (by === "playbook") surroundings.noteAction({ component, atMs });
      }
    }
  }

  async #open(
    given: Omit<NewIncident, "id">,
    inputs: readonly IncidentInput[],
    details: ChangeDetails,
  ): Promise<void> {
    const { book, clock, alarm } = this.#options;
    const nowMs = clock.epochMs();
    const key = incidentKey(given.component, given.class);
    const cures = await book.cures(key, nowMs - CURES_WITHIN_MS, MAX_CURES);
    const handOver: IncidentInput = {
      kind: "escalate",
      why:
        `It came back after it was cured ${cures} times within ${spanText(CURES_WITHIN_MS)}: ` +
        "something else is wrong, and no playbook is started",
    };
    const isIncurable = cures >= MAX_CURES;
    const all = isIncurable ? [handOver] : inputs;
    const move = this.#trustMove(openIncident({ ...given, id: "" }, nowMs), all);
    const row = await book.openNew(given, all, {
      ...details,
      alert: isIncurable,
      changes: move?.changes ?? [],
    });
    move?.keep();
    if (row.alert === "due") await alarm.give(row);
    void this.review();
  }

  async #apply(
    row: IncidentRow,
    inputs: readonly IncidentInput[],
    details: ChangeDetails = {},
  ): Promise<void> {
    const { book, alarm, surroundings } = this.#options;
    const move = this.#trustMove(row, inputs);
    const changes = move?.changes ?? [];
    try {
      const changed = await book.change(row, inputs, { ...details, changes });
      move?.keep();
      if (!changed) return;
      if (details.alert) await alarm.give(changed);
      if (changed.attempts > row.attempts) {
        surroundings.noteAction({ component: changed.component, atMs: changed.statusAtMs });
        void this.#follow(changed);
      }
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      await book.reread(row.id);
    }
  }

  /**
   * Starts the playbook's run, or finds it by its id, and takes in how it ends. One that does not begin
   * or does not end is given up: patience is for the engine, beside what the playbook takes itself.
   */
  async #follow(row: IncidentRow): Promise<void> {
    const { id, component, playbook } = row;
    const run = row.actions.at(-1)?.run ?? "";
    const { clock, engine, limits, longestMs, report } = this.#options;
    const { signal } = this.#stopping;
    const limit = new AbortController();
    const limitMs = limits.patienceMs + longestMs(playbook ?? "");
    const cancelLimit = clock.after(limitMs, () => limit.abort());
    const end = AbortSignal.any([signal, limit.signal]);
    let started: Promise<RunHandle<HealingOutcome>> | undefined;
    let outcome: HealingOutcome;
    try {
      const workflow = this.#options.workflows.get(playbook ?? "");
      if (!workflow) throw new RangeError(`There is no playbook ${playbook} any more`);
      const order: HealingOrder = { incident: id, component };
      started = engine.run(workflow, order, { id: run });
      const handle = await orAborted(started, end);
      outcome = await orAborted(handle.result(end), end);
    } catch (error) {
      if (signal.aborted) return; // The next runtime follows it on.
      if (limit.signal.aborted) {
        // Nobody expects any more what it may do late.
        started?.then((handle) => handle.cancel()).catch(report);
        await this.#do(() => this.#giveUp(id, limitMs));
        return;
      }
      outcome = { cured: false, detail: toError(error).message };
    } finally {
      cancelLimit();
    }
    await this.#do(() => this.#settle(id, outcome));
  }

  async #giveUp(id: string, limitMs: number): Promise<void> {
    const row = this.#options.book.open.find((open) => open.id === id);
    if (!row || !isUnderPlaybook(row)) return; // Old news.
    const why = `Its playbook has not ended within ${spanText(limitMs)}`;
    await this.#apply(row, [{ kind: "escalate", why }], { alert: true });
  }

  async #settle(id: string, { cured, detail }: HealingOutcome): Promise<void> {
    const row = this.#options.book.open.find((open) => open.id === id);
    if (!row || !isUnderPlaybook(row)) return; // Old news.
    if (cured === null) await this.#apply(row, [{ kind: "verify", done: detail }]);
    else await this.#apply(row, [{ kind: cured ? "resolve" : "fail", why: detail }]);
    void this.review();
  }

  /** How the end of an incident moves trust: suppressed ones say nothing about healing. */
  #trustMove(from: Incident, inputs: readonly IncidentInput[]): TrustMove | undefined {
    const { trust, clock } = this.#options;
    const nowMs = clock.epochMs();
    const next = inputs.reduce((row, input) => afterInput(row, input, nowMs), from);
    const isEnd = isOpen(from) && (next.status === "resolved" || next.status === "escalated");
    if (!isEnd) return undefined;
    const last = next.actions.findLast(({ by }) => by === "playbook") ?? next.actions.at(-1);
    const subjects =
      last?.by === "playbook"
        ? [next.component, playbookSubject(last.name), SELF_HEALING]
        : [next.component];
    const isSuccess = next.status === "resolved";
    const actor = last ? `${last.by}_${last.name}` : "no_action";
    return trust.move(subjects, isSuccess, `${actor}_${isSuccess ? "success" : "failure"}`, nowMs);
  }
}

/** What the supervisor does about the crash, by its own rule. */
function afterCrash(
  phase: string | undefined,
  isPast: boolean,
  manner: string,
): readonly IncidentInput[] {
  if (phase === "crash-looping" || phase === "gave-up") return [];
  if (!isPast && (phase === undefined || phase === "stopped")) {
    return [{ kind: "suppress", why: "By its own rule it is not started again" }];
  }
  return [{ kind: "act", by: "supervisor", name: "restart", detail: `it ended ${manner}` }];
}
