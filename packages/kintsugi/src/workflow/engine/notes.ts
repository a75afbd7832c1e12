/** What a run keeps of itself besides its steps: its attributes, its patches, how much it has told. */

import { type Change, update } from "../../store/index.ts";
import type { Attributes } from "../run-types.ts";
import { type RunRow, runs } from "../tables.ts";
import { attributeChanges, withAttributes } from "./attributes.ts";

export class Notes {
  /** Events that the code has emitted. */
  emitted = 0;
  readonly #row: RunRow;
  /** The answers that `ctx.patched` has given. */
  readonly #patches = new Map<string, boolean>();
  #attributes: Attributes | null;

  constructor(row: RunRow) {
    this.#row = row;
    this.#attributes = row.attributes;
  }

  get attributes(): Attributes | null {
    return this.#attributes;
  }

  /** Adds to its attributes. Returns what is to be written. */
  tag(attributes: Attributes): readonly Change[] {
    this.#attributes = withAttributes(this.#attributes, attributes);
    const change = update(runs, [this.#row.id], { attributes: this.#attributes });
    return [change, ...attributeChanges(this.#row, attributes)];
  }

  /** The answer to `ctx.patched`; undefined when it is true and has to be recorded. */
  patchKnown(name: string, wasHereBefore: boolean): boolean | undefined {
    const known = this.#patches.get(name);
    if (known !== undefined) return known;
    this.#patches.set(name, !wasHereBefore);
    return wasHereBefore ? false : undefined;
  }
}
