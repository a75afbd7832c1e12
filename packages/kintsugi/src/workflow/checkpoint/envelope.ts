/** A checkpoint as text: the state, and what tells that it is whole. */

import { createHash } from "node:crypto";

import { decode } from "../value/codec.ts";

/** Grows when an older program could not read what is written. */
const FORMAT = 1;

export interface Checkpoint {
  readonly version: number;
  /** Epoch milliseconds. */
  readonly savedAtMs: number;
  /** The version whose state was taken up again; null for a state of its own. */
  readonly rolledBackTo: number | null;
  readonly state: unknown;
}

/** A checkpoint whose state is text already. */
export interface Sealed extends Omit<Checkpoint, "state"> {
  readonly text: string;
}

export function seal({ version, savedAtMs, rolledBackTo, text }: Sealed): string {
  const head = { format: FORMAT, version, savedAtMs, rolledBackTo };
  return JSON.stringify({ ...head, sha256: hashOf(head, text), state: text });
}

/** Undefined where the text is not what {@link seal} wrote: cut, changed, or of a newer program. */
export function open(text: string): Checkpoint | undefined {
  try {
    const { sha256, state, ...head } = JSON.parse(text) as Written;
    if (head.format !== FORMAT || sha256 !== hashOf(head, state)) return undefined;
    const { version, savedAtMs, rolledBackTo } = head;
    return { version, savedAtMs, rolledBackTo, state: decode(state) };
  } catch {
    return undefined; // Not even JSON: it is as damaged as any.
  }
}

interface Head {
  readonly format: number;
  readonly version: number;
  readonly savedAtMs: number;
  readonly rolledBackTo: number | null;
}

interface Written extends Head {
  readonly sha256: string;
  readonly state: string;
}

function hashOf({ format, version, savedAtMs, rolledBackTo }: Head, state: string): string {
  const hash = createHash("sha256");
  return hash
    .update(JSON.stringify([format, version, savedAtMs, rolledBackTo, state]))
    .digest("hex");
}
