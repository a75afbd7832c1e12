/**
 * Codes that are exchanged for a session, and the pure functions that lead from one state to the next.
 *
 *     issue ──▶ outstanding ──── right exchange ────▶ used up
 *                    │
 *                    ├── after CODE_LIFE_MS ────────▶ gone
 *                    └── when it is the oldest of too many ──▶ gone
 *
 * The state holds hashes only. Its times are monotonic: what outlives the process is told in epoch times.
 */

import { timingSafeEqual } from "node:crypto";

export interface CodesState {
  /** Oldest first; at most {@link MOST_CODES}. */
  readonly outstanding: readonly OutstandingCode[];
  /** When codes were wrong, within the last second; at most {@link MOST_WRONG}. */
  readonly wrongAtMs: readonly number[];
}

interface OutstandingCode {
  /** SHA-256, as hexadecimal digits. */
  readonly hash: string;
  readonly untilMs: number;
}

/** `too-many`: it is wrong, and so were too many others within a second. */
export type ExchangeOutcome = "right" | "wrong" | "too-many";

export const CODE_LIFE_MS = 60_000;

/** The oldest makes room for a new one: who may ask for codes cannot be locked out by them. */
export const MOST_CODES = 16;

/** Wrong codes within {@link WRONG_WINDOW_MS}, of all senders together. */
export const MOST_WRONG = 10;

export const WRONG_WINDOW_MS = 1_000;

export const noCodes: CodesState = { outstanding: [], wrongAtMs: [] };

export function issueCode(state: CodesState, hash: string, nowMs: number): CodesState {
  const valid = validAt(state.outstanding, nowMs);
  const outstanding = [...valid, { hash, untilMs: nowMs + CODE_LIFE_MS }].slice(-MOST_CODES);
  return { ...state, outstanding };
}

/**
 * Takes a code. A right one passes however many were wrong before it: it cannot be guessed (122 random
 * bits), and else whoever sends wrong ones would lock the door for everybody.
 */
export function exchangeCode(
  state: CodesState,
  hash: string,
  nowMs: number,
): { readonly state: CodesState; readonly outcome: ExchangeOutcome } {
  const valid = validAt(state.outstanding, nowMs);
  // All are compared, each in constant time: how long it takes tells nothing.
  const others = valid.filter((code) => !isSame(code.hash, hash));
  if (others.length < valid.length) {
    return { state: { ...state, outstanding: others }, outcome: "right" };
  }
  const recent = state.wrongAtMs.filter((atMs) => nowMs - atMs < WRONG_WINDOW_MS);
  const isTooMany = recent.length >= MOST_WRONG;
  const wrongAtMs = isTooMany ? recent : [...recent, nowMs];
  return {
    state: { outstanding: valid, wrongAtMs },
    outcome: isTooMany ? "too-many" : "wrong",
  };
}

const validAt = (codes: readonly OutstandingCode[], nowMs: number): readonly OutstandingCode[] =>
  codes.filter(({ untilMs }) => nowMs < untilMs);

const isSame = (one: string, other: string): boolean =>
  timingSafeEqual(Buffer.from(one, "hex"), Buffer.from(other, "hex"));
