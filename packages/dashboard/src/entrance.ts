/** From a code or a session that was kept to a live connection; one at a time, however many codes come. */

import type { Clock } from "@kintsugi/policy/base";

import type { Fetch, Shelf } from "./browser.ts";
import type { LiveConnection } from "./live-connection.ts";
import type { LockedWhy } from "./page-state.ts";
import { exchange, forgetSession, openSession, type Session } from "./session.ts";

export interface EntranceOptions {
  readonly fetch: Fetch;
  /** Of this tab. */
  readonly shelf: Shelf;
  readonly clock: Clock;
  /** Goes on after `lastId`, where a connection stood before. */
  readonly follow: (token: string, lastId: number | undefined) => LiveConnection;
  /** A connection was ended for another one: what is shown gets old until that one begins. */
  readonly onLost: () => void;
  readonly onLocked: (why: LockedWhy) => void;
}

export interface Entrance {
  /**
   * @param fragment `#code=...` or empty.
   * @param clearFragment Takes the code out of the address bar and the history.
   */
  open(fragment: string, clearFragment: () => void): void;
  /** The server does not take the token of the connection that stands. */
  refuse(): void;
  nudge(): void;
}

/** Milliseconds until a code is brought again to a server that did not answer. */
const CODE_WAIT_MS = 500;

export function entrance(options: EntranceOptions): Entrance {
  const { fetch, shelf, clock, follow, onLost, onLocked } = options;
  let standing: { readonly token: string; readonly connection: LiveConnection } | undefined;
  let newest = 0;

  const connect = (token: string): void => {
    const before = standing?.connection;
    if (standing?.token === token) {
      before?.nudge();
      return;
    }
    before?.close();
    if (before) onLost();
    standing = { token, connection: follow(token, before?.lastId) };
  };
  const enter = (session: Session, turn: number): void => {
    if (turn !== newest) return; // Another code was brought meanwhile.
    switch (session.kind) {
      case "open":
        connect(session.token);
        return;
      case "locked":
        if (!standing) onLocked(session.why);
        return;
      case "unreachable":
        clock.after(CODE_WAIT_MS, () => {
          if (turn !== newest) return;
          void exchange(session.code, { fetch, shelf }).then((next) => enter(next, turn));
        });
    }
  };
  return {
    open(fragment, clearFragment) {
      newest += 1;
      const turn = newest;
      const session = openSession({ fetch, shelf, fragment, clearFragment });
      void session.then((found) => enter(found, turn));
    },
    refuse() {
      standing = undefined;
      forgetSession(shelf);
      onLocked("session-over");
    },
    nudge: () => standing?.connection.nudge(),
  };
}
