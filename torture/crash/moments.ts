/** When a life is struck: chosen by chance before it starts. */

import type { Random } from "@kintsugi/policy/base";

export type Moment = Readonly<
  /** While it boots, or a little later. */
  | { kind: "in boot"; afterMs: number }
  /** So long after it was ready. */
  | { kind: "any time"; afterMs: number }
  /** The effect has happened, and nobody is told. */
  | { kind: "before a reply"; nth: number }
  | { kind: "after a reply"; nth: number; afterMs: number }
  /** The program has said that it has a run, or a signal: from then on it must not lose it. */
  | { kind: "after a promise"; nth: number; afterMs: number }
  /** It was asked for something, and may be in the midst of it. */
  | { kind: "after a request"; nth: number; afterMs: number }
  /** When each suspect has recorded something: nobody is to be quarantined here. */
  | { kind: "calm"; afterMs: number }
  /** Not at all. */
  | { kind: "never" }
>;

/** A life is struck within so many effects. */
const MOST_EFFECTS = 14;

/** How far behind a reply a kill may come: what is recorded, is recorded within that time. */
const BEHIND_MS = 8;

/** Requests and promises are fewer than effects. */
const FEW = 3;

/** What was asked for is done within that time, mostly. */
const REQUEST_MS = 4;

/** What the choice depends on. */
interface Patient {
  /** About what a boot takes: it grows with the load of the machine. */
  readonly bootMs: number;
  readonly hasSuspects: boolean;
}

export function nextMoment(random: Random, { bootMs, hasSuspects }: Patient): Moment {
  const choice = random.next();
  const behindMs = Math.round(random.next() * BEHIND_MS);
  const nth = 1 + Math.floor(random.next() * MOST_EFFECTS);
  const spanMs = random.next();
  if (choice < 0.15) return { kind: "in boot", afterMs: spanMs * bootMs * 1.2 };
  if (hasSuspects) return { kind: "calm", afterMs: spanMs * 30 };
  if (choice < 0.3) return { kind: "any time", afterMs: spanMs * 120 };
  if (choice < 0.5) return { kind: "before a reply", nth };
  if (choice < 0.65) return { kind: "after a reply", nth, afterMs: 0 };
  if (choice < 0.75) return { kind: "after a reply", nth, afterMs: behindMs };
  const few = 1 + (nth % FEW);
  if (choice < 0.9)
    return { kind: "after a promise", nth: few, afterMs: spanMs < 0.7 ? 0 : behindMs };
  return { kind: "after a request", nth: few, afterMs: spanMs * REQUEST_MS };
}
