/**
 * What the page knows, as a pure function of what it heard.
 *
 *     connecting --snapshot--> live --lost--> stale --snapshot--> live
 *          '----------- any of them --locked--> locked
 */

import {
  applyDelta,
  applySnapshot,
  type LiveDelta,
  type LiveMessage,
  type LiveRows,
  type LiveSnapshot,
} from "kintsugi/live";

import { type Strip, withBeat } from "./heartbeat-strip.ts";

export type Fact = LiveSnapshot["facts"][number];
export type Program = LiveSnapshot["program"];
export type Component = LiveRows["components"][number];
export type Incident = LiveRows["incidents"][number];
export type Run = LiveRows["runs"][number];
export type CallFigures = LiveRows["calls"][number];
export type Step = Run["marks"][number];
export type Series = LiveSnapshot["series"];

export type Connection =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  /** What is shown was true at `sinceMs`, by the server's clock. */
  | { readonly kind: "stale"; readonly sinceMs: number }
  | { readonly kind: "locked"; readonly why: LockedWhy };

/** No code was brought; it was used or too old; the session could not be written down, or has ended. */
export type LockedWhy = "no-code" | "old-code" | "unstored" | "session-over";

export interface PageState {
  readonly connection: Connection;
  /** The newest that is known; null before the first snapshot. */
  readonly board: LiveSnapshot | null;
  /** Facts before this one are missing. */
  readonly gapBeforeId: number | null;
  readonly strips: Readonly<Record<string, Strip>>;
  /** Whether the last word was that the program ends on purpose: then silence is no trouble. */
  readonly wasStopped: boolean;
}

export type PageInput =
  | LiveMessage
  | { readonly kind: "lost" }
  | { readonly kind: "locked"; readonly why: LockedWhy };

export const emptyPage: PageState = {
  connection: { kind: "connecting" },
  board: null,
  gapBeforeId: null,
  strips: {},
  wasStopped: false,
};

export function pageState(state: PageState, input: PageInput): PageState {
  switch (input.kind) {
    case "snapshot":
      return begin(state, input.snapshot);
    case "delta":
      return state.board ? goOn(state, state.board, input.delta) : state;
    case "lost":
      if (state.connection.kind !== "live" || !state.board) return state;
      return { ...state, connection: { kind: "stale", sinceMs: state.board.atMs } };
    case "locked":
      return { ...emptyPage, connection: { kind: "locked", why: input.why } };
  }
}

function begin(state: PageState, snapshot: LiveSnapshot): PageState {
  const board = applySnapshot(state.board ?? undefined, snapshot);
  const isSame = state.board?.program.instance === snapshot.program.instance;
  return {
    connection: { kind: "live" },
    board,
    gapBeforeId: snapshot.isGap ? (board.facts[0]?.id ?? null) : isSame ? state.gapBeforeId : null,
    strips: withBeats(isSame ? state.strips : {}, board),
    wasStopped: false,
  };
}

function goOn(state: PageState, before: LiveSnapshot, delta: LiveDelta): PageState {
  const board = applyDelta(before, delta);
  const wasStopped = delta.isStopping === true;
  return { ...state, board, strips: withBeats(state.strips, board), wasStopped };
}

function withBeats(strips: PageState["strips"], board: LiveSnapshot): PageState["strips"] {
  return Object.fromEntries(
    board.components.map(({ name, lastBeatAtMs, phase }) => [
      name,
      withBeat(strips[name], board.atMs, phase === "running" ? lastBeatAtMs : null),
    ]),
  );
}
