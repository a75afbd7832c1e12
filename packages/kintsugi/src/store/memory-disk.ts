/** What a memory store writes to: it outlives the store, as a disk outlives a process. */

import type { EncodedFact } from "./changes.ts";
import type { Cells, TableShape } from "./table-shape.ts";

export interface MemoryTable {
  readonly shape: TableShape;
  /** Rows by the text of their key. */
  readonly rows: Map<string, Cells>;
}

/** A pretended disk. One store has it at a time: the one that was opened last. */
export interface MemoryDisk {
  /** What the next writes meet. */
  condition: "well" | "full" | "broken";
  /** Changes that still find room while it is full. @defaultValue 0 */
  room: number;
  /** @internal */
  readonly tables: Map<string, MemoryTable>;
  /** Kept facts, oldest first; their ids follow each other. @internal */
  facts: { id: number; fact: EncodedFact }[];
  /** Source ids of facts that were taken in, oldest first. @internal */
  readonly sourceIds: Set<string>;
  /** The store that has it. @internal */
  owner: symbol | undefined;
}

export const memoryDisk = (): MemoryDisk => ({
  condition: "well",
  room: 0,
  tables: new Map(),
  facts: [],
  sourceIds: new Set(),
  owner: undefined,
});
