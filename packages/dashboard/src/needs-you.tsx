/** What waits for a person, each with its command. */

import { memo, type ReactElement } from "react";
import { useClaims, useTimes } from "./context.ts";
import { CopyableCommand } from "./copyable-command.tsx";
import { Glyph } from "./state-mark.tsx";
import type { Need } from "./verdict.ts";
import { counted } from "./words.ts";

/** More are one list too many: the command line shows all. */
const MOST = 6;

export function NeedsYou({ needs }: { readonly needs: readonly Need[] }): ReactElement {
  const claim = useClaims();
  const more = needs.length - MOST;
  return (
    <section
      className={needs.length === 0 ? "needs is-empty" : "panel needs"}
      aria-labelledby="needs-title"
    >
      <div className="panel-head">
        <h2 id="needs-title">Needs you</h2>
        <p className="dim">
          {claim(
            needs.length === 0
              ? "Nothing waits for you."
              : counted(needs.length, "thing waits", "things wait"),
          )}
        </p>
      </div>
      {needs.length > 0 && (
        <ul className="rows">
          {needs.slice(0, MOST).map((need) => (
            <NeedRow key={need.key} need={need} />
          ))}
        </ul>
      )}
      {more > 0 && <p className="dim more">and {more} more: npx kintsugi status</p>}
    </section>
  );
}

const NeedRow = memo(function NeedRow({ need }: { readonly need: Need }): ReactElement {
  const times = useTimes();
  const { title, reason, atMs, command } = need;
  return (
    <li className="need">
      <span className="tone-bad">
        <Glyph shape="square" />
      </span>
      <div>
        <h3 className="break">
          {title[0]?.toUpperCase()}
          {title.slice(1)}
        </h3>
        <p className="dim break clamp" title={reason}>
          {reason}
        </p>
      </div>
      {atMs !== null && (
        <time className="mono dim" title={times.full(atMs)}>
          {times.at(atMs)}
        </time>
      )}
      <CopyableCommand command={command} />
    </li>
  );
});
