/** Reads the body of a request; what is not as it should be is refused with what was expected. */

import { badRequest } from "./refusal.ts";

/** What names a run must fit into an address. */
export const LONGEST_NAME = 512;

/** Why somebody does something is a sentence, not a letter. */
export const LONGEST_WHY = 500;

/** The fields of the body, which has no others. No body at all is one without fields. */
export function fieldsOf<Name extends string>(
  body: unknown,
  shape: string,
  ...known: readonly Name[]
): { readonly [Key in Name]?: unknown } {
  if (body === undefined || body === null) return {};
  const isMap = typeof body === "object" && !Array.isArray(body);
  const isKnown = isMap && Object.keys(body).every((key) => known.some((each) => each === key));
  if (isKnown) return body as { readonly [Key in Name]?: unknown };
  throw badRequest(`The body must be ${shape}`);
}

export function textField(value: unknown, shape: string, longest: number): string {
  if (typeof value === "string" && value !== "" && value.length <= longest) return value;
  throw badRequest(`The body must be ${shape}`);
}

/** A step by its number or its name. */
export function stepField(value: unknown, shape: string): number | string {
  return typeof value === "number" ? value : textField(value, shape, LONGEST_NAME);
}
