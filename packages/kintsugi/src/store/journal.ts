/**
 * The inner port: what a medium must do to be a store. It knows neither queues nor promises; those,
 * the checks and the facts' listeners are the same for every medium, in `journaled-store.ts`.
 */

import type { EncodedCommit, EncodedFact } from "./changes.ts";
import type { ConflictError } from "./errors.ts";
import type { Cell, Fact } from "./port.ts";
import type { Cells, TableShape } from "./table-shape.ts";

/** Calls are synchronous and return when it is done; what they throw is a failed disk. */
export interface Journal {
  /** Names the medium in errors. */
  readonly file: string;
  readonly firstFactId: number;
  readonly lastFactId: number;
  /** Throws a {@link StoreUsageError} when there is no such table. */
  shape(table: { readonly name: string }): TableShape;
  /** Writes the commits in one transaction that is durable on return, or nothing of any of them. */
  write(commits: readonly EncodedCommit[]): Written;
  get(shape: TableShape, key: Cells): Cells | undefined;
  list(shape: TableShape, query: CellQuery): readonly Cells[];
  count(shape: TableShape, where: readonly Criterion[]): number;
  factsAfter(id: number, limit: number, types: readonly string[]): readonly Fact[];
  factsLatest(limit: number, types: readonly string[]): readonly Fact[];
  /** Gives up the room that is kept for a full disk. */
  freeReserve(): void;
  /** Takes it again. False while there is no room for it. */
  takeReserve(): boolean;
  close(): void;
}

export type Written =
  | {
      readonly kind: "written";
      /** Commits that were turned away, by their place; the others happened. */
      readonly conflicts: ReadonlyMap<number, ConflictError>;
      readonly facts: readonly NumberedFact[];
    }
  | { readonly kind: "full" }
  | { readonly kind: "failed"; readonly cause: unknown };

export interface NumberedFact {
  readonly id: number;
  readonly fact: EncodedFact;
}

/** The cell at `position` is one of these; null is a value like others. */
export interface Criterion {
  readonly position: number;
  readonly anyOf: readonly Cell[];
}

/** A question in cells. `order` ends with the key, so that no two rows are equal in it. */
export interface CellQuery {
  readonly where: readonly Criterion[];
  readonly order: readonly number[];
  readonly descending: boolean;
  /** Cells of the row to go on after, as `order` names them. */
  readonly after: Cells | undefined;
  readonly limit: number;
}
