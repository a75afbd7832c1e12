/** Spans that go on while somebody looks. */

import { type ReactElement, useCallback, useContext } from "react";

import { Surroundings, useOfNow } from "./context.ts";
import { coarseSpan } from "./words.ts";

/** Time since `sinceMs`. */
export function Age({ sinceMs }: { readonly sinceMs: number }): ReactElement {
  const { staleSinceMs } = useContext(Surroundings);
  const text = useCallback(
    (nowMs: number) => coarseSpan(lastKnown(nowMs, staleSinceMs, sinceMs) - sinceMs),
    [sinceMs, staleSinceMs],
  );
  return <span className="figure">{useOfNow(text)}</span>;
}

/** What is not known to go on counts no further; for how long it is not known does. */
const lastKnown = (nowMs: number, staleSinceMs: number | null, sinceMs: number): number =>
  staleSinceMs === null || sinceMs >= staleSinceMs ? nowMs : Math.min(nowMs, staleSinceMs);

export interface CountdownProps {
  readonly before: string;
  readonly untilMs: number;
  /** What is said when the time has come. */
  readonly over: string;
}

/** Time until `untilMs`, in whole seconds that are still to come. */
export function Countdown({ before, untilMs, over }: CountdownProps): ReactElement {
  const { staleSinceMs } = useContext(Surroundings);
  const text = useCallback(
    (nowMs: number) => {
      const leftMs = untilMs - Math.min(nowMs, staleSinceMs ?? nowMs);
      return leftMs <= 0 ? over : `${before} ${coarseSpan(leftMs + 999)}`;
    },
    [before, untilMs, over, staleSinceMs],
  );
  return <span className="figure">{useOfNow(text)}</span>;
}
