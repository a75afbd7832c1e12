/** Spans that go on while somebody looks. */

import { type ReactElement, useCallback } from "react";

import { useOfNow } from "./context.ts";
import { coarseSpan } from "./words.ts";

/** Time since `sinceMs`. */
export function Age({ sinceMs }: { readonly sinceMs: number }): ReactElement {
  const text = useOfNow(useCallback((nowMs: number) => coarseSpan(nowMs - sinceMs), [sinceMs]));
  return <span className="figure">{text}</span>;
}

/** Time until `untilMs`, in whole seconds that are still to come. */
export function Countdown({ untilMs }: { readonly untilMs: number }): ReactElement {
  const left = useCallback((nowMs: number) => coarseSpan(untilMs - nowMs + 999), [untilMs]);
  return <span className="figure">{useOfNow(left)}</span>;
}
