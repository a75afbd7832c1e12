/** The watchdog's end of its socket: one line to the runtime, and as many followers as look on. */

import type { Connection, ProcessIdentity, SocketServer, Sockets } from "../host/index.ts";
import { encodeFrame, frameReader } from "../supervise/frames/index.ts";
import type { StopRequest, WatchdogEvent, WatchdogView } from "./types.ts";
import { type FromWatchdog, readToWatchdog, type ToWatchdog } from "./watchdog-frames.ts";

/** What the one behind the switchboard does about what is said. */
interface SwitchboardListener {
  /** Whether this is the runtime that is watched; if not, the line is cut. */
  onHello(identity: ProcessIdentity): boolean;
  onReady(url: string): void;
  onBeat(): void;
  onGoodbye(code: number): void;
  /** The runtime's line ended. */
  onRuntimeGone(): void;
  /** What went wrong, if anything did; the stop goes on all the same. */
  onStop(request: StopRequest): string | null;
  onRestart(by: string, why: string): string | null;
}

/** More would be a mistake of somebody who dials and never hangs up. */
const MOST_CONNECTIONS = 64;

/** Events that a new follower is told of, though they are past. */
const MOST_RECENT = 20;

export class Switchboard {
  readonly #listener: SwitchboardListener;
  readonly #connections = new Set<Connection>();
  readonly #followers = new Set<Connection>();
  /** What followers want done when they are cut off: a front end is killed, and everything is to end. */
  readonly #wills = new Map<Connection, StopRequest>();
  /** What a follower is told at first: it may have dialled a moment too late to hear of a start. */
  #recent: readonly WatchdogEvent[] = [];
  #runtime: Connection | undefined;
  #view: WatchdogView;
  #server: SocketServer | undefined;

  constructor(view: WatchdogView, listener: SwitchboardListener) {
    this.#view = view;
    this.#listener = listener;
  }

  /** @throws what `listen` throws. */
  async open(sockets: Sockets, path: string): Promise<void> {
    this.#server = await sockets.listen(path, (connection) => this.#accept(connection));
  }

  /** Tells the followers, if there is something new to tell. */
  show(view: WatchdogView): void {
    const isSame = (Object.keys(view) as (keyof WatchdogView)[]).every(
      (key) => view[key] === this.#view[key],
    );
    if (isSame) return;
    this.#view = view;
    this.#toFollowers({ kind: "state", view });
  }

  tell(event: WatchdogEvent): void {
    this.#recent = [...this.#recent, event].slice(-MOST_RECENT);
    this.#toFollowers({ kind: "event", event });
  }

  /** Bids the runtime leave; its signal follows, for a runtime that hears nothing. */
  bidLeave(why: StopRequest["form"] | "restart", by: string, reason: string): void {
    this.#runtime?.write(lineOf({ kind: "leave", why, by, reason }));
  }

  /** The life that spoke through the runtime's line is over. */
  cutRuntime(): void {
    const runtime = this.#runtime;
    this.#runtime = undefined;
    runtime?.close();
  }

  /** Says goodbye to all and hangs up. */
  async close(code: number, message: string): Promise<void> {
    this.#wills.clear();
    const frame = lineOf({ kind: "goodbye", code, message });
    for (const connection of this.#connections) connection.write(frame);
    await this.#server?.close();
  }

  #accept(connection: Connection): void {
    if (this.#connections.size >= MOST_CONNECTIONS) {
      connection.close();
      return;
    }
    this.#connections.add(connection);
    const read = frameReader(
      (frame) => {
        const said = readToWatchdog(frame);
        if (said) this.#hear(connection, said);
      },
      () => connection.close(), // Whoever does not speak our language has lost its way.
    );
    connection.onData(read);
    connection.onClose(() => this.#forget(connection));
  }

  #hear(connection: Connection, said: ToWatchdog): void {
    switch (said.kind) {
      case "hello":
        this.#greet(connection, said);
        return;
      case "will":
        this.#wills.set(connection, said.request);
        return;
      case "stop":
        this.#wills.clear(); // It ends already, for the reason that is said here.
        this.#answer(connection, said.id, this.#listener.onStop(said.request));
        return;
      case "restart":
        this.#answer(connection, said.id, this.#listener.onRestart(said.by, said.why));
        return;
      case "ready":
      case "beat":
      case "goodbye":
        if (connection === this.#runtime) this.#hearRuntime(said);
    }
  }

  #hearRuntime(said: Extract<ToWatchdog, { kind: "ready" | "beat" | "goodbye" }>): void {
    switch (said.kind) {
      case "ready":
        this.#listener.onReady(said.url);
        return;
      case "beat":
        this.#listener.onBeat();
        return;
      case "goodbye":
        this.#listener.onGoodbye(said.code);
    }
  }

  #greet(connection: Connection, hello: Extract<ToWatchdog, { kind: "hello" }>): void {
    if (hello.role === "follower") {
      this.#followers.add(connection);
      connection.write(lineOf({ kind: "state", view: this.#view }));
      for (const event of this.#recent) connection.write(lineOf({ kind: "event", event }));
      return;
    }
    if (!this.#listener.onHello(hello.identity)) {
      connection.close();
      return;
    }
    // It may dial again before its old line has ended.
    if (this.#runtime !== connection) this.cutRuntime();
    this.#runtime = connection;
    this.#listener.onBeat();
  }

  #answer(connection: Connection, id: number, problem: string | null): void {
    connection.write(lineOf({ kind: "answer", id, problem }));
  }

  #toFollowers(said: FromWatchdog): void {
    const frame = lineOf(said);
    for (const follower of this.#followers) follower.write(frame);
  }

  #forget(connection: Connection): void {
    this.#connections.delete(connection);
    this.#followers.delete(connection);
    const will = this.#wills.get(connection);
    this.#wills.delete(connection);
    if (will) this.#listener.onStop(will);
    if (connection !== this.#runtime) return;
    this.#runtime = undefined;
    this.#listener.onRuntimeGone();
  }
}

const lineOf = (said: FromWatchdog): string => encodeFrame(said);
