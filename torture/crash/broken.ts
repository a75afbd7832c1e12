/**
 * Journals that are broken on purpose, one fault each: the torture must find every one of them, or it
 * would find nothing in ours either.
 */

import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { type Random, seededRandom } from "@kintsugi/policy/base";
import type { Change, Query, SqliteStoreOptions, Store, Table } from "kintsugi/store";
import type { StepContext, WorkflowContext } from "kintsugi/workflow";

/** What of the program a broken journal replaces. */
export interface Broken {
  readonly open?: (options: SqliteStoreOptions) => SqliteStoreOptions;
  readonly store?: (store: Store, seed: string) => Store;
  readonly context?: (ctx: WorkflowContext) => WorkflowContext;
}

/** How long a lazy journal keeps what it has acknowledged. */
const LAZY_MS = 40;

export const brokenJournals: ReadonlyMap<string, Broken> = new Map<string, Broken>([
  ["journals-nothing", { store: (store) => over(store, { commit: without(store, isOfSteps) }) }],
  ["buffers", { store: (store) => over(store, { commit: later(store, isOfSteps) }) }],
  ["acknowledges-early", { store: (store) => over(store, { commit: later(store, isNewRun) }) }],
  ["done-before-effect", { context: doneBeforeEffect }],
  ["runs-again", { store: (store, seed) => over(store, forgetful(store, seededRandom(seed))) }],
  ["counts-crashes", { store: (store) => over(store, { commit: killedByACrash(store) }) }],
  ["swaps", { store: (store) => over(store, { list: outcomesBy(store, swapped) }) }],
  ["torn", { store: (store) => over(store, { list: outcomesBy(store, torn) }) }],
  ["no-lock", { open: withoutLock }],
  ["sync-normal", { open: (options) => ({ ...options, durability: "process" }) }],
  ["sync-off", { open: syncNever }],
]);

type Row = Readonly<Record<string, unknown>>;
type Rows = readonly Row[];

/** The store with some of its calls replaced. */
function over(store: Store, calls: Partial<Store>): Store {
  return {
    commit: (changes) => store.commit(changes),
    get: (table, ...key) => store.get(table, ...key),
    list: (table, query) => store.list(table, query),
    count: (table, where) => store.count(table, where),
    onState: (listener) => store.onState(listener),
    close: () => store.close(),
    get facts() {
      return store.facts;
    },
    get state() {
      return store.state;
    },
    ...calls,
  };
}

const tableOf = (change: Change): string => (change.kind === "fact" ? "" : change.table.name);

const isOfSteps = (change: Change): boolean => tableOf(change) === "steps";

const isNewRun = (change: Change): boolean =>
  change.kind === "insert" && tableOf(change) === "runs";

const without =
  (store: Store, leftOut: (change: Change) => boolean) =>
  (changes: readonly Change[]): Promise<void> =>
    store.commit(changes.filter((change) => !leftOut(change)));

/** Says that it is done before it is, where the commit has such a change in it. */
function later(store: Store, isLazy: (change: Change) => boolean): Store["commit"] {
  let queue: Promise<unknown> = Promise.resolve();
  return async (changes) => {
    if (!changes.some(isLazy)) {
      await queue; // The order of the commits is kept.
      return store.commit(changes);
    }
    const fresh = changes.find(isNewRun);
    if (fresh?.kind === "insert" && (await isThere(store, fresh))) return store.commit(changes);
    queue = queue.then(() => sleep(LAZY_MS)).then(() => store.commit(changes));
  };
}

async function isThere(store: Store, { table, row }: Change & { kind: "insert" }) {
  const { id } = row as { readonly id: string };
  return (await store.get(table as unknown as Table<object>, id)) !== undefined;
}

/** Now and then forgets, at a start, the newest step of a run. */
function forgetful(store: Store, random: Random): Partial<Store> {
  const forget = (rows: Rows): Rows => {
    const newest = rows.findLast((row) => row["kind"] === "step" && row["outcome"] !== null);
    return random.next() < 0.5 ? rows.filter((row) => row !== newest) : rows;
  };
  return {
    list: outcomesBy(store, forget),
    commit: (changes) =>
      store.commit(
        changes.map((change) =>
          isOfSteps(change) && change.kind === "insert" ? { ...change, kind: "put" } : change,
        ),
      ),
  };
}

/** Takes each crash for an attempt that failed. */
function killedByACrash(store: Store): Store["commit"] {
  const died = { status: "dead", phase: "ended", position: 0, deadReason: "failed" };
  return (changes) =>
    store.commit(
      changes.map((change) => {
        if (tableOf(change) !== "runs" || change.kind !== "update") return change;
        const { crashes } = change.set as { readonly crashes?: number };
        return crashes === 1 ? { ...change, set: { ...change.set, ...died } } : change;
      }),
    );
}

/** Changes what the store says of recorded steps. */
function outcomesBy(store: Store, change: (rows: Rows) => Rows): Store["list"] {
  return async <Of extends object>(table: Table<Of>, query?: Query<Of>): Promise<readonly Of[]> => {
    const rows = await store.list(table, query);
    if (table.name !== "steps") return rows;
    const runs = Map.groupBy(rows as unknown as Rows, (row) => row["runId"]);
    return [...runs.values()].flatMap(change) as unknown as readonly Of[];
  };
}

const isResult = (row: Row): boolean =>
  row["kind"] === "step" && row["failed"] === 0 && row["outcome"] !== null;

function swapped(rows: Rows): Rows {
  const [first, second] = rows.filter(isResult);
  if (!first || !second) return rows;
  return rows.map((row) => {
    if (row === first) return { ...row, outcome: second["outcome"] };
    return row === second ? { ...row, outcome: first["outcome"] } : row;
  });
}

/** Half of the newest record, taken for the whole of it. */
function torn(rows: Rows): Rows {
  const newest = rows.findLast(isResult);
  return rows.map((row) => {
    if (row !== newest) return row;
    const text = String(row["outcome"]);
    return {
      ...row,
      outcome: text.replace(
        /^(.*)(".*)".*$/s,
        (_, front: string, last: string) => `${front}${last.slice(0, last.length >> 1)}"`,
      ),
    };
  });
}

/** Writes that a step is done, and does it then. */
function doneBeforeEffect(ctx: WorkflowContext): WorkflowContext {
  const step = async <T>(
    name: string,
    fn: (context: StepContext) => Promise<T> | T,
  ): Promise<T> => {
    let isNew = false;
    const mark = (context: StepContext): StepContext => {
      isNew = true;
      return context;
    };
    let context: StepContext = { attempt: 1, idempotencyKey: name, signal: ctx.signal };
    await ctx.step(name, (given) => {
      context = mark(given);
    });
    return isNew ? fn(context) : ("" as T);
  };
  return new Proxy(ctx, {
    get: (target, key: keyof WorkflowContext) => {
      const value: unknown = key === "step" ? step : target[key];
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** SQLite without its locks: https://sqlite.org/vfs.html#standard_unix_vfses */
function withoutLock(options: SqliteStoreOptions): SqliteStoreOptions {
  const file = pathToFileURL(options.file);
  file.searchParams.set("vfs", "unix-none");
  return { ...options, file: file.href };
}

function syncNever(options: SqliteStoreOptions): SqliteStoreOptions {
  const { exec } = DatabaseSync.prototype;
  DatabaseSync.prototype.exec = function (sql: string): void {
    exec.call(this, sql.replace(/synchronous = \w+/, "synchronous = OFF"));
  };
  return options;
}
