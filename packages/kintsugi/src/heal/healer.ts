/** The healer: from what is measured and what happens, over incidents and playbooks, to trust. */

import {
  type Cancel,
  type Clock,
  type ErrorReporter,
  notify,
  numberBetween,
  type Random,
  reportError,
  wholeNumber,
} from "@kintsugi/policy/base";
import type { Files } from "../host/index.ts";
import type { Fact, Store } from "../store/index.ts";
import type { Components } from "../supervise/index.ts";
import type { Engine } from "../workflow/index.ts";
import { Alarm } from "./alarm.ts";
import { AlertFiles } from "./alert-files.ts";
import { builtInPlaybooks, builtInTriggers } from "./built-in.ts";
import { readCrash, readStopped } from "./component-facts.ts";
import { Healing, type RuntimeDeath } from "./healing.ts";
import { IncidentBook, type IncidentFilter } from "./incident-book.ts";
import { incidentView } from "./incident-facts.ts";
import { compilePlaybook, longestMs, type Playbook, type PlaybookPort } from "./playbooks.ts";
import type { ReviewLimits } from "./review.ts";
import { Surroundings } from "./situation.ts";
import { TriggerWatch } from "./trigger-watch.ts";
import { SELF_HEALING, TrustLedger } from "./trust-ledger.ts";
import type { IncidentView, Notifier, TriggerSpec, TrustView } from "./types.ts";

export interface HealerOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly store: Store;
  /** The embedded engine: the healer does not rest on what it heals. */
  readonly engine: Engine;
  readonly components: Components;
  /** Beside the built-in ones; one of the same name takes the place of the built-in. */
  readonly triggers?: readonly TriggerSpec[];
  /** Beside the built-in ones; one of the same name takes the place of the built-in. */
  readonly playbooks?: readonly Playbook[];
  readonly options?: HealingSettings;
  readonly notifier?: Notifier;
  /** With `alertsFolder`: writes a file for each incident that a person has to see. */
  readonly files?: Files;
  readonly alertsFolder?: string;
  /** Hears of what goes wrong in the healer itself, and of listeners that throw. */
  readonly onError?: ErrorReporter;
}

export interface HealingSettings {
  /** Whether playbooks are started. Incidents are opened all the same. @defaultValue true */
  readonly enabled?: boolean;
  /** Decides and says what it would do, and does nothing. @defaultValue false */
  readonly dryRun?: boolean;
  /** Playbooks that may be started within an hour. @defaultValue 30 */
  readonly actionsPerHour?: number;
  /** Of those, on one component. @defaultValue 10 */
  readonly actionsPerTargetPerHour?: number;
  /** Rest of a component between two playbooks. @defaultValue 10_000 */
  readonly cooldownMs?: number;
  /** Playbooks for one incident, before a person is called; after a crash one. @defaultValue 3 */
  readonly attempts?: number;
  /** Time for health to return after a restart by the supervisor or the watchdog. @defaultValue 30_000 */
  readonly verifyTimeoutMs?: number;
  /** How long an incident may wait before a person is called. @defaultValue 300_000 */
  readonly patienceMs?: number;
}

export interface Healer extends AsyncDisposable {
  /** Takes up open incidents, and begins to listen. The engine must have been started before. */
  start(): Promise<void>;
  /** Playbooks under way stay unfinished, and resume after the next start. Before the engine's stop. */
  stop(): Promise<void>;
  /** A call ended. `atMs` is epoch milliseconds. */
  recordCall(name: string, failed: boolean, atMs: number): void;
  /** An earlier runtime died, and the watchdog started this one. */
  runtimeDied(death: RuntimeDeath): Promise<void>;
  /** This runtime is ready: what its predecessor died of is over. */
  runtimeReady(): Promise<void>;
  readonly incidents: {
    /** Newest first. */
    list(filter?: IncidentFilter): Promise<readonly IncidentView[]>;
    get(id: string): Promise<IncidentView | undefined>;
  };
  /** @param subject - a component, `playbook:<name>`, or the healer itself. @defaultValue "self_healing" */
  trust(subject?: string): TrustView;
  /** Of all that healing has ever been done on or by. */
  trustAll(): readonly TrustView[];
  /** Names, in alphabetical order. */
  playbooks(): readonly string[];
  /** Hears of each change of an incident after it was stored. Returns the way to stop listening. */
  onIncident(listener: (incident: IncidentView) => void): () => void;
}

/** Spans, windows and deadlines are looked at this often; facts and samples are looked at as they come. */
const TICK_MS = 1_000;

/** Crashes that are taken in at the start; more would be old news. */
const MAX_PAST_FACTS = 1_000;

const MAX_LISTENERS = 1_000;

/**
 * @throws {@link RangeError} when a setting makes no sense, or a trigger asks for an unknown playbook.
 */
export function createHealer(options: HealerOptions): Healer {
  return new PlaybookHealer(options);
}

class PlaybookHealer implements Healer {
  readonly incidents: Healer["incidents"];
  readonly #options: HealerOptions;
  readonly #report: ErrorReporter;
  readonly #listeners = new Set<(incident: IncidentView) => void>();
  readonly #playbooks: readonly Playbook[];
  readonly #watch: TriggerWatch;
  readonly #book: IncidentBook;
  readonly #trust: TrustLedger;
  readonly #healing: Healing;
  #leave: (() => void)[] = [];
  #cancelTick: Cancel = () => {};

  constructor(options: HealerOptions) {
    const { clock, store, components } = options;
    this.#options = options;
    this.#report = options.onError ?? reportError;
    this.#playbooks = byName([...builtInPlaybooks, ...(options.playbooks ?? [])]);
    const triggers = byName([...builtInTriggers, ...(options.triggers ?? [])]);
    checkPlaybooks(triggers, this.#playbooks);
    this.#watch = new TriggerWatch({
      triggers,
      clock,
      onFired: (alert) => void this.#healing.fired(alert),
      onCleared: (alert) => void this.#healing.cleared(alert),
    });
    this.#book = new IncidentBook({ ...options, onChange: (row) => this.#tell(incidentView(row)) });
    this.#trust = new TrustLedger(store);
    const open = () => this.#book.open;
    const surroundings = new Surroundings({ clock, components, watch: this.#watch, open });
    this.#healing = this.#makeHealing(surroundings);
    this.incidents = {
      list: async (filter) => (await this.#book.list(filter)).map(incidentView),
      get: async (id) => {
        const row = await this.#book.get(id);
        return row && incidentView(row);
      },
    };
  }

  async start(): Promise<void> {
    const { store, components } = this.#options;
    const { lastId } = store.facts;
    this.#leave.push(
      store.facts.subscribe((fact) => this.#hear(fact)),
      components.onSample((sample) => {
        this.#watch.sample(sample);
        this.#reviewIfNeeded();
      }),
    );
    this.#tick();
    await this.#healing.start();
    await this.#takeInPast(lastId);
  }

  async stop(): Promise<void> {
    this.#cancelTick();
    for (const leave of this.#leave.splice(0)) leave();
    await this.#healing.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  recordCall(name: string, failed: boolean, atMs: number): void {
    this.#watch.call(name, failed, atMs);
  }

  runtimeDied(death: RuntimeDeath): Promise<void> {
    return this.#healing.runtimeDied(death);
  }

  runtimeReady(): Promise<void> {
    return this.#healing.runtimeReady();
  }

  trust(subject = SELF_HEALING): TrustView {
    return this.#trust.view(subject);
  }

  trustAll(): readonly TrustView[] {
    return this.#trust.all();
  }

  playbooks(): readonly string[] {
    return this.#playbooks.map(({ name }) => name).toSorted();
  }

  onIncident(listener: (incident: IncidentView) => void): () => void {
    if (this.#listeners.size >= MAX_LISTENERS) {
      throw new RangeError(`A healer has at most ${MAX_LISTENERS} listeners`);
    }
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #makeHealing(surroundings: Surroundings): Healing {
    const { clock, engine, components, notifier, files, alertsFolder } = this.#options;
    const port: PlaybookPort = {
      clock,
      components,
      verifying: ({ incident }) => this.#healing.verifying(incident),
      isWell: ({ incident }) => this.#healing.isWell(incident),
    };
    const workflows = new Map(
      this.#playbooks.map((playbook) => [playbook.name, compilePlaybook(playbook, port)]),
    );
    for (const workflow of workflows.values()) engine.register(workflow);
    const alertFiles =
      files && alertsFolder !== undefined ? new AlertFiles(files, alertsFolder) : undefined;
    const report = this.#report;
    const book = this.#book;
    return new Healing({
      clock,
      engine,
      components,
      book,
      trust: this.#trust,
      surroundings,
      alarm: new Alarm({ book, notifier, files: alertFiles, report }),
      workflows,
      longestMs: (name) => longestMs(this.#playbooks.find((playbook) => playbook.name === name)),
      limits: readSettings(this.#options.options ?? {}),
      report,
    });
  }

  #hear(fact: Fact): void {
    const crash = readCrash(fact);
    if (crash) void this.#healing.crashed(crash);
    const stopped = readStopped(fact);
    if (stopped !== undefined) void this.#healing.stopped(stopped);
    if (fact.type.startsWith("component.") || fact.type === "health.changed") {
      this.#reviewIfNeeded();
    }
  }

  /** Crashes that were stored when the runtime died before their incidents were. */
  async #takeInPast(untilId: number): Promise<void> {
    const { facts } = this.#options.store;
    const limit = MAX_PAST_FACTS;
    const past = await facts.after(this.#book.lastFactId, { limit, types: ["component.exited"] });
    for (const fact of past) {
      const crash = fact.id <= untilId ? readCrash(fact) : undefined;
      if (crash) await this.#healing.crashed(crash, true);
    }
  }

  #reviewIfNeeded(): void {
    if (this.#book.open.length > 0) void this.#healing.review();
  }

  #tick(): void {
    this.#cancelTick = this.#options.clock.after(TICK_MS, () => {
      this.#tick();
      this.#watch.tick();
      this.#reviewIfNeeded();
    });
  }

  #tell(incident: IncidentView): void {
    for (const listener of this.#listeners) notify(listener, incident, this.#report);
  }
}

const byName = <Thing extends { readonly name: string }>(
  things: readonly Thing[],
): readonly Thing[] => [...new Map(things.map((thing) => [thing.name, thing])).values()];

function checkPlaybooks(triggers: readonly TriggerSpec[], playbooks: readonly Playbook[]): void {
  const known = playbooks.map(({ name }) => name).toSorted();
  for (const { name, playbook } of triggers) {
    if (known.includes(playbook)) continue;
    const choice = known.join(", ");
    throw new RangeError(
      `The trigger ${name} asks for the playbook ${playbook}, which is none of: ${choice}`,
    );
  }
}

function readSettings(given: HealingSettings): ReviewLimits {
  return {
    enabled: given.enabled ?? true,
    dryRun: given.dryRun ?? false,
    actionsPerHour: wholeNumber("actionsPerHour", given.actionsPerHour ?? 30, 0),
    actionsPerTargetPerHour: wholeNumber(
      "actionsPerTargetPerHour",
      given.actionsPerTargetPerHour ?? 10,
      0,
    ),
    cooldownMs: wholeNumber("cooldownMs", given.cooldownMs ?? 10_000, 0),
    attempts: numberBetween("attempts", given.attempts ?? 3, 1, 100),
    verifyTimeoutMs: wholeNumber("verifyTimeoutMs", given.verifyTimeoutMs ?? 30_000, 1),
    patienceMs: wholeNumber("patienceMs", given.patienceMs ?? 300_000, 1),
  };
}
