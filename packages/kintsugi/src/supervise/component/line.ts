/** A line to the supervisor that is dialled again whenever it ends: the next runtime adopts us by it. */

import { type Cancel, sleep } from "@kintsugi/policy/base";

import type { Connection, Host } from "../../host/index.ts";
import {
  type FromComponent,
  type FromSupervisor,
  type HelloFrame,
  readFromSupervisor,
} from "../frames/component-frames.ts";
import { encodeFrame, frameReader } from "../frames/frame.ts";

interface LineOptions {
  readonly host: Host;
  readonly path: string;
  readonly hello: HelloFrame;
  readonly onFrame: (frame: FromSupervisor) => void;
  /** The connection has ended; another is dialled. */
  readonly onEnd: () => void;
}

/** A new runtime is there within a second or so; until then nobody gains by asking more often. */
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 1_000;

export class Line {
  readonly #options: LineOptions;
  readonly #closing = new AbortController();
  #connection: Connection | undefined;

  constructor(options: LineOptions) {
    this.#options = options;
    void this.#dialForEver();
  }

  /** Lost when nobody is there. */
  send(frame: FromComponent): void {
    this.#connection?.write(encodeFrame(frame));
  }

  close(): void {
    this.#closing.abort();
    this.#connection?.close();
  }

  async #dialForEver(): Promise<void> {
    const { host, path } = this.#options;
    const { signal } = this.#closing;
    let waitMs = FIRST_WAIT_MS;
    while (!signal.aborted) {
      try {
        const connection = await host.sockets.connect(path);
        waitMs = FIRST_WAIT_MS;
        if (signal.aborted) connection.close();
        else await this.#converse(connection);
      } catch {
        waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS); // Nobody listens: no runtime, or not yet.
      }
      const jitteredMs = Math.ceil((waitMs / 2) * (1 + host.random.next()));
      await sleep(host.clock, jitteredMs, signal).catch(() => {}); // Closed: the loop sees it.
    }
  }

  /** Resolves when the connection has ended. */
  #converse(connection: Connection): Promise<void> {
    const { hello, onFrame, onEnd } = this.#options;
    this.#connection = connection;
    return new Promise((resolve) => {
      connection.onClose(() => {
        this.#connection = undefined;
        onEnd();
        resolve();
      });
      const ignore = (): void => {}; // A newer supervisor may say what we do not know.
      connection.onData(
        frameReader((raw) => {
          const frame = readFromSupervisor(raw);
          if (frame) onFrame(frame);
        }, ignore),
      );
      this.send(hello);
    });
  }
}

/** Repeats `beat` every `everyMs`; tells it how late it comes, which is what the loop was busy for. */
export function pulse({ clock }: Host, everyMs: number, beat: (lateMs: number) => void): Cancel {
  let cancel: Cancel = () => {};
  let dueMs = clock.monotonicMs();
  const next = (): void => {
    const nowMs = clock.monotonicMs();
    beat(Math.max(0, nowMs - dueMs));
    dueMs = nowMs + everyMs;
    cancel = clock.after(everyMs, next);
  };
  next();
  return () => cancel();
}
