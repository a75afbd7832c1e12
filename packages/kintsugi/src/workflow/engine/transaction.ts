/** What the code of `ctx.transact` changes: gathered, and written in the commit that records the step. */

import {
  type AnyTable,
  type Cell,
  type Change,
  insert,
  put,
  type Query,
  remove,
  type Store,
  type Table,
  update,
} from "../../store/index.ts";
import { workflowTables } from "../tables.ts";
import type { Transaction } from "../transaction-types.ts";

type Fields = Readonly<Record<string, unknown>>;

const OUR_TABLES: ReadonlySet<string> = new Set(workflowTables.map(({ name }) => name));

export class GatheredTransaction implements Transaction {
  readonly #store: Pick<Store, "get" | "list">;
  /** That what was read is still so, by the name of the row. */
  readonly #guards = new Map<string, Change>();
  /** Rows that were looked for and not there. */
  readonly #missing = new Set<string>();
  /** What the transaction has made of rows, by their names. */
  readonly #made = new Map<string, (before: Fields | undefined) => Fields | undefined>();
  readonly #changes: Change[] = [];
  readonly #changed = new Set<string>();
  #isOpen = true;

  constructor(store: Pick<Store, "get" | "list">) {
    this.#store = store;
  }

  /** Takes no more. Returns what is to be committed: conflicts where something read has changed. */
  close(): readonly Change[] {
    this.#isOpen = false;
    return [...this.#guards.values(), ...this.#changes];
  }

  async get<Row extends object>(
    table: Table<Row>,
    ...key: readonly Cell[]
  ): Promise<Row | undefined> {
    this.#mustBeOpen(table);
    const row = await this.#store.get(table, ...key);
    this.#mustBeOpen(table);
    const name = nameOf(table, key);
    if (row) this.#guard(table, row);
    else this.#missing.add(name);
    const make = this.#made.get(name);
    return make ? (make(row as Fields | undefined) as Row | undefined) : row;
  }

  async list<Row extends object>(table: Table<Row>, query?: Query<Row>): Promise<readonly Row[]> {
    this.#mustBeOpen(table);
    if (this.#changed.has(table.name)) {
      throw new Error(
        `List the rows of "${table.name}" before the transaction changes any of them`,
      );
    }
    const rows = await this.#store.list(table, query);
    this.#mustBeOpen(table);
    for (const row of rows) this.#guard(table, row);
    return rows;
  }

  insert<Row extends object>(table: Table<Row>, row: Row): void {
    this.#change(table, keyOf(table, row), insert(table, row), () => row as Fields);
  }

  put<Row extends object>(table: Table<Row>, row: Row): void {
    const key = keyOf(table, row);
    const isNew = this.#missing.has(nameOf(table, key)) && !this.#made.has(nameOf(table, key));
    // Whoever found nothing here writes over nothing: a row that came since is a conflict.
    this.#change(table, key, isNew ? insert(table, row) : put(table, row), () => row as Fields);
  }

  update<Row extends object>(table: Table<Row>, key: readonly Cell[], set: Partial<Row>): void {
    const make = (before: Fields | undefined): Fields | undefined =>
      before && { ...before, ...set };
    this.#change(table, key, update(table, key, set), make);
  }

  remove<Row extends object>(table: Table<Row>, ...key: readonly Cell[]): void {
    this.#change(table, key, remove(table, ...key), () => undefined);
  }

  #change<Row extends object>(
    table: Table<Row>,
    key: readonly Cell[],
    change: Change,
    make: (before: Fields | undefined) => Fields | undefined,
  ): void {
    this.#mustBeOpen(table);
    const name = nameOf(table, key);
    const before = this.#made.get(name);
    this.#made.set(name, before ? (row) => make(before(row)) : make);
    this.#changed.add(table.name);
    this.#changes.push(change);
  }

  /** An update that changes nothing, and only where the row is as it was read. */
  #guard<Row extends object>(table: Table<Row>, row: Row): void {
    const { columns, key } = table as unknown as AnyTable;
    const fields = row as Fields;
    const compared = Object.keys(columns).filter(
      (column) => columns[column]?.type !== "json" && !key.includes(column),
    );
    if (compared.length === 0) return;
    const when = Object.fromEntries(compared.map((column) => [column, fields[column]]));
    const keyed = keyOf(table, row);
    const guard = update(table, keyed, when as Partial<Row>, when as Partial<Row>);
    this.#guards.set(nameOf(table, keyed), guard);
  }

  #mustBeOpen({ name }: { readonly name: string }): void {
    if (!this.#isOpen) throw new Error("The transaction is over: await all that it reads");
    if (OUR_TABLES.has(name)) throw new RangeError(`"${name}" is a table of the engine`);
  }
}

const keyOf = <Row extends object>({ key }: Table<Row>, row: Row): readonly Cell[] =>
  key.map((column) => row[column] as Cell);

const nameOf = ({ name }: { readonly name: string }, key: readonly Cell[]): string =>
  JSON.stringify([name, ...key]);
