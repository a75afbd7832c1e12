/** The last minute of each component's beats, as the page saw them: a silence for each second. */

/** Seconds that a strip holds. */
export const STRIP_SECONDS = 60;

export interface Strip {
  /** Epoch second of the last value. */
  readonly second: number;
  /** Longest silence seen in each second, milliseconds, oldest first; null where nothing was alive. */
  readonly silences: readonly (number | null)[];
}

/** Takes in what is known at `atMs`. Seconds in which nothing was heard of the program stay empty. */
export function withBeat(
  strip: Strip | undefined,
  atMs: number,
  lastBeatAtMs: number | null,
): Strip {
  const second = Math.floor(atMs / 1_000);
  const silence = lastBeatAtMs === null ? null : Math.max(0, atMs - lastBeatAtMs);
  if (!strip || second < strip.second) return { second, silences: [silence] };
  if (second === strip.second) {
    const before = strip.silences.at(-1) ?? null;
    const longest = before === null ? silence : Math.max(before, silence ?? 0);
    if (longest === before) return strip;
    return { second, silences: [...strip.silences.slice(0, -1), longest] };
  }
  const missed = Math.min(second - strip.second - 1, STRIP_SECONDS);
  const gap = Array.from<null>({ length: missed }).fill(null);
  return { second, silences: [...strip.silences, ...gap, silence].slice(-STRIP_SECONDS) };
}
