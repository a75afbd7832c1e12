/** Questions as the journals see them: checked and in cells. */

import { wholeNumber } from "@kintsugi/policy/base";

import { StoreUsageError } from "./errors.ts";
import type { CellQuery, Criterion } from "./journal.ts";
import type { Cell, Query } from "./port.ts";
import { columnAt, columnNamed, encodeField, type TableShape } from "./table-shape.ts";

/** A query of whatever rows. */
type AnyQuery = Query<Record<string, unknown>>;

/** Rows of one answer where the question names no limit. */
const DEFAULT_LIMIT = 1_000;

/** @throws {@link StoreUsageError} when the question names what the table has not. */
export function encodeQuery(shape: TableShape, query: AnyQuery): CellQuery {
  const order = orderOf(shape, query.orderBy);
  const { after } = query;
  return {
    where: encodeWhere(shape, query.where),
    order,
    descending: query.descending ?? false,
    after: after && order.map((position) => cellOf(shape, position, after)),
    limit: wholeNumber("limit", query.limit ?? DEFAULT_LIMIT, 0),
  };
}

export function encodeWhere(shape: TableShape, where: AnyQuery["where"]): readonly Criterion[] {
  return Object.entries(where ?? {})
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => {
      const position = columnNamed(shape, name);
      const values: readonly unknown[] = Array.isArray(value) ? value : [value];
      return { position, anyOf: values.map((one) => comparable(shape, position, one)) };
    });
}

function orderOf(shape: TableShape, orderBy: string | undefined): readonly number[] {
  if (orderBy === undefined) return shape.key;
  const first = columnNamed(shape, orderBy);
  if (columnAt(shape, first).type === "json") refuseJson(shape, first);
  return [first, ...shape.key.filter((position) => position !== first)];
}

function cellOf(shape: TableShape, position: number, row: Record<string, unknown>): Cell {
  const column = columnAt(shape, position);
  return encodeField(shape, column, row[column.name]);
}

/** A value to compare with; a key column is never null, and asking whether it is finds nothing. */
function comparable(shape: TableShape, position: number, value: unknown): Cell {
  if (value === null || value === undefined) return null;
  const column = columnAt(shape, position);
  return column.type === "json" ? refuseJson(shape, position) : encodeField(shape, column, value);
}

function refuseJson(shape: TableShape, position: number): never {
  const { name } = columnAt(shape, position);
  throw new StoreUsageError(`${shape.name}.${name}`, "is json, which is not compared");
}
