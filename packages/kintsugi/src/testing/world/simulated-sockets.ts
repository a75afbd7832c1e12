/** Unix sockets in memory. What is written arrives in order, a little later, as long as both live. */

import type { Random } from "@kintsugi/policy/base";

import {
  type Connection,
  SocketInUseError,
  type SocketServer,
  type Sockets,
  SocketUnreachableError,
} from "../../host/index.ts";
import type { Life } from "./life.ts";
import { missing, type SimulatedDisk } from "./simulated-files.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** The longest way through the kernel; the shortest takes no time at all. */
const LONGEST_WAY_MS = 2;

/** As on the real machine: who lets this much lie unread is cut off. */
const WAITING_LIMIT = 1_048_576;

interface Listener {
  readonly life: Life;
  readonly onConnection: (connection: Connection) => void;
  readonly accepted: Set<SimulatedConnection>;
}

export class SimulatedNetwork {
  readonly #listeners = new Map<string, Listener>();
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #disk: SimulatedDisk;

  constructor(clock: VirtualClock, random: Random, disk: SimulatedDisk) {
    this.#clock = clock;
    this.#random = random;
    this.#disk = disk;
  }

  socketsOf(life: Life): Sockets {
    return {
      listen: (path, onConnection) => this.#listen(life, path, onConnection),
      connect: (path) => this.#connect(life, path),
    };
  }

  #listen(
    life: Life,
    path: string,
    onConnection: (connection: Connection) => void,
  ): Promise<SocketServer> {
    return this.#later(life, () => {
      if (!this.#disk.canHold(path)) throw missing(path);
      if (this.#listeners.has(path)) throw new SocketInUseError(path);
      const listener: Listener = { life, onConnection, accepted: new Set() };
      this.#listeners.set(path, listener);
      const stop = (): void => {
        if (this.#listeners.get(path) === listener) this.#listeners.delete(path);
      };
      const forget = life.onEnd(stop);
      return {
        close: () => {
          forget();
          stop();
          for (const connection of listener.accepted) connection.close();
          return this.#later(life, () => {});
        },
      };
    });
  }

  #connect(life: Life, path: string): Promise<Connection> {
    return this.#later(life, () => {
      const listener = this.#listeners.get(path);
      if (!listener) throw new SocketUnreachableError(path);
      const here = new SimulatedConnection(life, this.#clock, this.#random);
      const there = new SimulatedConnection(listener.life, this.#clock, this.#random);
      here.join(there);
      there.join(here);
      listener.accepted.add(there);
      there.onceClosed(() => listener.accepted.delete(there));
      this.#clock.immediate(() => listener.life.deliver(() => listener.onConnection(there)));
      return here;
    });
  }

  /** What the kernel answers, to a program that is still there to hear it. */
  #later<T>(life: Life, answer: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#clock.after(wayMs(this.#random), () => {
        if (life.ended) return;
        try {
          const value = answer();
          life.deliver(() => resolve(value));
        } catch (error) {
          life.deliver(() => reject(error));
        }
      });
    });
  }
}

class SimulatedConnection implements Connection {
  readonly #life: Life;
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #forgetLife: () => void;
  #peer: SimulatedConnection | undefined;
  #closed = false;
  /** Characters that this side was sent and has not taken. */
  #unread = 0;
  #lastArrivalMs = 0;
  #waiting = "";
  #onData: ((text: string) => void) | undefined;
  #onClose: (() => void) | undefined;
  #onceClosed: (() => void) | undefined;

  constructor(life: Life, clock: VirtualClock, random: Random) {
    this.#life = life;
    this.#clock = clock;
    this.#random = random;
    this.#forgetLife = life.onEnd(() => this.close());
  }

  join(peer: SimulatedConnection): void {
    this.#peer = peer;
  }

  onceClosed(fn: () => void): void {
    this.#onceClosed = fn;
  }

  write(text: string): void {
    const peer = this.#peer;
    if (this.#closed || this.#life.ended || !peer || peer.#closed) return;
    peer.#unread += text.length;
    if (peer.#unread > WAITING_LIMIT) {
      this.close();
      return;
    }
    peer.#arrive(() => peer.#take(text));
  }

  close(): void {
    if (this.#closed) return;
    this.#shut();
    const peer = this.#peer;
    if (peer) peer.#arrive(() => peer.#shut());
  }

  onData(listener: (text: string) => void): void {
    this.#onData = listener;
    const waiting = this.#waiting;
    this.#waiting = "";
    this.#unread -= waiting.length;
    if (waiting !== "") listener(waiting);
  }

  onClose(listener: () => void): void {
    this.#onClose = listener;
    if (this.#closed) this.#clock.immediate(() => this.#life.deliver(listener));
  }

  /** Nothing overtakes what was sent before it. */
  #arrive(fn: () => void): void {
    const nowMs = this.#clock.monotonicMs();
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, nowMs + wayMs(this.#random));
    this.#clock.after(this.#lastArrivalMs - nowMs, () => this.#life.deliver(fn));
  }

  #take(text: string): void {
    if (this.#closed) return;
    if (!this.#onData) {
      this.#waiting += text;
      return;
    }
    this.#unread -= text.length;
    this.#onData(text);
  }

  #shut(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#forgetLife();
    this.#onceClosed?.();
    const onClose = this.#onClose;
    if (onClose) this.#clock.immediate(() => this.#life.deliver(onClose));
  }
}

const wayMs = (random: Random): number => Math.floor(random.next() * (LONGEST_WAY_MS + 1));
