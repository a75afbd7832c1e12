/** The values of runs as their store keeps them: which columns are sealed, and what is said of one that is broken. */

import { type Random, wholeNumber } from "@kintsugi/policy/base";

import type { Store } from "../../store/index.ts";
import type { RecordPlace } from "../errors.ts";
import { recordedTexts } from "../tables.ts";
import { type EncryptionOptions, Keyring, SealBrokenError } from "./keyring.ts";
import { Seal } from "./seal.ts";
import { type SealedPlace, SealedStore } from "./sealed-store.ts";
import { unreadable } from "./unreadable.ts";

/** What of the engine's options is about values. */
export interface ValueOptions {
  readonly compressFrom?: number | undefined;
  readonly encryption?: EncryptionOptions | undefined;
  readonly random: Random;
}

/**
 * The store as runs see it.
 *
 * @throws {@link RangeError} when an option is out of its range, or a key is none.
 */
export function recordedValues(
  store: Store,
  { compressFrom, encryption, random }: ValueOptions,
): Store {
  if (compressFrom !== undefined) wholeNumber("compressFrom", compressFrom, 1);
  const seal = new Seal({ compressFrom, keyring: encryption && new Keyring(encryption, random) });
  return new SealedStore({
    store,
    columns: recordedTexts,
    close: (text, place) => seal.close(text, inOneText(place)),
    open(sealed, place, row) {
      try {
        return seal.open(sealed, inOneText(place));
      } catch (error) {
        if (!(error instanceof SealBrokenError)) throw error;
        return unreadable(noteOf(error, place, row));
      }
    },
  });
}

/** No two places have one text: numbers come after the only part that may hold a slash. */
const inOneText = ({ table, key, column }: SealedPlace): string =>
  key.length === 1 ? `${table}/${column}/${key[0]}` : `${table}/${column}/${key[0]}/${key[1]}`;

type Fields = Readonly<Record<string, unknown>>;

function noteOf({ message, keyId }: SealBrokenError, where: SealedPlace, row: Fields) {
  const { table, key, column } = where;
  const [runId, seq] = key;
  const isStep = table === "steps";
  const place: RecordPlace = { runId: String(runId), ...(isStep && { seq: Number(seq) }) };
  const cure =
    keyId === undefined ? cureOf(table, column, seq) : "Give that key, and replay the run";
  return { message: `${whatIsAt(where, row)} cannot be read: ${message}. ${cure}`, place, keyId };
}

function whatIsAt({ table, key, column }: SealedPlace, row: Fields): string {
  const [runId, seq] = key;
  if (table === "steps") return `The outcome of step ${seq} "${row["name"]}" of run "${runId}"`;
  if (table === "signals") return `The signal "${row["name"]}" to run "${runId}"`;
  if (table === "run_events") return `The event "${row["type"]}" of run "${runId}"`;
  return `The ${column} of run "${runId}"`;
}

function cureOf(table: string, column: string, seq: unknown): string {
  if (table === "steps")
    return `Rewind the run to step ${seq} to do that step again, or discard it`;
  if (table === "runs" && column === "outcome")
    return "Rewind the run to its last step to have it again";
  return "Start the work again as another run";
}
