/** A follower's end of the watchdog's socket: it looks on, and may ask for a stop or a restart. */

import type { Connection, Host, InstancePaths } from "../host/index.ts";
import { encodeFrame, frameReader } from "../supervise/frames/index.ts";
import type { StopRequest, WatchdogEvent, WatchdogView } from "./types.ts";
import {
  type FromWatchdog,
  type Goodbye,
  readFromWatchdog,
  type ToWatchdog,
} from "./watchdog-frames.ts";

export interface FollowerHooks {
  readonly onView?: (view: WatchdogView) => void;
  /** Hears first of the last few that are past, then of each as it happens. */
  readonly onEvent?: (event: WatchdogEvent) => void;
}

/** How the line to the watchdog ended: it left on purpose, or is gone without a word. */
export type LineEnd = Goodbye | { readonly kind: "lost" };

export interface Follower {
  /** Never rejects. */
  readonly ended: Promise<LineEnd>;
  /** Stops everything. Resolves when the watchdog has taken it up, with what went wrong, if anything did. */
  stop(request: StopRequest): Promise<string | null>;
  /** Starts the runtime anew. Resolves as {@link Follower.stop} does. */
  restart(by: string, why: string): Promise<string | null>;
  /** What is to be done when this program is killed: the line ends then without another word. */
  bequeath(request: StopRequest): void;
  close(): void;
}

const GONE = "The watchdog left before it answered";

/** @throws {@link SocketUnreachableError} when there is no watchdog. */
export async function followWatchdog(
  host: Host,
  paths: InstancePaths,
  hooks: FollowerHooks = {},
): Promise<Follower> {
  return new WatchdogFollower(await host.sockets.connect(paths.watchdogSocket), hooks);
}

class WatchdogFollower implements Follower {
  readonly ended: Promise<LineEnd>;
  readonly #connection: Connection;
  readonly #hooks: FollowerHooks;
  readonly #waiting = new Map<number, (problem: string | null) => void>();
  #requests = 0;
  #goodbye: Goodbye | undefined;
  #isClosed = false;

  constructor(connection: Connection, hooks: FollowerHooks) {
    this.#connection = connection;
    this.#hooks = hooks;
    this.ended = new Promise((resolve) => {
      connection.onClose(() => {
        this.#isClosed = true;
        for (const answer of this.#waiting.values()) answer(GONE);
        this.#waiting.clear();
        resolve(this.#goodbye ?? { kind: "lost" });
      });
    });
    connection.onData(
      frameReader(
        (frame) => {
          const said = readFromWatchdog(frame);
          if (said) this.#hear(said);
        },
        () => {}, // A watchdog that is newer than we are may say more than we know.
      ),
    );
    this.#say({ kind: "hello", role: "follower" });
  }

  stop(request: StopRequest): Promise<string | null> {
    return this.#ask((id) => ({ kind: "stop", id, request }));
  }

  restart(by: string, why: string): Promise<string | null> {
    return this.#ask((id) => ({ kind: "restart", id, by, why }));
  }

  bequeath(request: StopRequest): void {
    this.#say({ kind: "will", request });
  }

  close(): void {
    this.#connection.close();
  }

  #ask(request: (id: number) => ToWatchdog): Promise<string | null> {
    if (this.#isClosed) return Promise.resolve(GONE);
    this.#requests += 1;
    const id = this.#requests;
    const { promise, resolve } = Promise.withResolvers<string | null>();
    this.#waiting.set(id, resolve);
    this.#say(request(id));
    return promise;
  }

  #say(said: ToWatchdog): void {
    this.#connection.write(encodeFrame(said));
  }

  #hear(said: FromWatchdog): void {
    switch (said.kind) {
      case "state":
        this.#hooks.onView?.(said.view);
        return;
      case "event":
        this.#hooks.onEvent?.(said.event);
        return;
      case "answer":
        this.#waiting.get(said.id)?.(said.problem);
        this.#waiting.delete(said.id);
        return;
      case "goodbye":
        this.#goodbye = said;
        return;
      case "leave":
        return; // Said to the runtime only.
    }
  }
}
