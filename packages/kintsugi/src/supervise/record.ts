/** What is known of one component and has to last: its state, its health, and how both reach the disk. */

import type { Host, ProcessIdentity } from "../host/index.ts";
import { healthFacts, planFacts } from "./component-facts.ts";
import {
  type ComponentInput,
  type ComponentRules,
  type ComponentState,
  nextComponent,
} from "./component-state.ts";
import { type Condition, healthOf } from "./health-state.ts";
import type { Journal } from "./journal.ts";
import { toStoredRestart } from "./restart/restart-state.ts";
import type { ComponentRow } from "./tables.ts";
import type { ComponentKind, ExitView, Health, SupervisionFact } from "./types.ts";

interface RecordOptions {
  readonly name: string;
  readonly kind: ComponentKind;
  readonly fingerprint: string;
  readonly host: Host;
  readonly journal: Journal;
  readonly rules: ComponentRules;
  /** What an earlier supervisor left. */
  readonly state: ComponentState;
  readonly lastExit: ExitView | null;
  /** What health is judged by, beside the state. */
  readonly condition: () => Omit<Condition, "phase" | "failure">;
  /** Tells all after a change of phase or life. */
  readonly onChange: () => void;
}

/**
 * Steps and facts gather until `commit`; what belongs together is one commit, and health is judged
 * once, when all of it has happened.
 */
export class ComponentRecord {
  readonly #options: RecordOptions;
  #state: ComponentState;
  #committed: ComponentState;
  #health: Health = { kind: "degraded", reason: "It has not started yet" };
  #facts: SupervisionFact[] = [];
  lastExit: ExitView | null;
  identity: ProcessIdentity | null = null;
  startedAtMs: number | null = null;
  /** A component that is stopped on purpose is not ill: its health stays as it was. */
  isLeaving = false;

  constructor(options: RecordOptions) {
    this.#options = options;
    this.#state = options.state;
    this.#committed = options.state;
    this.lastExit = options.lastExit;
  }

  get state(): ComponentState {
    return this.#state;
  }

  get health(): Health {
    return this.#health;
  }

  /** Believes what an earlier supervisor knew, so that nothing is news that is none. */
  assumeHealth(health: Health): void {
    this.#health = health;
  }

  /** @param news - a fact that comes before those of what is planned after it */
  step(input: ComponentInput, news?: (after: ComponentState) => SupervisionFact): void {
    const nowMs = this.#options.host.clock.monotonicMs();
    const before = this.#state;
    this.#state = nextComponent(before, input, this.#options.rules, nowMs);
    if (news) this.#facts.push(news(this.#state));
    this.#facts.push(...planFacts(this.#options.name, before, this.#state, nowMs));
  }

  tell(fact: SupervisionFact): void {
    this.#facts.push(fact);
  }

  /** Resolves when it is on the disk; at once when there is nothing new. */
  commit(): Promise<void> {
    const { name, journal, onChange } = this.#options;
    const before = this.#committed;
    const health = this.#judge();
    this.#facts.push(...healthFacts(name, this.#health, health));
    this.#health = health;
    if (this.#state === before && this.#facts.length === 0) return Promise.resolve();

    const facts = this.#facts;
    this.#facts = [];
    this.#committed = this.#state;
    const written = journal.write(this.#row(), facts);
    const isNewLife = this.#state.incarnation !== before.incarnation;
    if (isNewLife || this.#state.phase !== before.phase) onChange();
    return written;
  }

  #judge(): Health {
    if (this.isLeaving) return this.#health;
    const { phase, failure } = this.#state;
    return healthOf({ ...this.#options.condition(), phase, failure });
  }

  #row(): ComponentRow {
    const { name, kind, fingerprint, host } = this.#options;
    const { phase, incarnation, restarts, restart } = this.#state;
    return {
      name,
      kind,
      phase,
      incarnation,
      identity: this.identity,
      fingerprint,
      restart: toStoredRestart(restart, host.clock),
      restarts,
      health: this.#health,
      lastExit: this.lastExit,
      startedAtMs: this.startedAtMs,
    };
  }
}
