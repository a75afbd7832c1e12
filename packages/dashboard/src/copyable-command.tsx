/** A command as it is typed, and a button that copies it. */

import { systemClock } from "@kintsugi/policy/base";
import { type ReactElement, useEffect, useState } from "react";

import { plain } from "./plain-text.ts";

/** How long the button says what came of it, milliseconds. */
const SAID_MS = 2_000;

export function CopyableCommand({ command }: { readonly command: string }): ReactElement {
  const [said, setSaid] = useState<"Copied" | "Not copied" | null>(null);
  useSilenceAfter(said, () => setSaid(null));
  const copy = (): void => {
    // Browsers give a clipboard only to pages of this machine or behind TLS.
    const written = navigator.clipboard?.writeText(command) ?? Promise.reject();
    written.then(
      () => setSaid("Copied"),
      () => setSaid("Not copied"), // The browser forbids it: the text can still be selected.
    );
  };
  return (
    <span className="command">
      <code>{plain(command)}</code>
      <button type="button" onClick={copy} aria-label={`Copy ${plain(command)}`}>
        {said ?? "Copy"}
      </button>
    </span>
  );
}

function useSilenceAfter(said: string | null, fn: () => void): void {
  useEffect(() => {
    if (said === null) return undefined;
    return systemClock.after(SAID_MS, fn);
  }, [said]);
}
