/** Processes under torture: started, spoken with on a loopback socket, stopped and killed. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import { linesOf, type Orders, type ToDriver, type ToProgram } from "./wire.ts";

/** Last words that are kept of a life. */
const LAST_WORDS = 4_000;

type Hear = (life: Life, line: ToDriver) => void;

/** One process, from its start to its end. */
export class Life {
  readonly number: number;
  /** Its process has ended, and all that it had said before has been heard. */
  readonly gone: Promise<void>;
  isGone = false;
  isReady = false;
  /** It has found somebody else with the folder. */
  isWaiting = false;
  /** How it ended, when it has. */
  exit: { readonly code: number | null; readonly signal: string | null } | undefined;
  readonly #child: ChildProcess;
  #socket: Socket | undefined;
  #said = "";

  constructor(number: number, child: ChildProcess) {
    this.number = number;
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (piece: Buffer) => {
        this.#said = (this.#said + piece.toString()).slice(-LAST_WORDS);
      });
    }
    this.gone = this.#end();
  }

  get said(): string {
    return this.#said.trim();
  }

  meet(socket: Socket): void {
    this.#socket = socket;
  }

  send(line: ToProgram): void {
    if (this.#socket?.writable) this.#socket.write(`${JSON.stringify(line)}\n`);
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.gone;
  }

  /** The process does nothing more; what it has asked of the kernel may still be under way. */
  hold(): void {
    this.#child.kill("SIGSTOP");
  }

  /** Resolves when the process stands still, outside of the kernel. */
  async pause(): Promise<void> {
    this.hold();
    while (!this.isGone && !this.#standsStill()) await sleep(1);
  }

  resume(): void {
    this.#child.kill("SIGCONT");
  }

  #standsStill(): boolean {
    try {
      const stat = readFileSync(`/proc/${this.#child.pid}/stat`, "utf8");
      return /^[TZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
    } catch {
      return true; // It is gone.
    }
  }

  async #end(): Promise<void> {
    const [code, signal] = (await once(this.#child, "close")) as [number | null, string | null];
    const socket = this.#socket;
    // Not by `once`, which takes the error of a write that came too late for that of the wait.
    if (socket && !socket.closed) await new Promise((resolve) => socket.once("close", resolve));
    this.exit = { code, signal };
    this.isGone = true;
  }
}

/** What starts lives, one program after or beside the other. */
export class Nursery {
  readonly #bundle: string;
  readonly #orders: Omit<Orders, "life" | "port">;
  readonly #server: Server;
  readonly #lives = new Map<number, Life>();
  #started = 0;

  private constructor(bundle: string, orders: Omit<Orders, "life" | "port">, server: Server) {
    this.#bundle = bundle;
    this.#orders = orders;
    this.#server = server;
  }

  /** `bundle` is the program; `hear` gets each line of each life, in order. */
  static async open(
    bundle: string,
    orders: Omit<Orders, "life" | "port">,
    hear: Hear,
  ): Promise<Nursery> {
    const server = createServer({ noDelay: true });
    const nursery = new Nursery(bundle, orders, server);
    server.on("connection", (socket) => nursery.#met(socket, hear));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return nursery;
  }

  get started(): number {
    return this.#started;
  }

  start(env: Readonly<Record<string, string>> = {}): Life {
    const number = ++this.#started;
    const { port } = this.#server.address() as AddressInfo;
    const orders: Orders = { ...this.#orders, life: number, port };
    const child = spawn(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", this.#bundle, JSON.stringify(orders)],
      { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] },
    );
    const life = new Life(number, child);
    this.#lives.set(number, life);
    void life.gone.then(() => this.#lives.delete(number));
    return life;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#lives.values()].map((life) => life.kill()));
    this.#server.close();
  }

  #met(socket: Socket, hear: Hear): void {
    let life: Life | undefined;
    socket.setEncoding("utf8");
    socket.on("error", () => {}); // It was killed while something was on its way.
    socket.on(
      "data",
      linesOf<ToDriver>((line) => {
        if (line.kind === "hello") {
          life = this.#lives.get(line.life);
          life?.meet(socket);
        }
        // Of one that is known to be dead nothing is heard: it had no run yet when it was killed.
        if (life && !life.isGone) hear(life, line);
      }),
    );
  }
}
