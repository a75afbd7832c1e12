/**
 * Durable state and the log of events. One process writes; everything that is queued in one turn of
 * the event loop becomes one commit, and no promise resolves before that commit is on the disk.
 */

/**
 * What a column holds, null aside: well-formed text of at most 16 Mi characters, a safe integer, a
 * finite number, or any value that JSON can carry. `json` is not compared: it is in no key, index
 * or order.
 */
export type ColumnType = "text" | "integer" | "real" | "json";

export type Cell = string | number | null;

/**
 * A table of one room. Rows are flat objects whose fields are the columns; a field may be null.
 * `version` counts its shapes: a column that a later version adds names the version it came with.
 */
export interface Table<Row extends object> {
  readonly name: string;
  readonly version: number;
  readonly columns: { readonly [Column in keyof Row]-?: ColumnSpec };
  /** One or two columns that name a row. */
  readonly key: readonly (keyof Row & string)[];
  readonly indexes?: readonly (readonly (keyof Row & string)[])[];
}

/** A table of whatever rows; what the adapters see. */
export interface AnyTable {
  readonly name: string;
  readonly version: number;
  readonly columns: Readonly<Record<string, ColumnSpec>>;
  readonly key: readonly string[];
  readonly indexes?: readonly (readonly string[])[];
}

export interface ColumnSpec {
  readonly type: ColumnType;
  /** The version of the table that brought the column. @defaultValue 1 */
  readonly since?: number;
  /** What rows hold that are older than the column; for `json` its text. @defaultValue null */
  readonly initial?: Cell;
}

/** A change; those of one `commit` happen together or not at all. */
export type Change =
  | { readonly kind: "insert"; readonly table: AnyTable; readonly row: object }
  | { readonly kind: "put"; readonly table: AnyTable; readonly row: object }
  | {
      readonly kind: "update";
      readonly table: AnyTable;
      readonly key: readonly Cell[];
      readonly set: object;
      /** Columns that must still hold these values: compare and set. */
      readonly when?: object;
    }
  | { readonly kind: "delete"; readonly table: AnyTable; readonly key: readonly Cell[] }
  | { readonly kind: "fact"; readonly fact: NewFact };

/** Something that happened: `noun.verb`, past tense. */
export interface NewFact {
  readonly type: string;
  readonly atMs: number;
  /** Plain JSON. */
  readonly payload: object;
  /**
   * A fact that was written elsewhere first is taken in once: the second with the same id is
   * dropped, also when the first is no longer kept (the last 100,000 such ids are known).
   */
  readonly sourceId?: string;
}

export interface Fact extends NewFact {
  /** Grows by one with each fact; never used twice. */
  readonly id: number;
}

export interface Query<Row extends object> {
  /** Columns that must equal these values; an array means any of them, null is one like others. */
  readonly where?: { readonly [Column in keyof Row]?: Row[Column] | readonly Row[Column][] };
  /**
   * Null comes first, numbers by size, text by its UTF-8 bytes; the key is always the last
   * criterion.
   * @defaultValue the key
   */
  readonly orderBy?: keyof Row & string;
  /** The very same order backwards, the key as well. @defaultValue false */
  readonly descending?: boolean;
  /** Rows after this one, as `orderBy` and key go: the last row of the page before. */
  readonly after?: Row;
  /** @defaultValue 1,000 */
  readonly limit?: number;
}

export interface Store {
  /**
   * Queues the changes; resolves when they are durable.
   *
   * @throws {@link ConflictError} when an insert meets an existing key, or an update finds no row
   * that fits `when`; then none of this call's changes happened, and those of others are not
   * touched.
   * @throws {@link StoreFailedError} when the disk failed; the store is then closed for good.
   * @throws {@link StoreUsageError} when no store can carry a change; nothing was queued then.
   * @throws {@link StoreOverloadedError} when too much waits already; nothing happened, it may be
   * tried again. On a full disk also for the oldest of more than 1,000 commits of nothing but
   * facts.
   * @throws {@link StoreClosedError} when the store is closed, or closes while the disk is full.
   * While the disk is full the promise waits.
   */
  commit(changes: readonly Change[]): Promise<void>;
  /** What has been committed; what is still queued is not seen. */
  get<Row extends object>(table: Table<Row>, ...key: readonly Cell[]): Promise<Row | undefined>;
  list<Row extends object>(table: Table<Row>, query?: Query<Row>): Promise<readonly Row[]>;
  count<Row extends object>(table: Table<Row>, where?: Query<Row>["where"]): Promise<number>;
  readonly facts: FactLog;
  readonly state: StoreState;
  /** Hears of each change of {@link Store.state}. */
  onState(listener: (state: StoreState) => void): () => void;
  /** Commits what is queued and closes. */
  close(): Promise<void>;
}

/**
 * `full`: start nothing new; what is committed lives on a small reserve, and waits when that is
 * used up. `failed`: the disk lied; stop, restart, re-read.
 */
export type StoreState =
  | { readonly kind: "open" }
  | { readonly kind: "full"; readonly sinceMs: number }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "closed" };

export interface FactLog {
  /** Facts with a greater id, oldest first. `types` are names or prefixes ("incident."). */
  after(
    id: number,
    options?: { limit?: number; types?: readonly string[] },
  ): Promise<readonly Fact[]>;
  /** The newest facts, oldest first. */
  latest(limit: number, types?: readonly string[]): Promise<readonly Fact[]>;
  /** Id of the newest committed fact; 0 when there is none. */
  readonly lastId: number;
  /** Id of the oldest fact that is still kept; 0 when there is none. */
  readonly firstId: number;
  /** Hears of each fact after it was committed, in order. Returns the way to stop listening. */
  subscribe(listener: (fact: Fact) => void): () => void;
}

// --- shorthand for changes ---------------------------------------------------------------------

export const insert = <Row extends object>(table: Table<Row>, row: Row): Change => ({
  kind: "insert",
  table: erase(table),
  row,
});

export const put = <Row extends object>(table: Table<Row>, row: Row): Change => ({
  kind: "put",
  table: erase(table),
  row,
});

export const update = <Row extends object>(
  table: Table<Row>,
  key: readonly Cell[],
  set: Partial<Row>,
  when?: Partial<Row>,
): Change => ({
  kind: "update",
  table: erase(table),
  key,
  set,
  ...(when && { when }),
});

export const remove = <Row extends object>(table: Table<Row>, ...key: readonly Cell[]): Change => ({
  kind: "delete",
  table: erase(table),
  key,
});

export const fact = (type: string, atMs: number, payload: object, sourceId?: string): Change => ({
  kind: "fact",
  fact: { type, atMs, payload, ...(sourceId !== undefined && { sourceId }) },
});

/** Rows are checked where a change is written; behind that line a table is only its columns. */
const erase = <Row extends object>(table: Table<Row>): AnyTable => table as unknown as AnyTable;
