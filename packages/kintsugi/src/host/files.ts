/** Small files of ours on the disk of this machine. */

import {
  appendFileSync,
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, resolve } from "node:path";

import { errnoOf } from "./errno.ts";
import type { Files } from "./ports.ts";

const OWNER_ONLY_FILE = 0o600;
const OWNER_ONLY_FOLDER = 0o700;

export const systemFiles: Files = {
  read(path) {
    return unlessMissing(() => readFileSync(path, "utf8"));
  },
  readBytes(path) {
    return unlessMissing(() => readFileSync(path));
  },
  list(folder) {
    const entries = unlessMissing(() => readdirSync(folder, { withFileTypes: true })) ?? [];
    return entries
      .filter((entry) => entry.isFile())
      .map(({ name }) => name)
      .toSorted();
  },
  writeAtomic(path, text, mode = OWNER_ONLY_FILE) {
    const beside = `${path}.${process.pid}.tmp`;
    try {
      writeSynced(beside, text, mode);
      renameSync(beside, path);
    } catch (error) {
      rmSync(beside, { force: true });
      throw error;
    }
    syncFolder(dirname(path));
  },
  writeNew(path, text, mode = OWNER_ONLY_FILE) {
    const beside = `${path}.${process.pid}.tmp`;
    try {
      writeSynced(beside, text, mode);
      if (!linkNew(beside, path)) return false;
    } finally {
      rmSync(beside, { force: true });
    }
    syncFolder(dirname(path));
    return true;
  },
  append(path, text) {
    appendFileSync(path, text, { mode: OWNER_ONLY_FILE });
  },
  makeFolder(path, mode = OWNER_ONLY_FOLDER) {
    const first = mkdirSync(path, { recursive: true, mode });
    if (first === undefined) return;
    // What is written there is on the disk only when the way to it is.
    for (let made = resolve(path); made.length >= first.length; made = dirname(made)) {
      syncFolder(dirname(made));
    }
  },
  remove(path) {
    unlessMissing(() => {
      rmSync(path);
      syncFolder(dirname(path));
    });
  },
  exists: (path) => existsSync(path),
  sizeBytes: (path) => statSync(path, { throwIfNoEntry: false })?.size ?? 0,
  tail(path, maxBytes) {
    return unlessMissing(() => readTail(path, maxBytes)) ?? "";
  },
  rotate(path) {
    unlessMissing(() => {
      copyFileSync(path, `${path}.1`);
      truncateSync(path, 0);
    });
  },
};

function unlessMissing<T>(access: () => T): T | undefined {
  try {
    return access();
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

function writeSynced(path: string, text: string, mode: number): void {
  rmSync(path, { force: true }); // A file of an earlier try would keep its mode.
  const file = openSync(path, "wx", mode);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** What file systems without links answer: FAT, exFAT, and some that are mounted over a network. */
const NO_LINKS: ReadonlySet<string> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]);

/**
 * Gives a file its name unless the name is taken; false when it is. A link does that in one step, where
 * rename(2) would take the place of a file that is there. Where no links can be made it is looked first,
 * which two processes at the same moment get past.
 */
function linkNew(file: string, name: string): boolean {
  try {
    linkSync(file, name);
    return true;
  } catch (error) {
    const errno = errnoOf(error) ?? "";
    if (errno === "EEXIST") return false;
    if (!NO_LINKS.has(errno)) throw error;
  }
  if (existsSync(name)) return false;
  renameSync(file, name);
  return true;
}

/** What was renamed or removed is so on the disk only when its folder is there. */
function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function readTail(path: string, maxBytes: number): string {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(size, maxBytes + 1));
    const length = readSync(file, bytes, 0, bytes.length, size - bytes.length);
    return lastLines(bytes.subarray(0, length), maxBytes);
  } finally {
    closeSync(file);
  }
}

/**
 * The last `maxBytes` of a text as whole lines; of a line that is longer, its end. One byte more tells
 * whether the first of them begins a line.
 */
export function lastLines(bytes: Buffer, maxBytes: number): string {
  if (bytes.length <= maxBytes) return bytes.toString("utf8");
  const window = bytes.subarray(bytes.length - maxBytes - 1);
  const newline = window.indexOf("\n");
  const isWhole = newline >= 0 && newline < window.length - 1;
  if (isWhole) return window.toString("utf8", newline + 1);
  return window.toString("utf8", 1).replace(/^\uFFFD+/, ""); // The cut may go through a letter.
}

/** `TypeError: x is not a function`, `AssertionError [ERR_ASSERTION]: ...`, `torch.OutOfMemoryError: ...`. */
const ERROR_LINE = /^(?:Uncaught )?(?:[\w$.]*(?:Error|Exception)(?: \[\w+\])?|FATAL ERROR): \S/;

/** What runtimes print after the error itself: stacks, closing brackets, hints and versions. */
const AFTERMATH = /^\s*(?:at \S|[}\]^]|Node\.js v\d|\(Use `node |\d+: 0x|-----|\S+ \[0x)/;

/**
 * The line of a program's last output that says best why it ended: the last one, or, where that is only
 * the end of an error's stack, the line that names the error. "" when there is none.
 */
export function causeOf(stderrTail: string): string {
  const lines = stderrTail.split("\n").filter((line) => line.trim() !== "");
  const last = lines.at(-1);
  if (last === undefined) return "";
  if (!AFTERMATH.test(last)) return last.trim();
  const isMessage = (line: string): boolean => !AFTERMATH.test(line) && !/^\s/.test(line);
  return (
    lines.findLast((line) => ERROR_LINE.test(line)) ??
    lines.findLast(isMessage) ??
    last
  ).trim();
}
