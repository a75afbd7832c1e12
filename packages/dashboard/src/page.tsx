/**
 * The page "Now": is it well, what waits for a person, what is being mended, then all the rest.
 *
 * Other programs find rows by attributes that stay: `data-state` on main (connecting, live, stale,
 * locked), `data-tone` on it (well, mending, unwell, unknown, stopped, needs-you), `data-incident`,
 * `data-component`, `data-call`, `data-run` with the key of a row, `data-fact-id` on events.
 */

import { type ReactElement, useEffect, useMemo, useRef } from "react";

import { Calls } from "./calls.tsx";
import { Components } from "./components.tsx";
import { type PageContext, Surroundings } from "./context.ts";
import { Events } from "./events.tsx";
import { Gate } from "./gate.tsx";
import { Header } from "./header.tsx";
import { Incidents } from "./incidents.tsx";
import { KeysDialog } from "./keys-dialog.tsx";
import type { LiveClock } from "./live-clock.ts";
import { NeedsYou } from "./needs-you.tsx";
import type { PageState } from "./page-state.ts";
import { plain } from "./plain-text.ts";
import { type Preferences, usePreferences } from "./preferences.ts";
import { Runs } from "./runs.tsx";
import { Seam } from "./seam.tsx";
import { SpokenVerdict } from "./spoken-verdict.tsx";
import { needsOf, type Verdict, verdictOf } from "./verdict.ts";
import { VerdictPanel } from "./verdict-panel.tsx";

export interface PageProps {
  readonly state: PageState;
  readonly clock: LiveClock;
}

export function Page({ state, clock }: PageProps): ReactElement {
  const [preferences, next] = usePreferences();
  const filter = useRef<HTMLInputElement>(null);
  const dialog = useRef<HTMLDialogElement>(null);
  const { zone, theme, density } = preferences;
  const showKeys = (): void => {
    if (!dialog.current?.open) dialog.current?.showModal();
  };
  useKeys(next, filter, showKeys);
  useEffect(() => {
    const { dataset } = document.documentElement;
    dataset["theme"] = theme;
    dataset["density"] = density;
  }, [theme, density]);
  const { connection, board, wasStopped } = state;
  const staleSinceMs = connection.kind === "stale" ? connection.sinceMs : null;
  const surroundings = useMemo(
    (): PageContext => ({ clock, zone, staleSinceMs }),
    [clock, zone, staleSinceMs],
  );
  const verdict = useMemo(
    () => (board ? verdictOf(board, staleSinceMs, wasStopped) : null),
    [board, staleSinceMs, wasStopped],
  );
  useTitle(state, verdict?.sentence);
  return (
    <Surroundings.Provider value={surroundings}>
      <a className="skip" href="#now">
        Skip to what happens now
      </a>
      <Header
        connection={connection}
        program={board?.program ?? null}
        wasStopped={wasStopped}
        preferences={preferences}
        onNext={next}
        onKeys={showKeys}
      />
      <Seam healing={board?.program.healing ?? null} />
      <main id="now" data-state={connection.kind} data-tone={verdict?.tone}>
        {connection.kind === "locked" ? (
          <Gate why={connection.why} />
        ) : (
          <Now state={state} verdict={verdict} theme={theme} filter={filter} />
        )}
      </main>
      {verdict && <SpokenVerdict sentence={`${verdict.sentence}.`} />}
      <KeysDialog open={dialog} />
    </Surroundings.Provider>
  );
}

interface NowProps {
  readonly state: PageState;
  readonly verdict: Verdict | null;
  readonly theme: Preferences["theme"];
  readonly filter: { current: HTMLInputElement | null };
}

function Now({ state, verdict, theme, filter }: NowProps): ReactElement {
  const { board, gapBeforeId, strips } = state;
  if (!board || !verdict) {
    return (
      <section className="gate">
        <h1>Connecting to the runtime.</h1>
        <p className="dim">The page tries again by itself until it answers.</p>
      </section>
    );
  }
  const { program, facts, incidents, components, calls, series, runs } = board;
  return (
    <>
      <VerdictPanel board={board} verdict={verdict} />
      <NeedsYou needs={needsOf(board)} />
      <Incidents incidents={incidents} facts={facts} />
      <Components program={program} components={components} incidents={incidents} strips={strips} />
      <Calls calls={calls} series={series} incidents={incidents} theme={theme} />
      <Runs runs={runs} totals={program.runs} />
      <Events facts={facts} gapBeforeId={gapBeforeId} filterRef={filter} />
    </>
  );
}

function useTitle({ board }: PageState, sentence: string | undefined): void {
  const name = board ? `${plain(board.program.name)} · kintsugi` : "kintsugi";
  const title = sentence === undefined ? name : `${sentence} · ${name}`;
  useEffect(() => {
    document.title = title;
  }, [title]);
}

/** Keys act where nobody types, and never take a shortcut of the browser. */
function useKeys(
  next: (which: keyof Preferences) => void,
  filter: { current: HTMLInputElement | null },
  showKeys: () => void,
): void {
  const act = useRef<(event: KeyboardEvent) => void>();
  act.current = (event) => {
    const { key, target, ctrlKey, metaKey, altKey } = event;
    const isTyping = target instanceof HTMLInputElement;
    if (isTyping && key === "Escape") return target.blur();
    if (isTyping || ctrlKey || metaKey || altKey) return;
    if (key === "t") next("theme");
    else if (key === "d") next("density");
    else if (key === "u") next("zone");
    else if (key === "?") showKeys();
    else if (key === "/") {
      event.preventDefault(); // Or the slash is typed into the filter.
      filter.current?.focus();
    }
  };
  useEffect(() => {
    const hear = (event: KeyboardEvent): void => act.current?.(event);
    document.addEventListener("keydown", hear);
    return () => document.removeEventListener("keydown", hear);
  }, []);
}
