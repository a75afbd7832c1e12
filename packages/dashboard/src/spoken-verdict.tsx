/** The sentence on top, for those who hear the page: at most one line in five seconds. */

import { type ReactElement, useCallback, useRef } from "react";

import { useOfNow } from "./context.ts";

/** Milliseconds between two lines. */
const PAUSE_MS = 5_000;

export function SpokenVerdict({ sentence }: { readonly sentence: string }): ReactElement {
  const said = useRef({ text: "", atMs: Number.NEGATIVE_INFINITY });
  const speak = useCallback(
    (nowMs: number): string => {
      const { text, atMs } = said.current;
      if (sentence !== text && Math.abs(nowMs - atMs) >= PAUSE_MS) {
        said.current = { text: sentence, atMs: nowMs };
      }
      return said.current.text;
    },
    [sentence],
  );
  return (
    <p className="unseen" aria-live="polite">
      {useOfNow(speak)}
    </p>
  );
}
