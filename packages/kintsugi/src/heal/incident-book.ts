/** All incidents: the open ones in memory, each change compared and set, with its fact, in one commit. */

import type { Clock, Random } from "@kintsugi/policy/base";
import { type Change, fact, insert, remove, type Store, update } from "../store/index.ts";
import { factOfInput, incidentPayload } from "./incident-facts.ts";
import {
  afterInput,
  type Incident,
  type IncidentInput,
  incidentKey,
  isOpen,
  type NewIncident,
  openIncident,
} from "./incident-state.ts";
import { type IncidentRow, incidentTable } from "./tables.ts";

interface IncidentBookOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** Past incidents that are kept; open ones always are. @defaultValue 5_000 */
  readonly maxIncidents?: number;
  /** Hears of each change, after it was committed. */
  readonly onChange: (incident: IncidentRow) => void;
}

/** What a change of an incident brings along. */
export interface ChangeDetails {
  /** When it happened; epoch milliseconds. @defaultValue the clock's time */
  readonly atMs?: number;
  /** The stored fact that brought it. */
  readonly factId?: number;
  /** The event of another process that brought it. */
  readonly source?: string;
  /** A person is to be told. */
  readonly alert?: boolean;
  /** Facts of the same commit that tell what led to it. */
  readonly causes?: readonly Change[];
  /** Further changes of the same commit, that follow from it. */
  readonly changes?: readonly Change[];
}

export interface IncidentFilter {
  readonly status?: IncidentRow["status"];
  readonly component?: string;
  /** @defaultValue 100 */
  readonly limit?: number;
}

const MAX_INCIDENTS = 5_000;
/** How many go at once when there are too many. */
const PRUNED_AT_ONCE = 100;

/** So long an escalated incident takes in what has its key: a person has been told, and once is enough. */
const ESCALATED_TAKES_IN_MS = 600_000;
const MAX_ESCALATED = 1_000;

/** Ids of events that an incident remembers. */
const MAX_SOURCES = 50;
const DEFAULT_LIMIT = 100;

export class IncidentBook {
  readonly #options: IncidentBookOptions;
  readonly #open = new Map<string, IncidentRow>();
  /** The newest escalated one of each key. */
  readonly #escalated = new Map<string, IncidentRow>();
  #total = 0;
  #lastFactId = 0;

  constructor(options: IncidentBookOptions) {
    this.#options = options;
  }

  /** Incidents that are not over, oldest first. */
  get open(): readonly IncidentRow[] {
    return [...this.#open.values()];
  }

  /** The newest stored fact that any incident took in. */
  get lastFactId(): number {
    return this.#lastFactId;
  }

  async load(): Promise<void> {
    const { store } = this.#options;
    this.#total = await store.count(incidentTable);
    const open = await store.list(incidentTable, {
      where: { status: ["opened", "healing", "verifying"] },
      orderBy: "openedAtMs",
    });
    for (const row of open) this.#open.set(row.id, row);
    const escalated = await this.list({ status: "escalated", limit: MAX_ESCALATED });
    for (const row of escalated.toReversed()) this.#escalated.set(row.key, row);
    const [newest] = await store.list(incidentTable, {
      orderBy: "factId",
      descending: true,
      limit: 1,
    });
    this.#lastFactId = newest?.factId ?? 0;
  }

  /** The incident that takes in what has this key: an open one, or one that a person knows of. */
  find(component: string, incidentClass: string): IncidentRow | undefined {
    const key = incidentKey(component, incidentClass);
    const open = this.open.find((row) => row.key === key);
    if (open) return open;
    const escalated = this.#escalated.get(key);
    if (!escalated) return undefined;
    const quietMs = Math.abs(this.#options.clock.epochMs() - escalated.lastAtMs);
    return quietMs < ESCALATED_TAKES_IN_MS ? escalated : undefined;
  }

  /** Opens an incident and takes in the first `inputs`, all in one commit. */
  async openNew(
    given: Omit<NewIncident, "id">,
    inputs: readonly IncidentInput[],
    details: ChangeDetails = {},
  ): Promise<IncidentRow> {
    const { store, clock, random } = this.#options;
    const nowMs = details.atMs ?? clock.epochMs();
    const opened = openIncident({ ...given, id: random.uuid() }, nowMs);
    const { next, facts } = advance(opened, inputs, clock.epochMs());
    const row: IncidentRow = {
      ...next,
      revision: 1,
      alert: details.alert ? "due" : "none",
      factId: details.factId ?? 0,
      sources: details.source === undefined ? [] : [details.source],
    };
    await store.commit([
      ...(details.causes ?? []),
      insert(incidentTable, row),
      fact("incident.opened", clock.epochMs(), incidentPayload(opened)),
      ...facts,
      ...(details.changes ?? []),
    ]);
    this.#total += 1;
    this.#keep(row);
    this.#options.onChange(row);
    await this.#prune();
    return row;
  }

  /**
   * Takes in `inputs` in one commit. Undefined when none of them fits the incident's status.
   *
   * @throws {@link ConflictError} when the row is not as it was read: somebody else wrote it.
   */
  async change(
    row: IncidentRow,
    inputs: readonly IncidentInput[],
    details: ChangeDetails = {},
  ): Promise<IncidentRow | undefined> {
    const { clock } = this.#options;
    const { next, facts } = advance(row, inputs, details.atMs ?? clock.epochMs());
    if (next === row) return undefined;
    const { source, factId = 0 } = details;
    const changed: IncidentRow = {
      ...row,
      ...next,
      revision: row.revision + 1,
      alert: details.alert ? "due" : row.alert,
      factId: Math.max(row.factId, factId),
      sources: source === undefined ? row.sources : [...row.sources, source].slice(-MAX_SOURCES),
    };
    const { causes = [], changes = [] } = details;
    await this.#update(row, changed, [...causes, ...facts, ...changes]);
    this.#options.onChange(changed);
    return changed;
  }

  /** Stores facts that change no incident. */
  note(facts: readonly Change[]): Promise<void> {
    return this.#options.store.commit(facts);
  }

  /** Notes whether a person has been told. */
  async mark(row: IncidentRow, alert: IncidentRow["alert"]): Promise<IncidentRow> {
    const changed = { ...row, revision: row.revision + 1, alert };
    await this.#update(row, changed, []);
    return changed;
  }

  /** How often incidents of this key were resolved since then, up to `limit`. */
  async cures(key: string, sinceMs: number, limit: number): Promise<number> {
    const resolved = await this.#options.store.list(incidentTable, {
      where: { key, status: "resolved" },
      orderBy: "openedAtMs",
      descending: true,
      limit,
    });
    return resolved.filter(({ endedAtMs }) => (endedAtMs ?? 0) >= sinceMs).length;
  }

  /** Newest first. */
  list(filter: IncidentFilter = {}): Promise<readonly IncidentRow[]> {
    const { status, component, limit = DEFAULT_LIMIT } = filter;
    return this.#options.store.list(incidentTable, {
      where: {
        ...(status !== undefined && { status }),
        ...(component !== undefined && { component }),
      },
      orderBy: "openedAtMs",
      descending: true,
      limit,
    });
  }

  /** Incidents with this alert, newest first. */
  alerted(alert: IncidentRow["alert"], limit: number): Promise<readonly IncidentRow[]> {
    return this.#options.store.list(incidentTable, {
      where: { alert },
      orderBy: "openedAtMs",
      descending: true,
      limit,
    });
  }

  get(id: string): Promise<IncidentRow | undefined> {
    return this.#options.store.get(incidentTable, id);
  }

  /** Whether one of the latest incidents of this key took in the event already. */
  async knowsSource(key: string, source: string): Promise<boolean> {
    const latest = await this.#options.store.list(incidentTable, {
      where: { key },
      orderBy: "openedAtMs",
      descending: true,
      limit: MAX_SOURCES,
    });
    return latest.some(({ sources }) => sources.includes(source));
  }

  /** Reads an incident again that somebody else has changed. */
  async reread(id: string): Promise<void> {
    const row = await this.get(id);
    if (row) this.#keep(row);
    else this.#open.delete(id);
  }

  async #update(
    before: IncidentRow,
    after: IncidentRow,
    changes: readonly Change[],
  ): Promise<void> {
    const { id, ...columns } = after;
    const compare = { revision: before.revision };
    await this.#options.store.commit([update(incidentTable, [id], columns, compare), ...changes]);
    this.#keep(after);
  }

  #keep(row: IncidentRow): void {
    if (isOpen(row)) this.#open.set(row.id, row);
    else this.#open.delete(row.id);
    if (row.status === "escalated") this.#keepEscalated(row);
    this.#lastFactId = Math.max(this.#lastFactId, row.factId);
  }

  #keepEscalated(row: IncidentRow): void {
    this.#escalated.delete(row.key);
    this.#escalated.set(row.key, row);
    const [oldest] = this.#escalated.keys();
    if (this.#escalated.size > MAX_ESCALATED && oldest !== undefined) {
      this.#escalated.delete(oldest);
    }
  }

  async #prune(): Promise<void> {
    const { store, maxIncidents = MAX_INCIDENTS } = this.#options;
    if (this.#total <= maxIncidents) return;
    const oldest = await store.list(incidentTable, {
      orderBy: "openedAtMs",
      limit: PRUNED_AT_ONCE,
    });
    const past = oldest.filter((row) => !isOpen(row));
    await store.commit(past.map(({ id }) => remove(incidentTable, id)));
    this.#total -= past.length;
  }
}

function advance(
  from: Incident,
  inputs: readonly IncidentInput[],
  nowMs: number,
): { readonly next: Incident; readonly facts: readonly Change[] } {
  const facts: Change[] = [];
  let next = from;
  for (const input of inputs) {
    const before = next;
    next = afterInput(before, input, nowMs);
    if (next !== before) facts.push(fact(factOfInput[input.kind], nowMs, incidentPayload(next)));
  }
  return { next, facts };
}
