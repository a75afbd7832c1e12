/** The mark on an error by which a retry finds that one further in has tried already. */

import { Attempt } from "../base/index.ts";
import type { NestedAttempts } from "./retry-state.ts";

/** Known to all copies of this package, since two of them in one program nest all the same. */
const MARK = Symbol.for("kintsugi.retried");

/** An error may be thrown again by others, much later: a mark counts only for the span it was made in. */
interface Mark extends NestedAttempts {
  /** Of the first attempt of the retry that made it. */
  readonly serial: number;
  /** Whose serials they are: each copy of the package counts its own. */
  readonly counter: unknown;
}

/** Marks what a retry gives up with. What cannot be marked, such as a string, stays as it is. */
export function mark(thrown: unknown, first: Attempt, nested: NestedAttempts): void {
  if (typeof thrown !== "object" || thrown === null) return;
  const value: Mark = { ...nested, serial: first.serial, counter: Attempt };
  // Hidden from those who print or copy the error; false where it is frozen, which is no harm.
  Reflect.defineProperty(thrown, MARK, { value, configurable: true, writable: true });
}

/** The mark of a retry that began since that attempt did, on the error or on one that it was made of. */
export function markSince(thrown: unknown, attempt: Attempt): NestedAttempts | undefined {
  let link: unknown = thrown;
  for (let depth = 0; depth < 5 && typeof link === "object" && link !== null; depth += 1) {
    const { [MARK]: found, cause } = link as { readonly [MARK]?: Mark; readonly cause?: unknown };
    // Serials of two copies cannot be compared; to try less often is the smaller harm.
    if (found && (found.counter !== Attempt || attempt.isBefore(found.serial))) return found;
    link = cause;
  }
  return undefined;
}
