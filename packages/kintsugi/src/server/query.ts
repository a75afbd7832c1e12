/** Reads what a request asks for; whatever it does not understand is refused, not passed over. */

import { badRequest } from "./refusal.ts";

const LONGEST_VALUE = 512;
const MOST_ROWS = 1_000;

/** The parameters of a query by name. @throws {@link Refusal} for an unknown one, or one given twice. */
export function parameters<Name extends string>(
  query: unknown,
  ...known: readonly Name[]
): { readonly [Key in Name]?: string } {
  const given = Object.entries(query ?? {});
  for (const [name, value] of given) {
    if (!known.some((each) => each === name)) {
      throw badRequest(`There is no parameter "${name}"; expected ${known.join(", ") || "none"}`);
    }
    if (typeof value !== "string" || value.length > LONGEST_VALUE) {
      throw badRequest(`${name} must be given once, in at most ${LONGEST_VALUE} characters`);
    }
  }
  return Object.fromEntries(given) as { readonly [Key in Name]?: string };
}

export function limitOf(text: string | undefined): { readonly limit?: number } {
  if (text === undefined) return {};
  const limit = Number(text);
  if (/^\d+$/.test(text) && limit >= 1 && limit <= MOST_ROWS) return { limit };
  throw badRequest(`limit must be a whole number from 1 to ${MOST_ROWS}, got "${text}"`);
}

export function statusOf<Status extends string>(
  text: string | undefined,
  known: readonly Status[],
): { readonly status?: Status } {
  if (text === undefined) return {};
  const status = known.find((each) => each === text);
  if (status !== undefined) return { status };
  throw badRequest(`status must be one of ${known.join(", ")}, got "${text}"`);
}

/** The id of the last fact that a client has seen. */
export function lastIdOf(header: unknown): number | undefined {
  if (header === undefined) return undefined;
  const id = Number(header);
  if (/^\d+$/.test(String(header)) && Number.isSafeInteger(id)) return id;
  throw badRequest("Last-Event-ID must be the id of an event, a whole number");
}

const MOST_TYPES = 32;

/** Names of facts or their beginnings, with commas between: `incident.,run.completed`. */
export function typesOf(text: string | undefined): readonly string[] | undefined {
  if (text === undefined) return undefined;
  const types = text.split(",");
  if (types.length <= MOST_TYPES && types.every((type) => /^[a-z.-]{1,64}$/.test(type)))
    return types;
  throw badRequest(
    `types must be at most ${MOST_TYPES} names or beginnings, such as incident.,run.`,
  );
}
