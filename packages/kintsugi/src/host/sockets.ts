/** Unix sockets of this machine. */

import { chmodSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";

import { errnoOf } from "./errno.ts";
import { SocketInUseError, SocketPathTooLongError, SocketUnreachableError } from "./errors.ts";
import type { Connection, SocketServer, Sockets } from "./ports.ts";

/** The shortest limit of the kernels we know: macOS takes 104 bytes with the final zero, Linux 108. */
export const SOCKET_PATH_LIMIT_BYTES = 103;

/**
 * Text that may wait for the other side to read it, or for our side to ask for it. Frames are a few
 * hundred bytes: who leaves this much lying does not read at all, and is cut off.
 */
export const WAITING_LIMIT_BYTES = 1_048_576;

/** Time for the last words to leave after `close()`, before the connection is cut. */
const LAST_WORDS_MS = 1_000;

export const systemSockets: Sockets = {
  async listen(path, onConnection) {
    checkLength(path);
    const open = new Set<SocketConnection>();
    const server = createServer((socket) => {
      const connection = new SocketConnection(socket);
      open.add(connection);
      socket.once("close", () => open.delete(connection));
      onConnection(connection);
    });
    await listenReplacingStale(server, path);
    return new UnixServer(server, open);
  },
  async connect(path) {
    checkLength(path);
    return new SocketConnection(await dial(path));
  },
};

class UnixServer implements SocketServer {
  readonly #server: Server;
  readonly #open: ReadonlySet<Connection>;

  constructor(server: Server, open: ReadonlySet<Connection>) {
    this.#server = server;
    this.#open = open;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve()); // Its only error is that it was closed before.
      for (const connection of this.#open) connection.close();
    });
  }
}

class SocketConnection implements Connection {
  readonly #socket: Socket;
  #waiting = "";
  #closing = false;
  #closed = false;
  #onData: ((text: string) => void) | undefined;
  #onClose: (() => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("utf8");
    socket.on("data", (text) => this.#take(String(text)));
    socket.on("error", () => socket.destroy()); // The close that follows is what is told.
    socket.once("close", () => {
      this.#closed = true;
      this.#onClose?.();
    });
  }

  write(text: string): void {
    if (this.#closing || this.#closed) return;
    this.#socket.write(text);
    if (this.#socket.writableLength > WAITING_LIMIT_BYTES) this.#socket.destroy();
  }

  close(): void {
    if (this.#closing || this.#closed) return;
    this.#closing = true;
    this.#socket.destroySoon();
    const cut = setTimeout(() => this.#socket.destroy(), LAST_WORDS_MS).unref();
    this.#socket.once("close", () => clearTimeout(cut));
  }

  onData(listener: (text: string) => void): void {
    this.#onData = listener;
    const waiting = this.#waiting;
    this.#waiting = "";
    if (waiting !== "") listener(waiting);
  }

  onClose(listener: () => void): void {
    this.#onClose = listener;
    if (this.#closed) queueMicrotask(listener);
  }

  #take(text: string): void {
    if (this.#closing) return;
    if (this.#onData) {
      this.#onData(text);
      return;
    }
    this.#waiting += text;
    if (this.#waiting.length > WAITING_LIMIT_BYTES) this.#socket.destroy();
  }
}

function checkLength(path: string): void {
  if (Buffer.byteLength(path) > SOCKET_PATH_LIMIT_BYTES) {
    throw new SocketPathTooLongError(path, SOCKET_PATH_LIMIT_BYTES);
  }
}

function dial(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const fail = (error: Error): void => reject(new SocketUnreachableError(path, error));
    socket.once("error", fail);
    socket.once("connect", () => {
      socket.off("error", fail);
      resolve(socket);
    });
  });
}

/**
 * A socket file outlives a process that was killed, and then nobody answers behind it. Two processes
 * that come here at once are kept apart by the owner lock, not by this.
 */
async function listenReplacingStale(server: Server, path: string): Promise<void> {
  try {
    await listen(server, path);
  } catch (error) {
    if (errnoOf(error) !== "EADDRINUSE") throw error;
    if (await answers(path)) throw new SocketInUseError(path);
    rmSync(path, { force: true });
    await listen(server, path);
  }
  chmodSync(path, 0o600);
  // A connection that could not be taken, for want of files, is the dialler's to try again.
  server.on("error", () => {});
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** Only a plain refusal proves that nobody is there: a full queue, for one, is somebody busy. */
async function answers(path: string): Promise<boolean> {
  try {
    (await dial(path)).destroy();
    return true;
  } catch (error) {
    const errno = errnoOf((error as Error).cause);
    return errno !== "ECONNREFUSED" && errno !== "ENOENT";
  }
}
