/** Puts the page together: session, live connection, one render a frame. */

import "./styles/tokens.css";
import "./styles/page.css";
import "./styles/parts.css";
import "./styles/sections.css";

import { type Clock, systemClock } from "@kintsugi/policy/base";
import type { LiveSnapshot } from "kintsugi/live";
import { createRoot } from "react-dom/client";

import { ownFetch, tabShelf } from "./browser.ts";
import { entrance } from "./entrance.ts";
import { LiveClock } from "./live-clock.ts";
import { followLive } from "./live-connection.ts";
import { frameOrTimeout, oneRenderAFrame } from "./one-render-a-frame.ts";
import { Page } from "./page.tsx";
import { emptyPage, type PageInput, type PageState, pageState } from "./page-state.ts";

/** The form of messages that this page reads. */
const FORM = 1;
const RELOADED_FOR = "kintsugi.reloaded-for";

function start(place: HTMLElement, clock: Clock): void {
  const liveClock = new LiveClock(clock);
  const root = createRoot(place);
  const render = (state: PageState): void => root.render(<Page state={state} clock={liveClock} />);
  const queue = oneRenderAFrame<PageState, PageInput>({
    initial: emptyPage,
    reduce: pageState,
    nextFrame: frameOrTimeout(clock, (fn) => requestAnimationFrame(fn)),
    render,
  });
  const way = entrance({
    fetch: ownFetch,
    shelf: tabShelf,
    clock,
    follow: (token, lastId) =>
      followLive({
        fetch: ownFetch,
        clock,
        token,
        lastId,
        onMessage(message) {
          const isFirst = message.kind === "snapshot";
          if (isFirst && reloads(message.snapshot, queue.state)) return;
          liveClock.hear(isFirst ? message.snapshot.atMs : message.delta.atMs, isFirst);
          queue.push(message);
        },
        onLost: () => queue.push({ kind: "lost" }),
        onRefused: () => way.refuse(),
      }),
    onLost: () => queue.push({ kind: "lost" }),
    onLocked: (why) => queue.push({ kind: "locked", why }),
  });
  const open = (): void =>
    way.open(location.hash, () => history.replaceState(null, "", location.pathname));
  render(emptyPage);
  open();
  window.addEventListener("hashchange", () => {
    if (location.hash.startsWith("#code=")) open();
  });
  window.addEventListener("online", () => way.nudge());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") way.nudge();
  });
}

/**
 * Whether another page is on its way: this one reads another form of messages, or belongs to another
 * version of the program. Reloaded once for each, so that a page that stays the same is no circle.
 */
function reloads({ v, program }: LiveSnapshot, { board }: PageState): boolean {
  const isOther = board !== null && board.program.version !== program.version;
  if (v === FORM && !isOther) return false;
  const reason = `${v} ${program.version}`;
  if (tabShelf.get(RELOADED_FOR) === reason) return v !== FORM;
  tabShelf.set(RELOADED_FOR, reason);
  location.reload();
  return true;
}

const place = document.getElementById("page");
if (place) start(place, systemClock);
