/** A disk in memory, shared by all programs of a world. It survives them all. */

import { basename, dirname } from "node:path";

import { type Files, lastLines } from "../../host/index.ts";
import type { Life } from "./life.ts";

export class SimulatedDisk {
  readonly #texts = new Map<string, string>();
  readonly #folders = new Set(["/", "/tmp"]);

  /** The disk as one program sees it: after its death it writes no more. */
  filesOf(life: Life): Files {
    const whileAlive = (change: () => void): void => {
      if (!life.ended) change();
    };
    return {
      read: (path) => this.#texts.get(path),
      readBytes: (path) => {
        const text = this.#texts.get(path);
        return text === undefined ? undefined : Buffer.from(text);
      },
      list: (folder) =>
        [...this.#texts.keys()]
          .filter((path) => dirname(path) === folder)
          .map((path) => basename(path))
          .toSorted(),
      writeAtomic: (path, text) => whileAlive(() => this.#write(path, text)),
      writeNew: (path, text) => {
        if (this.#texts.has(path)) return false;
        whileAlive(() => this.#write(path, text));
        return true;
      },
      append: (path, text) => whileAlive(() => this.append(path, text)),
      makeFolder: (path) => whileAlive(() => this.makeFolder(path)),
      remove: (path) => whileAlive(() => void this.#texts.delete(path)),
      exists: (path) => this.#texts.has(path) || this.#folders.has(path),
      sizeBytes: (path) => Buffer.byteLength(this.#texts.get(path) ?? ""),
      tail: (path, maxBytes) => lastLines(Buffer.from(this.#texts.get(path) ?? ""), maxBytes),
      rotate: (path) => whileAlive(() => this.#rotate(path)),
    };
  }

  /** What a test wants to see. */
  read(path: string): string | undefined {
    return this.#texts.get(path);
  }

  append(path: string, text: string): void {
    this.#write(path, (this.#texts.get(path) ?? "") + text);
  }

  makeFolder(path: string): void {
    if (this.#folders.has(path)) return;
    this.makeFolder(dirname(path));
    this.#folders.add(path);
  }

  /** Whether a file may stand there. */
  canHold(path: string): boolean {
    return this.#folders.has(dirname(path));
  }

  #write(path: string, text: string): void {
    if (!this.canHold(path)) throw missing(path);
    this.#texts.set(path, text);
  }

  #rotate(path: string): void {
    const text = this.#texts.get(path);
    if (text === undefined) return;
    this.#texts.set(`${path}.1`, text);
    this.#texts.set(path, "");
  }
}

/** As the machine says it. */
export function missing(path: string): Error {
  const message = `ENOENT: no such file or directory, open '${path}'`;
  return Object.assign(new Error(message), { code: "ENOENT", syscall: "open", path });
}
