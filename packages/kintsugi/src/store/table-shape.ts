/**
 * What the adapters know of a table, worked out once: its columns in order, and how a row becomes
 * cells and cells a row. Both stores keep the same cells, so that they read alike.
 */

import { StoreUsageError } from "./errors.ts";
import { toJsonText } from "./json-text.ts";
import type { AnyTable, Cell, ColumnType } from "./port.ts";

/** A row, or a part of one, as cells. Never changed once made. */
export type Cells = readonly Cell[];

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** The version of the table that brought it. */
  readonly since: number;
  /** What rows hold that are older than the column. */
  readonly initial: Cell;
  readonly isKey: boolean;
}

export interface TableShape {
  readonly name: string;
  readonly version: number;
  readonly columns: readonly Column[];
  /** Where a column stands, by its name. */
  readonly position: ReadonlyMap<string, number>;
  /** Positions of the columns that name a row. */
  readonly key: readonly number[];
  /** Positions of the columns of each index. */
  readonly indexes: readonly (readonly number[])[];
}

/** Some columns of a row. `mask` is the sum of 2 ** position: the name of this set of columns. */
export interface CellSet {
  readonly mask: number;
  readonly positions: readonly number[];
  readonly cells: Cells;
}

/** A sum of more powers of two would no longer be exact. */
const MAX_COLUMNS = 50;

/** 16 Mi characters. SQLite takes a gigabyte; a journal that does should have been a file. */
const MAX_TEXT_LENGTH = 2 ** 24;

const NO_CELLS: CellSet = { mask: 0, positions: [], cells: [] };

/**
 * Works out a table's shape.
 *
 * @throws {@link StoreUsageError} when the declaration cannot be a table.
 */
export function shapeOf(table: AnyTable): TableShape {
  checkName(table.name, "Table");
  if (/^(kintsugi|sqlite)_/i.test(table.name)) refuse(table.name, "is a name that the store keeps");
  checkVersion(table.name, "version", table.version);

  const names = Object.keys(table.columns);
  if (names.length > MAX_COLUMNS) refuse(table.name, `has more than ${MAX_COLUMNS} columns`);
  if (new Set(names.map((name) => name.toLowerCase())).size < names.length) {
    refuse(table.name, "has two columns whose names differ only in case");
  }
  const position = new Map(names.map((name, index) => [name, index]));
  const comparable = (name: string, use: string): number => {
    const at = position.get(name);
    if (at === undefined) return refuse(`${table.name}.${name}`, `is no column, but ${use}`);
    if (table.columns[name]?.type !== "json") return at;
    return refuse(`${table.name}.${name}`, `is json, which is not compared, but ${use}`);
  };

  if (table.key.length < 1 || table.key.length > 2)
    refuse(table.name, "needs one or two key columns");
  return {
    name: table.name,
    version: table.version,
    columns: names.map((name) => columnOf(table, name)),
    position,
    key: table.key.map((name) => comparable(name, "is in the key")),
    indexes: (table.indexes ?? []).map((index) =>
      index.map((name) => comparable(name, "is in an index")),
    ),
  };
}

/**
 * The shapes of a store's tables.
 *
 * @throws {@link StoreUsageError} when one cannot be a table, or two have one name.
 */
export function shapesOf(tables: readonly AnyTable[]): readonly TableShape[] {
  const names = new Set<string>();
  for (const { name } of tables) {
    if (names.has(name.toLowerCase())) refuse(name, "is the name of two tables");
    names.add(name.toLowerCase());
  }
  return tables.map(shapeOf);
}

/** A whole row as cells, in the order of the columns. A field that is missing is null. */
export function encodeRow(shape: TableShape, row: object): Cells {
  const fields = row as Readonly<Record<string, unknown>>;
  refuseUnknown(shape, fields);
  return shape.columns.map((column) => encodeField(shape, column, fields[column.name]));
}

/** The fields that are given, as cells; those that are undefined are not. */
export function encodePart(shape: TableShape, part: object | undefined): CellSet {
  if (part === undefined) return NO_CELLS;
  const fields = part as Readonly<Record<string, unknown>>;
  refuseUnknown(shape, fields);
  const positions: number[] = [];
  const cells: Cell[] = [];
  let mask = 0;
  for (const [index, column] of shape.columns.entries()) {
    const value = fields[column.name];
    if (value === undefined) continue;
    mask += 2 ** index;
    positions.push(index);
    cells.push(encodeField(shape, column, value));
  }
  return { mask, positions, cells };
}

/** What names a row, as cells. */
export function encodeKey(shape: TableShape, key: readonly Cell[]): Cells {
  if (key.length === shape.key.length) {
    return shape.key.map((at, index) => encodeField(shape, columnAt(shape, at), key[index]));
  }
  return refuse(shape.name, `has a key of ${shape.key.length} columns, got ${key.length} values`);
}

/**
 * One value as a cell.
 *
 * @throws {@link StoreUsageError} when the column cannot hold it.
 */
export function encodeField(shape: TableShape, column: Column, value: unknown): Cell {
  if (value === undefined || value === null) {
    return column.isKey ? refuseValue(shape, column, value, "a value, as it is in the key") : null;
  }
  switch (column.type) {
    case "text":
      if (typeof value !== "string") return refuseValue(shape, column, value, "text");
      return checkLength(shape, column, storable(value));
    case "integer":
      if (!Number.isSafeInteger(value)) return refuseValue(shape, column, value, "a whole number");
      return (value as number) + 0; // -0 becomes 0: SQLite has only the one.
    case "real":
      if (!Number.isFinite(value)) return refuseValue(shape, column, value, "a finite number");
      return (value as number) + 0;
    case "json":
      return checkLength(shape, column, toJsonText(value, `${shape.name}.${column.name}`));
  }
}

export function decodeRow(shape: TableShape, cells: Cells): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  for (const [index, column] of shape.columns.entries()) {
    const cell = cells[index] ?? null;
    row[column.name] = column.type === "json" && cell !== null ? JSON.parse(cell as string) : cell;
  }
  return row;
}

/** What names the row that these are the cells of. */
export const keyOf = (shape: TableShape, row: Cells): Cells =>
  shape.key.map((position) => row[position] ?? null);

/** A key as text: the same for the same key only. */
export const keyText = (key: Cells): string => JSON.stringify(key);

export function columnAt(shape: TableShape, position: number): Column {
  const column = shape.columns[position];
  if (column === undefined) throw new RangeError(`"${shape.name}" has no column ${position}`);
  return column;
}

export function columnNamed(shape: TableShape, name: string): number {
  return shape.position.get(name) ?? refuse(`${shape.name}.${name}`, "is no column");
}

/** Half of a surrogate pair has no UTF-8: it is kept as U+FFFD, here and in every adapter alike. */
export const storable = (text: string): string =>
  text.isWellFormed() ? text : text.toWellFormed();

function columnOf(table: AnyTable, name: string): Column {
  checkName(name, `Column of "${table.name}"`);
  const { type, since = 1, initial = null } = table.columns[name] as AnyTable["columns"][string];
  const path = `${table.name}.${name}`;
  checkVersion(path, "since", since);
  if (since > table.version)
    refuse(path, `came with version ${since}, the table has ${table.version}`);
  const isKey = table.key.includes(name);
  if (isKey && since > 1) refuse(path, "is in the key, which never changes");
  checkInitial(path, type, initial);
  return { name, type, since, initial, isKey };
}

/** An initial cell is what lies in the column: for json, its text. */
function checkInitial(path: string, type: ColumnType, initial: Cell): void {
  if (initial === null) return;
  const fits = {
    text: () => typeof initial === "string" && initial.isWellFormed(),
    integer: () => Number.isSafeInteger(initial),
    real: () => Number.isFinite(initial),
    json: () => typeof initial === "string" && isJsonText(initial),
  };
  if (!fits[type]()) refuse(path, `cannot begin as ${initial}, for it holds ${type}`);
}

function isJsonText(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false; // What the parser says of it helps nobody: the text is in the declaration.
  }
}

/** Names go into SQL, and are looked up in rows: plain words that no object has by birth. */
function checkName(name: string, what: string): void {
  if (/^[A-Za-z][A-Za-z0-9_]*$/.test(name) && !(name in {})) return;
  refuse(`${what} "${name}"`, "needs a name of letters, digits and _");
}

function checkVersion(path: string, what: string, version: number): void {
  if (!Number.isSafeInteger(version) || version < 1) {
    refuse(path, `needs a ${what} of at least 1, got ${version}`);
  }
}

function refuseUnknown(shape: TableShape, fields: Readonly<Record<string, unknown>>): void {
  for (const name in fields) {
    if (!shape.position.has(name)) refuse(`${shape.name}.${name}`, "is no column");
  }
}

function checkLength(shape: TableShape, column: Column, text: string): string {
  if (text.length <= MAX_TEXT_LENGTH) return text;
  const path = `${shape.name}.${column.name}`;
  return refuse(path, `has ${text.length} characters; at most ${MAX_TEXT_LENGTH} can be stored`);
}

function refuseValue(shape: TableShape, column: Column, value: unknown, need: string): never {
  const got = typeof value === "string" ? `text of ${value.length} characters` : String(value);
  return refuse(`${shape.name}.${column.name}`, `must be ${need}, got ${got}`);
}

function refuse(path: string, problem: string): never {
  throw new StoreUsageError(path, problem);
}
