/**
 * A store whose texts of values are sealed on their way in and opened on their way out. Whoever
 * works with the rows knows nothing of that; a text that moves to another row is sealed anew for it.
 */

import type {
  AnyTable,
  Cell,
  Change,
  FactLog,
  Query,
  Store,
  StoreState,
  Table,
} from "../../store/index.ts";
import { isUnreadable, throwUnreadable } from "./unreadable.ts";

type Fields = Readonly<Record<string, unknown>>;

/** One text of a row, and where it stands. */
export interface SealedPlace {
  readonly table: string;
  readonly key: readonly Cell[];
  readonly column: string;
}

export interface SealedStoreOptions {
  readonly store: Store;
  /** Names of the columns to seal, by the name of the table. */
  readonly columns: ReadonlyMap<string, readonly string[]>;
  readonly close: (text: string, place: SealedPlace) => string;
  /** Never throws: what cannot be opened is noted in its place. */
  readonly open: (sealed: string, place: SealedPlace, row: Fields) => string;
}

export class SealedStore implements Store {
  readonly #options: SealedStoreOptions;
  readonly #store: Store;

  constructor(options: SealedStoreOptions) {
    this.#options = options;
    this.#store = options.store;
  }

  get facts(): FactLog {
    return this.#store.facts;
  }

  get state(): StoreState {
    return this.#store.state;
  }

  onState(listener: (state: StoreState) => void): () => void {
    return this.#store.onState(listener);
  }

  commit(changes: readonly Change[]): Promise<void> {
    let sealed: readonly Change[];
    try {
      sealed = changes.map((change) => this.#seal(change));
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#store.commit(sealed);
  }

  async get<Row extends object>(
    table: Table<Row>,
    ...key: readonly Cell[]
  ): Promise<Row | undefined> {
    const row = await this.#store.get(table, ...key);
    return row && this.#open(table, row);
  }

  async list<Row extends object>(table: Table<Row>, query?: Query<Row>): Promise<readonly Row[]> {
    const rows = await this.#store.list(table, query);
    return this.#options.columns.has(table.name) ? rows.map((row) => this.#open(table, row)) : rows;
  }

  count<Row extends object>(table: Table<Row>, where?: Query<Row>["where"]): Promise<number> {
    return this.#store.count(table, where);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  #seal(change: Change): Change {
    switch (change.kind) {
      case "insert":
      case "put": {
        const { table } = change;
        const row = change.row as Fields;
        const columns = this.#options.columns.get(table.name);
        return columns
          ? { ...change, row: this.#closed(table, row, columns, () => keyIn(table, row)) }
          : change;
      }
      case "update": {
        const { table, key } = change;
        const columns = this.#options.columns.get(table.name);
        const set = change.set as Fields;
        return columns ? { ...change, set: this.#closed(table, set, columns, () => key) } : change;
      }
      case "delete":
      case "fact":
        return change;
    }
  }

  /** The same object where it has none of the columns: most changes of runs have not. */
  #closed(
    table: AnyTable,
    fields: Fields,
    columns: readonly string[],
    keyOf: () => readonly Cell[],
  ): Fields {
    let closed: Record<string, unknown> | undefined;
    for (const column of columns) {
      const text = fields[column];
      if (typeof text !== "string") continue;
      if (isUnreadable(text)) throwUnreadable(text); // Sealed again it would be lost for good.
      closed ??= { ...fields };
      closed[column] = this.#options.close(text, { table: table.name, key: keyOf(), column });
    }
    return closed ?? fields;
  }

  #open<Row extends object>(table: Table<Row>, row: Row): Row {
    const columns = this.#options.columns.get(table.name);
    if (!columns) return row;
    const fields = row as Fields;
    let opened: Record<string, unknown> | undefined;
    for (const column of columns) {
      const text = fields[column];
      if (typeof text !== "string") continue;
      const place = { table: table.name, key: keyIn(table, fields), column };
      opened ??= { ...fields };
      opened[column] = this.#options.open(text, place, fields);
    }
    return (opened as Row | undefined) ?? row;
  }
}

const keyIn = ({ key }: { readonly key: readonly string[] }, row: Fields): readonly Cell[] =>
  key.map((column) => row[column] as Cell);
