/** Ids of whatever letters as names that every place takes, each its own. */

import { createHash } from "node:crypto";

import { shown } from "@kintsugi/policy/base";

/** Letters of an id that an error shows. */
const SHOWN = 100;

/** An id for a sentence: as text in quotes, cut where it is long. */
export function idShown(id: string): string {
  return JSON.stringify(id.length > SHOWN ? `${id.slice(0, SHOWN)}...` : id);
}

/** @throws {@link RangeError} when it is no id: empty, or with half a letter in it. */
export function checkId(id: string): string {
  if (typeof id === "string" && id !== "" && id.isWellFormed()) return id;
  throw new RangeError(
    `A checkpoint needs an id, a well-formed text that is not empty, got ${idGot(id)}`,
  );
}

function idGot(id: unknown): string {
  if (typeof id !== "string") return shown(id);
  return id === "" ? "an empty text" : "a text with half a letter in it";
}

/** Keys of S3 take 1,024 bytes, names of files 255. */
const LONGEST_NAME = 200;

/**
 * The name of an id where letters, digits, `-`, `_` and `.` are all that may stand: other bytes are `_` and
 * two hexadecimal digits. Of a long one it is the beginning, and after a `.` its hash.
 *
 * @throws {@link RangeError} when it is no id.
 */
export function plainName(id: string): string {
  const bytes = Buffer.from(checkId(id), "utf8");
  const name = bytes
    .subarray(0, LONGEST_NAME + 1)
    .toString("latin1")
    .replace(
      /[^A-Za-z0-9-]/g,
      (letter) => `_${letter.charCodeAt(0).toString(16).padStart(2, "0")}`,
    );
  if (bytes.length <= LONGEST_NAME && name.length <= LONGEST_NAME) return name;
  return `${name.slice(0, 60)}.${hashOf(id)}`;
}

export const hashOf = (id: string): string => createHash("sha256").update(id).digest("hex");
