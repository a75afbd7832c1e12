/** What somebody sees who has no session. */

import type { ReactElement } from "react";

import { CopyableCommand } from "./copyable-command.tsx";
import type { LockedWhy } from "./page-state.ts";

const reasons: Readonly<Record<LockedWhy, string>> = {
  "no-code": "The address that you opened has none.",
  "old-code": "This code is wrong, was used already, or is older than a minute.",
  unstored:
    "The session cannot be written to the data folder: make room there, the runtime's log says more.",
  "session-over": "The session of this tab has ended.",
};

export function Gate({ why }: { readonly why: LockedWhy }): ReactElement {
  return (
    <section className="gate">
      <h1>This page opens with a one-time code.</h1>
      <p>{reasons[why]} In the program's folder, run:</p>
      <CopyableCommand command="npx kintsugi dashboard" />
      <p className="dim">It prints a fresh address, good for one use within a minute.</p>
    </section>
  );
}
