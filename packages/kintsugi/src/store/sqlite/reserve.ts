/** Room on the disk that is kept back, so that a full disk leaves enough to journal a cleanup. */

import type { Files } from "../../host/index.ts";

export interface Reserve {
  /** Gives the room up. */
  free(): void;
  /** Takes it. False while there is no room. */
  take(): boolean;
}

const RESERVE_BYTES = 2 ** 20;

/** Room that must be there to take the reserve again: else full and room would alternate. */
const ROOM_BYTES = 4 * RESERVE_BYTES;

/** Longer logs are not tried out in full; one that long has met no small limit. */
const LONGEST_PROBE_BYTES = 64 * RESERVE_BYTES;

/** More than one write of SQLite, so that a probe reaches beyond where the log ended. */
const BEYOND_BYTES = 64 * 1_024;

/** No reserve: a full disk counts as full until a commit finds room. */
export const noReserve: Reserve = { free: () => {}, take: () => true };

/** A reserve in a file of its own. It is taken at once when there is room. */
export function openReserve(file: string, files: Files): Reserve {
  if (!files.exists(file)) hasRoom(() => files.writeAtomic(file, filling(RESERVE_BYTES)));
  return {
    free: () => files.remove(file),
    take: () =>
      files.exists(file) ||
      (hasRoomFor(file, ROOM_BYTES, files) &&
        hasRoom(() => files.writeAtomic(file, filling(RESERVE_BYTES)))),
  };
}

/**
 * Whether a write to the log failed for want of room. SQLite hides the error's number unless it is
 * ENOSPC, so a file that is as long as the log is tried out: a quota and a limit show there.
 */
export function isOutOfRoom(log: string, files: Files): boolean {
  const bytes = Math.min(files.sizeBytes(log), LONGEST_PROBE_BYTES) + BEYOND_BYTES;
  return !hasRoomFor(log, bytes, files);
}

function hasRoomFor(beside: string, bytes: number, files: Files): boolean {
  const probe = `${beside}.probe`;
  const found = hasRoom(() => files.writeAtomic(probe, filling(bytes)));
  files.remove(probe);
  return found;
}

/** True also when it fails for another reason: then waiting for room would not help. */
function hasRoom(write: () => void): boolean {
  try {
    write();
    return true;
  } catch (error) {
    return !NO_ROOM.has(String((error as { readonly code?: unknown }).code));
  }
}

const NO_ROOM: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

const filling = (bytes: number): string => "\0".repeat(bytes);
