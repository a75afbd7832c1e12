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

/** Names with commas between. */
export function statusesOf<Status extends string>(
  text: string | undefined,
  known: readonly Status[],
): { readonly status?: readonly Status[] } {
  if (text === undefined) return {};
  const status = text.split(",").map((each) => statusOf(each, known).status as Status);
  return { status: [...new Set(status)] };
}

/** Epoch milliseconds, or a date and time as ISO 8601 writes it. */
export function momentOf<Name extends string>(
  name: Name,
  text: string | undefined,
): { readonly [Key in Name]?: number } {
  if (text === undefined) return {};
  const ms = /^\d+$/.test(text) ? Number(text) : isoMs(text);
  if (Number.isSafeInteger(ms)) return { [name]: ms } as { readonly [Key in Name]: number };
  throw badRequest(
    `${name} must be epoch milliseconds or a date such as 2026-01-31T12:00:00Z, got "${text}"`,
  );
}

const isoMs = (text: string): number =>
  /^\d{4}-\d\d-\d\d(T\d\d:\d\d.*)?$/.test(text) ? Date.parse(text) : Number.NaN;

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
