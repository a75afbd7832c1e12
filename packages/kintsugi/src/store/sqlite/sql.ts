/** The text of statements. Names are checked and quoted; values are always bound. */

import type { CellQuery, Criterion } from "../journal.ts";
import type { Cell, ColumnType } from "../port.ts";
import {
  type CellSet,
  type Cells,
  type Column,
  columnAt,
  type TableShape,
} from "../table-shape.ts";

const SQL_TYPE: Readonly<Record<ColumnType, string>> = {
  text: "TEXT",
  integer: "INTEGER",
  real: "REAL",
  json: "TEXT",
};

export const sqlType = (column: Column): string => SQL_TYPE[column.type];

const quote = (name: string): string => `"${name}"`;

/** Rows lie in the order of their key; STRICT keeps whatever is not of the column's type out. */
export function createTable(shape: TableShape): string {
  const columns = shape.columns.map((column) => {
    const nullness = column.isKey ? " NOT NULL" : "";
    return `${quote(column.name)} ${sqlType(column)}${nullness}`;
  });
  const key = names(shape, shape.key);
  return (
    `CREATE TABLE ${quote(shape.name)} (${columns.join(", ")}, PRIMARY KEY (${key})) ` +
    "WITHOUT ROWID, STRICT"
  );
}

export function addColumn(shape: TableShape, column: Column): string {
  const initial = column.initial === null ? "" : ` DEFAULT ${literal(column.initial)}`;
  const definition = `${quote(column.name)} ${sqlType(column)}${initial}`;
  return `ALTER TABLE ${quote(shape.name)} ADD COLUMN ${definition}`;
}

export function createIndex(shape: TableShape, positions: readonly number[]): string {
  const name = [shape.name, ...positions.map((at) => columnAt(shape, at).name)].join("__");
  const columns = names(shape, positions);
  return `CREATE INDEX IF NOT EXISTS ${quote(name)} ON ${quote(shape.name)} (${columns})`;
}

export function insertRow(shape: TableShape): string {
  const cells = marks(shape.columns.length);
  return `INSERT INTO ${target(shape)} VALUES (${cells}) ON CONFLICT DO NOTHING`;
}

export function putRow(shape: TableShape): string {
  return `INSERT OR REPLACE INTO ${target(shape)} VALUES (${marks(shape.columns.length)})`;
}

/** Bound by the cells to set, the key, and the cells that must still be there. */
export function updateRow(shape: TableShape, set: CellSet, when: CellSet): string {
  // An update of nothing still has to find its row.
  const positions = set.positions.length > 0 ? set.positions : shape.key.slice(0, 1);
  const assignments = positions.map((at) => {
    const name = columnName(shape, at);
    return set.positions.length > 0 ? `${name} = ?` : `${name} = ${name}`;
  });
  const conditions = [
    ...shape.key.map((at) => `${columnName(shape, at)} = ?`),
    ...when.positions.map((at) => `${columnName(shape, at)} IS ?`),
  ];
  const row = conditions.join(" AND ");
  return `UPDATE ${quote(shape.name)} SET ${assignments.join(", ")} WHERE ${row}`;
}

export function deleteRow(shape: TableShape): string {
  return `DELETE FROM ${quote(shape.name)} WHERE ${byKey(shape)}`;
}

export function selectRow(shape: TableShape): string {
  return `SELECT ${allNames(shape)} FROM ${quote(shape.name)} WHERE ${byKey(shape)}`;
}

/** A statement and what is bound to it. */
export interface Bound {
  readonly sql: string;
  readonly cells: Cells;
}

export function selectRows(shape: TableShape, query: CellQuery): Bound {
  const conditions = [whereOf(shape, query.where), afterOf(shape, query)];
  const direction = query.descending ? " DESC" : "";
  const order = query.order.map((at) => columnName(shape, at) + direction).join(", ");
  return {
    sql:
      `SELECT ${allNames(shape)} FROM ${quote(shape.name)}${allOf(conditions)} ` +
      `ORDER BY ${order} LIMIT ?`,
    cells: [...conditions.flatMap(({ cells }) => cells), query.limit],
  };
}

export function countRows(shape: TableShape, where: readonly Criterion[]): Bound {
  const condition = whereOf(shape, where);
  return {
    sql: `SELECT count(*) FROM ${quote(shape.name)}${allOf([condition])}`,
    cells: condition.cells,
  };
}

function whereOf(shape: TableShape, where: readonly Criterion[]): Bound {
  const conditions = where.map((criterion) => anyOf(shape, criterion));
  return {
    sql: conditions.map(({ sql }) => sql).join(" AND "),
    cells: conditions.flatMap(({ cells }) => cells),
  };
}

function anyOf(shape: TableShape, { position, anyOf: wanted }: Criterion): Bound {
  const name = columnName(shape, position);
  const cells = wanted.filter((cell) => cell !== null);
  const orNull = cells.length < wanted.length ? ` OR ${name} IS NULL` : "";
  if (cells.length === 1) return { sql: `(${name} = ?${orNull})`, cells };
  // Lists are filled up to a power of two with what they hold already: so there are few statements.
  const length = cells.length === 0 ? 0 : 2 ** Math.ceil(Math.log2(cells.length));
  const filled = Array.from({ length }, (_, index) => cells[index % cells.length] ?? null);
  return { sql: `(${name} IN (${marks(length)})${orNull})`, cells: filled };
}

/**
 * Rows behind a given one. A comparison of row values with a null in it is never true, and null
 * comes first in SQLite's order: so a null in the first column, which the key never has, is its own
 * case.
 */
function afterOf(shape: TableShape, { order, after, descending }: CellQuery): Bound {
  if (after === undefined) return { sql: "", cells: [] };
  const sign = descending ? "<" : ">";
  const compare = (columns: readonly number[], cells: Cells): string =>
    `(${names(shape, columns)}) ${sign} (${marks(cells.length)})`;
  const first = columnName(shape, order[0] ?? 0);
  if (after[0] !== null) {
    const orNull = descending ? ` OR ${first} IS NULL` : "";
    return { sql: `(${compare(order, after)}${orNull})`, cells: after };
  }
  const rest = after.slice(1);
  const among = `(${first} IS NULL AND ${compare(order.slice(1), rest)})`;
  return { sql: descending ? among : `(${among} OR ${first} IS NOT NULL)`, cells: rest };
}

const allOf = (conditions: readonly Bound[]): string => {
  const given = conditions.map(({ sql }) => sql).filter((sql) => sql !== "");
  return given.length === 0 ? "" : ` WHERE ${given.join(" AND ")}`;
};

const columnName = (shape: TableShape, position: number): string =>
  quote(columnAt(shape, position).name);

const names = (shape: TableShape, positions: readonly number[]): string =>
  positions.map((position) => columnName(shape, position)).join(", ");

const allNames = (shape: TableShape): string =>
  shape.columns.map(({ name }) => quote(name)).join(", ");

const target = (shape: TableShape): string => `${quote(shape.name)} (${allNames(shape)})`;

const byKey = (shape: TableShape): string =>
  shape.key.map((at) => `${columnName(shape, at)} = ?`).join(" AND ");

const marks = (count: number): string => new Array(count).fill("?").join(", ");

/** The one place where a value stands in a statement: the default of a column. */
const literal = (cell: Cell): string =>
  typeof cell === "string" ? `'${cell.replaceAll("'", "''")}'` : String(cell);
