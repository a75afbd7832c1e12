/** Spans that go on while somebody looks. */

import { type ReactElement, useCallback } from "react";

import { useOfNow } from "./context.ts";
import { coarseSpan } from "./words.ts";

/** Time since `sinceMs`. */
export function Age({ sinceMs }: { readonly sinceMs: number }): ReactElement {
  const text = useOfNow(useCallback((nowMs: number) => coarseSpan(nowMs - sinceMs), [sinceMs]));
  return <span className="figure">{text}</span>;
}

export interface CountdownProps {
  readonly before: string;
  readonly untilMs: number;
  /** What is said when the time has come. */
  readonly over: string;
}

/** Time until `untilMs`, in whole seconds that are still to come. */
export function Countdown({ before, untilMs, over }: CountdownProps): ReactElement {
  const text = useCallback(
    (nowMs: number) => (nowMs >= untilMs ? over : `${before} ${coarseSpan(untilMs - nowMs + 999)}`),
    [before, untilMs, over],
  );
  return <span className="figure">{useOfNow(text)}</span>;
}
