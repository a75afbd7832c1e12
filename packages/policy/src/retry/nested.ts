/** The mark on an error by which a retry finds that one further in has tried already. */

import type { Clock } from "../base/index.ts";
import type { NestedAttempts } from "./retry-state.ts";

/** Known to all copies of this package, since two of them in one program nest all the same. */
const MARK = Symbol.for("kintsugi.retried");

/** An error may be thrown again by others, much later: a mark counts only for the span it was made in. */
interface Mark extends NestedAttempts {
  /** When the retry that made it began, by its own clock. */
  readonly startedMs: number;
  readonly clock: Clock;
}

/** Marks what a retry gives up with. What cannot be marked, such as a string, stays as it is. */
export function mark(thrown: unknown, found: Mark): void {
  if (typeof thrown !== "object" || thrown === null) return;
  // Hidden from those who print or copy the error; false where it is frozen, which is no harm.
  Reflect.defineProperty(thrown, MARK, { value: found, configurable: true, writable: true });
}

/** The mark of a retry that began since `sinceMs`, on the error or on one that it was made of. */
export function markSince(thrown: unknown, sinceMs: number, clock: Clock): Mark | undefined {
  let link: unknown = thrown;
  for (let depth = 0; depth < 5 && typeof link === "object" && link !== null; depth += 1) {
    const { [MARK]: found, cause } = link as { readonly [MARK]?: Mark; readonly cause?: unknown };
    // Times of two clocks cannot be compared; to try less often is the smaller harm.
    if (found && (found.clock !== clock || found.startedMs >= sinceMs)) return found;
    link = cause;
  }
  return undefined;
}
