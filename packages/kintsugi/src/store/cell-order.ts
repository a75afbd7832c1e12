/** The order of cells: SQLite's own, so that every adapter pages alike. */

import type { Cell } from "./port.ts";
import type { Cells } from "./table-shape.ts";

/** Null first, then numbers by size, then text by its UTF-8 bytes. */
export function compareCells(a: Cell, b: Cell): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  if (typeof a === "number") return typeof b === "number" ? a - b : -1;
  return typeof b === "number" ? 1 : compareText(a, b);
}

/** Compares two rows by the cells at these positions, the first one first. */
export function compareAt(a: Cells, b: Cells, positions: readonly number[]): number {
  for (const position of positions) {
    const order = compareCells(a[position] ?? null, b[position] ?? null);
    if (order !== 0) return order;
  }
  return 0;
}

/**
 * The order of UTF-8 bytes is that of code points. JavaScript compares UTF-16 units, which puts the
 * surrogates of high code points (U+10000 and up) before U+E000..U+FFFF: those two change places.
 */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const unitA = a.charCodeAt(index);
    const unitB = b.charCodeAt(index);
    if (unitA !== unitB) return codePointOrder(unitA) - codePointOrder(unitB);
  }
  return a.length - b.length;
}

const codePointOrder = (unit: number): number => {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
};
