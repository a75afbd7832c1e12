/** Why a file cannot be opened, in one sentence each, with what to do. */

import { toError } from "@kintsugi/policy/base";

import { StoreUnusableError, StoreUsageError } from "../errors.ts";
import { troubleOf } from "./result-codes.ts";

export function refuseFormat(file: string, found: unknown, known: number): StoreUnusableError {
  return unusable(
    file,
    `has format ${found}, this program knows format ${known}: start the newer one that wrote it`,
  );
}

export function refuseForeign(file: string): StoreUnusableError {
  return unusable(
    file,
    "is a database of another program: move it aside, or use another data folder",
  );
}

export function refuseWithoutLog(file: string): StoreUnusableError {
  return unusable(file, "lies where no write-ahead log can be kept: use a local disk");
}

export function refuseCorrupt(file: string, finding: string, cause?: unknown): StoreUnusableError {
  const cure = "move it aside to begin anew, or restore a backup";
  return unusable(file, `is corrupt (${finding}): ${cure}`, cause);
}

/** What went wrong while the file was looked at or opened. */
export function refuseOpening(file: string, cause: unknown, outOfRoom: boolean): Error {
  if (cause instanceof StoreUnusableError || cause instanceof StoreUsageError) return cause;
  const { message } = toError(cause);
  const trouble = outOfRoom ? "full" : troubleOf(cause);
  switch (trouble) {
    case "full":
      return unusable(
        file,
        "cannot be opened, as its disk is full: make room and start again",
        cause,
      );
    case "busy":
      return unusable(
        file,
        "is open in another process: stop that, or use another data folder",
        cause,
      );
    case "not a database":
      return unusable(
        file,
        "is not a database: move it aside to begin anew, or restore a backup",
        cause,
      );
    case "corrupt":
      return refuseCorrupt(file, message, cause);
    case "no access":
      return unusable(
        file,
        `cannot be opened for writing (${message}): make it and its folder writable for this user`,
        cause,
      );
    case "write":
    case "other":
      return unusable(file, `cannot be opened (${message}): check its disk`, cause);
  }
}

const unusable = (file: string, why: string, cause?: unknown): StoreUnusableError =>
  new StoreUnusableError(file, `The store ${file} ${why}. Nothing was changed`, cause);
