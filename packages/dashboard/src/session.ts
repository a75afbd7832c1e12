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
  const answer = await fetch("/api/v1/sessions", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ code }),
  }).catch(() => undefined);
  if (!answer || answer.status >= 500) return { kind: "unreachable", code };
  const token = answer.ok ? tokenIn(await answer.json().catch(() => undefined)) : undefined;
  if (token === undefined) return keptSession(shelf) ?? { kind: "locked", why: "old-code" };
  shelf.set(KEY, token);
  return { kind: "open", token };
}

/** The server does not know this session any more. */
export const forgetSession = (shelf: Shelf): void => shelf.set(KEY, null);

function keptSession(shelf: Shelf): Session | undefined {
  const token = shelf.get(KEY);
  return token === null ? undefined : { kind: "open", token };
}

function tokenIn(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null || !("token" in body)) return undefined;
  return typeof body.token === "string" ? body.token : undefined;
}
