/** The socket that components dial: who says hello with the right words gets a link to its supervisor. */

import type { Clock } from "@kintsugi/policy/base";

import type { Connection, SocketServer, Sockets } from "../host/index.ts";
import {
  type FromComponent,
  type FromSupervisor,
  type HelloFrame,
  readFromComponent,
} from "./frames/component-frames.ts";
import { encodeFrame, frameReader } from "./frames/frame.ts";

/** One component's end of the line. */
export interface Link {
  send(frame: FromSupervisor): void;
  close(): void;
}

interface ComponentSocketOptions {
  readonly sockets: Sockets;
  readonly clock: Clock;
  readonly path: string;
  /**
   * Decides about who dials. What it returns hears the rest; undefined turns the caller away, who is
   * of another life or another instance and has to leave.
   */
  readonly onHello: (hello: HelloFrame, link: Link) => LinkListener | undefined;
}

export interface LinkListener {
  readonly onFrame: (frame: FromComponent) => void;
  readonly onClose: () => void;
}

/** Who has not said hello by then is no component. */
const HELLO_LIMIT_MS = 5_000;

/** Frames that are none of ours before a line is cut: a newer client may speak of things we do not know. */
const MAX_BAD_FRAMES = 100;

/** @throws what the host throws when it cannot listen. */
export function listenForComponents(options: ComponentSocketOptions): Promise<SocketServer> {
  const { sockets, path } = options;
  return sockets.listen(path, (connection) => converse(connection, options));
}

function converse(connection: Connection, { clock, onHello }: ComponentSocketOptions): void {
  let listener: LinkListener | undefined;
  let isTurnedAway = false;
  let badFrames = 0;
  const link: Link = {
    send: (frame) => connection.write(encodeFrame(frame)),
    close: () => connection.close(),
  };
  const cancelLimit = clock.after(HELLO_LIMIT_MS, () => connection.close());

  const onBad = (): void => {
    badFrames += 1;
    if (badFrames > MAX_BAD_FRAMES) connection.close();
  };
  const greet = (frame: FromComponent | undefined): void => {
    listener = frame?.kind === "hello" ? onHello(frame, link) : undefined;
    cancelLimit();
    if (listener) return;
    isTurnedAway = true;
    link.send({ kind: "stop", deadlineMs: 0 });
    connection.close();
  };
  connection.onData(
    frameReader((raw) => {
      if (isTurnedAway) return;
      const frame = readFromComponent(raw);
      if (!listener) greet(frame);
      else if (frame) listener.onFrame(frame);
      else onBad();
    }, onBad),
  );
  connection.onClose(() => {
    cancelLimit();
    listener?.onClose();
  });
}
