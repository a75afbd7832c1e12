/** How a step or a run ended, in the form in which it is recorded. */

import { toError } from "@kintsugi/policy/base";

import { decode, encode } from "../value/codec.ts";
import { RecordedError } from "../value/recorded-error.ts";

/** `text` is the codec's: a result, or an error. */
export interface Outcome {
  readonly failed: 0 | 1;
  readonly text: string;
  /** Of a failure: how often it was tried. */
  readonly attempts?: number;
}

/** Longer messages of errors are cut: they are kept in several places, and people have to read them. */
const MAX_MESSAGE_LENGTH = 65_536;

/**
 * `of` is what the result belongs to, for errors.
 *
 * @throws {@link UnrecordableError} naming the path in the result.
 * @throws {@link ValueTooLargeError} when its text is longer than a record may be.
 */
export const success = (value: unknown, of?: string): Outcome => ({
  failed: 0,
  text: encode(value, "result", of),
});

/** What was thrown may be anything; what is recorded is an error, with the step it came out of. */
export function failure(thrown: unknown, step: string | undefined): Outcome {
  const error = toError(thrown);
  const { name, cause } = error;
  const message = shortened(String(error.message));
  const { code } = error as { readonly code?: string | number };
  const fields = { name, message, code, step };
  try {
    return { failed: 1, text: encode(new RecordedError({ ...fields, cause })) };
  } catch {
    // Its causes are too much to be recorded: how it failed must be, in any case.
    return { failed: 1, text: encode(new RecordedError({ ...fields, cause: undefined })) };
  }
}

/** A message that can be kept wherever errors are. */
export function shortened(message: string): string {
  const more = message.length - MAX_MESSAGE_LENGTH;
  return more > 0 ? `${message.slice(0, MAX_MESSAGE_LENGTH)}... and ${more} characters` : message;
}

/** What an outcome means to whoever waits for it: always as read back, so that no replay differs. */
export function settle(
  { failed, text }: Outcome,
  resolve: (value: never) => void,
  reject: (error: RecordedError) => void,
): void {
  const value = decode(text);
  if (failed === 0) resolve(value as never);
  else reject(value as RecordedError);
}
