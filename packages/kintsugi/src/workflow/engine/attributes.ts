/** What runs are found by: names and values, beside the run in a table with an index. */

import { type Change, put } from "../../store/index.ts";
import type { Attributes } from "../run-types.ts";
import { type RunRow, runAttributes } from "../tables.ts";

/** Names that one run may have. */
const MAX_ATTRIBUTES = 32;

const MAX_NAME_LENGTH = 100;
const MAX_TEXT_LENGTH = 500;

/**
 * The attributes of a run with more of them.
 *
 * @throws {@link RangeError} when one cannot be kept, or there are too many.
 */
export function withAttributes(before: Attributes | null, more: Attributes): Attributes {
  for (const [name, value] of Object.entries(more)) check(name, value);
  const all = { ...before, ...more };
  const count = Object.keys(all).length;
  if (count <= MAX_ATTRIBUTES) return all;
  throw new RangeError(`A run has at most ${MAX_ATTRIBUTES} attributes, got ${count}`);
}

export const attributeChanges = (
  { id, createdAtMs }: Pick<RunRow, "id" | "createdAtMs">,
  attributes: Attributes | null,
): readonly Change[] =>
  Object.entries(attributes ?? {}).map(([name, value]) =>
    put(runAttributes, { runId: id, name, value: textOf(value), createdAtMs }),
  );

/** 1 and "1" are two values. */
export const textOf = (value: Attributes[string]): string => JSON.stringify(value);

function check(name: string, value: unknown): void {
  if (name === "" || name.length > MAX_NAME_LENGTH) {
    throw new RangeError(
      `An attribute needs a name of 1 to ${MAX_NAME_LENGTH} characters, got ${name.length}`,
    );
  }
  const fits =
    typeof value === "boolean" ||
    (typeof value === "number" && Number.isFinite(value)) ||
    (typeof value === "string" && value.length <= MAX_TEXT_LENGTH);
  if (fits) return;
  const got = typeof value === "string" ? `text of ${value.length}` : `${typeof value}`;
  throw new RangeError(
    `Attribute "${name}" must be a text of at most ${MAX_TEXT_LENGTH} characters, a finite number` +
      ` or a boolean, got ${got}`,
  );
}
