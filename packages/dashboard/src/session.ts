/** From the one-time code in the address to a session that this tab keeps. */

import type { Fetch, Shelf } from "./browser.ts";
import type { LockedWhy } from "./page-state.ts";

export interface SessionOptions {
  readonly fetch: Fetch;
  /** Of this tab: `sessionStorage` is bound to the origin with its port, as a cookie is not. */
  readonly shelf: Shelf;
  /** `#code=...` or empty. */
  readonly fragment: string;
  /** Takes the code out of the address bar and the history. */
  readonly clearFragment: () => void;
}

export type Session =
  | { readonly kind: "open"; readonly token: string }
  | { readonly kind: "locked"; readonly why: LockedWhy }
  /** Nobody answered; the code may still be good. */
  | { readonly kind: "unreachable"; readonly code: string };

/** The server could not write the session down, and the code is used up. */
const UNSTORED = "KINTSUGI_SESSION_UNSTORED";

const KEY = "kintsugi.session";

/** A code in the address comes first: whoever opened it wants that session. */
export async function openSession(options: SessionOptions): Promise<Session> {
  const code = new URLSearchParams(options.fragment.replace(/^#/, "")).get("code");
  if (code === null) return keptSession(options.shelf) ?? { kind: "locked", why: "no-code" };
  options.clearFragment();
  return exchange(code, options);
}

/** Gives the code away for a session. A tab that has one already keeps it when the code is refused. */
export async function exchange(
  code: string,
  { fetch, shelf }: Pick<SessionOptions, "fetch" | "shelf">,
): Promise<Session> {
  // No answer, or one that is no JSON, is told below: the runtime cannot be reached.
  const answer = await fetch("/api/v1/sessions", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ code }),
  }).catch(() => undefined);
  const body: unknown = await answer?.json().catch(() => undefined);
  const isUnstored = answer?.status === 503 && refusalIn(body) === UNSTORED;
  if (!answer || (answer.status >= 500 && !isUnstored)) return { kind: "unreachable", code };
  const token = answer.ok ? tokenIn(body) : undefined;
  const why = isUnstored ? "unstored" : "old-code";
  if (token === undefined) return keptSession(shelf) ?? { kind: "locked", why };
  shelf.set(KEY, token);
  return { kind: "open", token };
}

/** The server does not know this session any more. */
export const forgetSession = (shelf: Shelf): void => shelf.set(KEY, null);

function keptSession(shelf: Shelf): Session | undefined {
  const token = shelf.get(KEY);
  return token === null ? undefined : { kind: "open", token };
}

const tokenIn = (body: unknown): string | undefined => textIn(body, "token");

/** The code of a refusal: `{ error: { code, message } }`. */
const refusalIn = (body: unknown): string | undefined =>
  typeof body === "object" && body !== null && "error" in body
    ? textIn(body.error, "code")
    : undefined;

function textIn(value: unknown, field: string): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const text = (value as Readonly<Record<string, unknown>>)[field];
  return typeof text === "string" ? text : undefined;
}
