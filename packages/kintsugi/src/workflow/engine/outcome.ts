/** How a step or a run ended, in the form in which it is recorded. */

import { toError } from "@kintsugi/policy/base";

import { decode, encode } from "../codec.ts";
import { RecordedError } from "../recorded-error.ts";

/** `text` is the codec's: a result, or an error. */
export interface Outcome {
  readonly failed: 0 | 1;
  readonly text: string;
  /** Of a failure: how often it was tried. */
  readonly attempts?: number;
}

/** @throws {@link UnrecordableError} naming the path in the result. */
export const success = (value: unknown): Outcome => ({ failed: 0, text: encode(value, "result") });

/** What was thrown may be anything; what is recorded is an error, with the step it came out of. */
export function failure(thrown: unknown, step: string | undefined): Outcome {
  const error = toError(thrown);
  const { name, message, cause } = error;
  const { code } = error as { readonly code?: string | number };
  return { failed: 1, text: encode(new RecordedError({ name, message, code, step, cause })) };
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
