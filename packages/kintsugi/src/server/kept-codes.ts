/** Codes that a later life of the runtime takes as well: whoever opens the page does not feel a crash. */

import type { Clock, ErrorReporter } from "@kintsugi/policy/base";

import type { Files } from "../host/index.ts";
import { CODE_LIFE_MS, type CodesState, MOST_CODES, noCodes } from "./codes-state.ts";

export interface CodeShelf {
  readonly files: Pick<Files, "read" | "writeAtomic">;
  /** Hashes and ends, mode 600; written by the owner of the data folder. */
  readonly file: string;
}

const OWNER_ONLY = 0o600;

/** What an earlier life left; nothing where the file holds something else. */
export function loadCodes(
  { files, file }: CodeShelf,
  clock: Clock,
  onError: ErrorReporter,
): CodesState {
  try {
    const kept: unknown = JSON.parse(files.read(file) ?? "[]");
    if (!Array.isArray(kept) || !kept.every(isKeptCode)) throw new Error(`${file} holds no codes`);
    const outstanding = kept.slice(-MOST_CODES).map(({ hash, untilEpochMs }) => {
      // A wall clock that was set back must not lengthen a code's life.
      const leftMs = Math.min(untilEpochMs - clock.epochMs(), CODE_LIFE_MS);
      return { hash, untilMs: clock.monotonicMs() + leftMs };
    });
    return { ...noCodes, outstanding };
  } catch (error) {
    onError(error); // Then a fresh address is asked for, and the program goes on.
    return noCodes;
  }
}

/** @throws what the machine says, for instance that the disk is full. */
export function keepCodes(
  { files, file }: CodeShelf,
  { outstanding }: CodesState,
  clock: Clock,
): void {
  const kept = outstanding.map(({ hash, untilMs }) => ({
    hash,
    untilEpochMs: Math.round(clock.epochMs() + untilMs - clock.monotonicMs()),
  }));
  files.writeAtomic(file, `${JSON.stringify(kept)}\n`, OWNER_ONLY);
}

function isKeptCode(value: unknown): value is { hash: string; untilEpochMs: number } {
  const { hash, untilEpochMs } = Object(value) as { hash?: unknown; untilEpochMs?: unknown };
  return (
    typeof hash === "string" && /^[0-9a-f]{64}$/.test(hash) && typeof untilEpochMs === "number"
  );
}
