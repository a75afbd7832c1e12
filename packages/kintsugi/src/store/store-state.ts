/**
 * The life of a store.
 *
 *               no room                  broke
 *     open ────────────────▶ full ─────────────────▶ failed
 *      │ ▲                    │ │                      ▲
 *      │ └────── room ────────┘ │        broke         │
 *      ├────────────────────────┼──────────────────────┘
 *      └───────── closed ───────┴──▶ closed
 *
 * `failed` and `closed` are ends. While it is full, commits live on the room of the reserve.
 */

import type { StoreState } from "./port.ts";

export type StoreInput =
  | { readonly kind: "no room" }
  | { readonly kind: "room" }
  | { readonly kind: "broke"; readonly message: string }
  | { readonly kind: "closed" };

export const opened: StoreState = { kind: "open" };

/** The state after `input`; the same object when nothing changes. `nowMs` is an epoch time. */
export function step(state: StoreState, input: StoreInput, nowMs: number): StoreState {
  if (state.kind === "failed" || state.kind === "closed") return state;
  switch (input.kind) {
    case "no room":
      return state.kind === "full" ? state : { kind: "full", sinceMs: nowMs };
    case "room":
      return opened;
    case "broke":
      return { kind: "failed", message: input.message };
    case "closed":
      return { kind: "closed" };
  }
}
