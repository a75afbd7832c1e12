/** The bar on top: whose page it is, whether it is live, and how it is shown. */

import type { ReactElement } from "react";

import { useTimes } from "./context.ts";
import type { Connection, Program } from "./page-state.ts";
import { plain } from "./plain-text.ts";
import type { Preferences } from "./preferences.ts";
import { Glyph } from "./state-mark.tsx";

export interface HeaderProps {
  readonly connection: Connection;
  readonly program: Program | null;
  /** Whether it ended on purpose: then silence is no trouble. */
  readonly wasStopped: boolean;
  readonly preferences: Preferences;
  readonly onNext: (which: keyof Preferences) => void;
  readonly onKeys: () => void;
}

export function Header(props: HeaderProps): ReactElement {
  const { connection, program, wasStopped, preferences, onNext, onKeys } = props;
  const { theme, density, zone } = preferences;
  return (
    <header className="bar">
      <p className="brand">
        <Bowl />
        <span>kintsugi</span>
        {program && <strong className="program">{plain(program.name)}</strong>}
      </p>
      <ConnectionState connection={connection} wasStopped={wasStopped} />
      <fieldset className="tools">
        <legend className="unseen">How the page is shown</legend>
        <button type="button" onClick={() => onNext("theme")} title="Theme (t)">
          {theme === "auto" ? "auto theme" : theme}
        </button>
        <button type="button" onClick={() => onNext("density")} title="Density (d)">
          {density}
        </button>
        <button type="button" onClick={() => onNext("zone")} title="Times (u)">
          {zone === "utc" ? "UTC" : "local time"}
        </button>
        <button type="button" onClick={onKeys} title="Keys (?)" aria-label="Show all keys">
          ?
        </button>
      </fieldset>
    </header>
  );
}

function ConnectionState(props: Pick<HeaderProps, "connection" | "wasStopped">): ReactElement {
  const { connection, wasStopped } = props;
  const times = useTimes();
  switch (connection.kind) {
    case "live":
      return (
        <p className="connection tone-ok">
          <Glyph shape="circle" /> live
        </p>
      );
    case "connecting":
      return (
        <p className="connection tone-quiet">
          <Glyph shape="ring" /> connecting
        </p>
      );
    case "stale":
      return (
        <p className={`connection tone-${wasStopped ? "quiet" : "bad"}`}>
          <Glyph shape={wasStopped ? "ring" : "triangle"} /> not live since{" "}
          <time className="mono">{times.at(connection.sinceMs)}</time>
        </p>
      );
    case "locked":
      return (
        <p className="connection tone-quiet">
          <Glyph shape="ring" /> locked
        </p>
      );
  }
}

/** The mark of the house: a mended bowl. */
function Bowl(): ReactElement {
  return (
    <svg className="bowl" viewBox="0 0 32 32" aria-hidden="true">
      <path className="clay" d="M3 10h26c0 8.5-5 14-10 15.5V28h-6v-2.5C8 24 3 18.5 3 10z" />
      <path className="gold" d="m18.5 10-3 4.5L19 18l-4 4.5 1.5 4M15.5 14.5 8 18.5" />
    </svg>
  );
}
