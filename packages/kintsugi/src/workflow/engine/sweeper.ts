/**
 * Removes runs that have been kept long enough, by itself and a little at a time.
 *
 * Ended runs lie in the order in which they ended. A child goes with the run that started it, and a whole
 * family only when each of them has been kept long enough: so no dead letter is lost with its parent. A
 * run of many rows is marked before the first of them goes, for from then on nobody can bring it back.
 */

import type { Cancel, Clock } from "@kintsugi/policy/base";

import {
  type AnyTable,
  type Change,
  ConflictError,
  fact,
  remove,
  type Store,
  type Table,
  update,
} from "../../store/index.ts";
import { type RunRow, runKeys, runs, tablesOfRuns } from "../tables.ts";
import type { Registry } from "./registry.ts";

export interface SweeperOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly registry: Registry;
  /** How long completed and cancelled runs are kept whose workflow does not say it. */
  readonly retentionMs: number;
  /** How long dead runs are kept, at the least. */
  readonly deadLetterRetentionMs: number;
  readonly failed: (error: unknown) => void;
}

/** A start has other work for the disk. */
const FIRST_AFTER_MS = 60_000;

const EVERY_MS = 3_600_000;

/** A sweep is no spinning, however short runs are kept. */
const EVERY_AT_LEAST_MS = 1_000;

/** Rows that are read in one go: each may hold a large input. */
const PAGE = 50;

/** Rows that are removed in one commit. */
const MOST_ROWS = 500;

/** Between two pages the disk and the loop belong to others. */
const PAUSE_MS = 10;

interface Swept {
  runs: number;
  rows: number;
}

/** Rows of all tables that belong to runs: their key begins with the run's id. */
type OwnedRow = { readonly runId: string } & Readonly<Record<string, string | number>>;

export class Sweeper {
  readonly #options: SweeperOptions;
  #cancel: Cancel = () => {};
  #isOpen = false;

  constructor(options: SweeperOptions) {
    this.#options = options;
  }

  open(): void {
    this.#isOpen = true;
    this.#sweepIn(Math.min(FIRST_AFTER_MS, this.#everyMs()));
  }

  close(): void {
    this.#isOpen = false;
    this.#cancel();
  }

  #sweepIn(ms: number): void {
    if (!this.#isOpen) return;
    this.#cancel = this.#options.clock.after(ms, () => void this.#run());
  }

  async #run(): Promise<void> {
    const { store, clock, failed } = this.#options;
    const swept: Swept = { runs: 0, rows: 0 };
    try {
      if (store.state.kind === "open") await this.#sweep(swept);
      const told = fact("runs.swept", clock.epochMs(), swept);
      if (swept.runs > 0 && this.#isOpen) await store.commit([told]);
    } catch (error) {
      if (this.#isOpen) failed(error);
    }
    this.#sweepIn(this.#everyMs());
  }

  async #sweep(swept: Swept): Promise<void> {
    const { store, clock } = this.#options;
    for (const phase of ["swept", "ended"] as const) {
      let after: RunRow | undefined;
      while (this.#isOpen) {
        const page: readonly RunRow[] = await store.list(runs, {
          where: { phase },
          orderBy: "position",
          limit: PAGE,
          ...(after && { after }),
        });
        const old = page.filter(({ position }) => position <= clock.epochMs() - this.#leastMs());
        for (const row of old) if (this.#isOpen) await this.#sweepRow(row, swept);
        if (old.length < PAGE) break;
        after = page.at(-1);
        await this.#pause();
      }
    }
  }

  async #sweepRow(row: RunRow, swept: Swept): Promise<void> {
    if (row.phase === "ended") {
      if (!this.#isDue(row)) return;
      const { store } = this.#options;
      if (row.parentId !== null && (await store.get(runs, row.parentId))) return;
    }
    const family = await this.#familyOf(row);
    // Children first: a crash in between leaves a parent with fewer of them, and no child without one.
    for (const member of family?.toReversed() ?? []) {
      if (this.#isOpen) await this.#remove(member, swept);
    }
  }

  /** The run and all that it started; undefined when one of them is to be kept. */
  async #familyOf(root: RunRow): Promise<readonly RunRow[] | undefined> {
    const family = [slim(root)];
    for (let at = 0; at < family.length; at += 1) {
      let after: RunRow | undefined;
      do {
        const children: readonly RunRow[] = await this.#options.store.list(runs, {
          where: { parentId: family[at]?.id ?? null },
          limit: PAGE,
          ...(after && { after }),
        });
        if (!children.every((child) => child.phase === "swept" || this.#isDue(child))) return;
        family.push(...children.map(slim));
        after = children.length === PAGE ? children.at(-1) : undefined;
      } while (after);
    }
    return family;
  }

  async #remove(row: RunRow, swept: Swept): Promise<void> {
    try {
      await this.#removeRows(row, swept);
      swept.runs += 1;
    } catch (error) {
      // It has come back to life, or its key has gone to another run: the next sweep looks again.
      if (!(error instanceof ConflictError)) throw error;
    }
  }

  async #removeRows(row: RunRow, swept: Swept): Promise<void> {
    const { store } = this.#options;
    const { id, generation } = row;
    const mark = update(runs, [id], { phase: "swept" }, { phase: row.phase, generation });
    let changes: Change[] = [mark];
    for (const table of tablesOfRuns) {
      for await (const page of this.#rowsOf(table, id)) {
        changes.push(...page);
        swept.rows += page.length;
        if (changes.length < MOST_ROWS) continue;
        await store.commit(changes);
        changes = [];
        await this.#pause();
      }
    }
    await store.commit([...changes, ...(await this.#keyOf(row)), remove(runs, id)]);
  }

  async *#rowsOf(table: AnyTable, runId: string): AsyncGenerator<readonly Change[]> {
    const owned = table as unknown as Table<OwnedRow>;
    const [, second = ""] = table.key;
    let after: OwnedRow | undefined;
    do {
      const page: readonly OwnedRow[] = await this.#options.store.list(owned, {
        where: { runId },
        limit: PAGE,
        ...(after && { after }),
      });
      yield page.map((row) => remove(owned, runId, row[second] ?? null));
      after = page.length === PAGE ? page.at(-1) : undefined;
    } while (after);
  }

  async #keyOf({ id: runId, workflow, uniqueKey: key }: RunRow): Promise<readonly Change[]> {
    if (key === null) return [];
    const holder = await this.#options.store.get(runKeys, workflow, key);
    if (holder?.runId !== runId) return [];
    return [update(runKeys, [workflow, key], { runId }, { runId }), remove(runKeys, workflow, key)];
  }

  #isDue(row: RunRow): boolean {
    if (row.phase !== "ended") return false;
    const { clock, registry, retentionMs, deadLetterRetentionMs } = this.#options;
    const own = registry.find(row.workflow, row.version)?.retentionMs;
    const keptMs =
      row.status === "dead" ? Math.max(deadLetterRetentionMs, own ?? 0) : (own ?? retentionMs);
    return (row.endedAtMs ?? row.createdAtMs) <= clock.epochMs() - keptMs;
  }

  /** Whatever ended later than that is kept, whichever workflow it is of. */
  #leastMs(): number {
    const { registry, retentionMs, deadLetterRetentionMs } = this.#options;
    return Math.min(retentionMs, deadLetterRetentionMs, ...registry.retentionsMs());
  }

  #everyMs(): number {
    return Math.max(EVERY_AT_LEAST_MS, Math.min(EVERY_MS, this.#leastMs()));
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#options.clock.after(PAUSE_MS, resolve);
    });
  }
}

/** Families may be large, and what they hold is not looked at. */
const slim = (row: RunRow): RunRow => ({ ...row, input: "", outcome: null });
