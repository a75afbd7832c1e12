/** Changes as the journals see them: checked, in cells, and no longer the caller's objects. */

import { StoreUsageError } from "./errors.ts";
import { toJsonText } from "./json-text.ts";
import type { AnyTable, Change, Fact, NewFact } from "./port.ts";
import {
  type CellSet,
  type Cells,
  encodeKey,
  encodePart,
  encodeRow,
  storable,
  type TableShape,
} from "./table-shape.ts";

export type EncodedChange =
  | { readonly kind: "insert" | "put"; readonly shape: TableShape; readonly cells: Cells }
  | {
      readonly kind: "update";
      readonly shape: TableShape;
      readonly key: Cells;
      readonly set: CellSet;
      readonly when: CellSet;
    }
  | { readonly kind: "delete"; readonly shape: TableShape; readonly key: Cells }
  | EncodedFact;

export interface EncodedFact {
  readonly kind: "fact";
  readonly type: string;
  readonly atMs: number;
  /** JSON text. */
  readonly payload: string;
  readonly sourceId: string | null;
}

/** The changes of one call of `commit`: they happen together or not at all. */
export type EncodedCommit = readonly EncodedChange[];

/** @throws {@link StoreUsageError} when a change is one that no store can carry. */
export function encodeChange(
  change: Change,
  shapeOf: (table: AnyTable) => TableShape,
): EncodedChange {
  switch (change.kind) {
    case "insert":
    case "put": {
      const shape = shapeOf(change.table);
      return { kind: change.kind, shape, cells: encodeRow(shape, change.row) };
    }
    case "update":
      return encodeUpdate(change, shapeOf(change.table));
    case "delete": {
      const shape = shapeOf(change.table);
      return { kind: "delete", shape, key: encodeKey(shape, change.key) };
    }
    case "fact":
      return encodeFact(change.fact);
  }
}

export function encodeFact(fact: NewFact): EncodedFact {
  if (fact.type === "") throw new StoreUsageError("fact", "needs a type");
  const path = `fact ${fact.type}`;
  if (!Number.isFinite(fact.atMs)) throw new StoreUsageError(path, `happened at ${fact.atMs}`);
  const payload = toJsonText(fact.payload, `${path}.payload`);
  if (payload[0] !== "{") throw new StoreUsageError(`${path}.payload`, "must be an object");
  return {
    kind: "fact",
    type: storable(fact.type),
    atMs: fact.atMs + 0,
    payload,
    sourceId: fact.sourceId === undefined ? null : storable(fact.sourceId),
  };
}

export function decodeFact(
  id: number,
  type: string,
  atMs: number,
  payload: string,
  sourceId: string | null,
): Fact {
  const fact = { id, type, atMs, payload: JSON.parse(payload) as object };
  return sourceId === null ? fact : { ...fact, sourceId };
}

/** Types are names, or prefixes that end with a dot; none at all means every type. */
export const matchesType = (type: string, types: readonly string[]): boolean =>
  types.length === 0 ||
  types.some((wanted) => (wanted.endsWith(".") ? type.startsWith(wanted) : type === wanted));

function encodeUpdate(
  change: Extract<Change, { kind: "update" }>,
  shape: TableShape,
): EncodedChange {
  const set = encodePart(shape, change.set);
  const keyed = set.positions.find((position) => shape.key.includes(position));
  if (keyed !== undefined) {
    const name = shape.columns[keyed]?.name;
    throw new StoreUsageError(`${shape.name}.${name}`, "is in the key, which never changes");
  }
  const when = encodePart(shape, change.when);
  for (const [index, position] of when.positions.entries()) {
    if (shape.columns[position]?.type !== "json" || when.cells[index] === null) continue;
    const name = shape.columns[position]?.name;
    throw new StoreUsageError(`${shape.name}.${name}`, "is json, which is not compared");
  }
  return { kind: "update", shape, key: encodeKey(shape, change.key), set, when };
}
