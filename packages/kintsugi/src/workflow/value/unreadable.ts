/**
 * What stands in the place of a record that cannot be opened: a text like those of the codec, which
 * throws when it is read. So a page of rows can be read though one of them is damaged, and whoever
 * needs the value hears why there is none.
 */

import { CorruptRecordError, KeyMissingError, type RecordPlace } from "../errors.ts";

interface Note {
  readonly message: string;
  readonly place: RecordPlace;
  /** The key that is missing; none where the record is damaged. */
  readonly keyId?: string | undefined;
}

/** No value has such a text: an object with the key `$` is written as a list of pairs. */
const START = '{"$":"unreadable","v":';

export const unreadable = (note: Note): string => `${START}${JSON.stringify(note)}}`;

export const isUnreadable = (text: string): boolean => text.startsWith(START);

/** Whether it is lost for good. One whose key is missing may be read again another day. */
export const isCorrupt = (text: string): boolean =>
  isUnreadable(text) && errorIn(text) instanceof CorruptRecordError;

/** @throws {@link CorruptRecordError} or {@link KeyMissingError}, as it was noted. */
export function throwUnreadable(text: string): never {
  throw errorIn(text);
}

function errorIn(text: string): CorruptRecordError | KeyMissingError {
  const { message, place, keyId } = noteIn(text);
  return keyId === undefined
    ? new CorruptRecordError(message, place)
    : new KeyMissingError(message, keyId, place);
}

/** A plain text of an older program that only looks like a note is as damaged as any. */
function noteIn(text: string): Note {
  try {
    const { v } = JSON.parse(text) as { readonly v: Note };
    const { message, place, keyId } = v;
    return { message: String(message), place, keyId };
  } catch {
    return {
      message: "A recorded value cannot be read: it is no text of a value",
      place: { runId: "" },
    };
  }
}
