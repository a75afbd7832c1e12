/** A minute of beats, drawn: a low tick for each second with one, a bar that grows with silence. */

import { type FunctionComponent, memo, type ReactElement } from "react";

import { STRIP_SECONDS, type Strip } from "./heartbeat-strip.ts";
import { span } from "./words.ts";

const STEP = 2;
const HEIGHT = 16;
/** A silence of this many milliseconds fills the height. */
const FULL_MS = 5_000;
/** Below this a second counts as one with a beat. */
const LOUD_MS = 1_500;

export interface HeartbeatStripProps {
  readonly strip: Strip | undefined;
}

export const HeartbeatStrip: FunctionComponent<HeartbeatStripProps> = memo(function HeartbeatStrip({
  strip,
}: HeartbeatStripProps): ReactElement {
  const silences = strip?.silences ?? [];
  const first = STRIP_SECONDS - silences.length;
  const longest = Math.max(0, ...silences.map((silence) => silence ?? 0));
  return (
    <svg
      className="strip"
      viewBox={`0 0 ${STRIP_SECONDS * STEP} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
    >
      <title>{`Beats of the last minute; the longest silence was ${span(longest)}`}</title>
      <path className="ground" d={`M0 ${HEIGHT - 0.5}h${STRIP_SECONDS * STEP}`} />
      <path className="beats" d={bars(silences, first, (silence) => silence < LOUD_MS)} />
      <path className="silences" d={bars(silences, first, (silence) => silence >= LOUD_MS)} />
    </svg>
  );
});

function bars(
  silences: readonly (number | null)[],
  first: number,
  isMine: (silence: number) => boolean,
): string {
  return silences
    .map((silence, place) => {
      if (silence === null || !isMine(silence)) return "";
      const height = Math.min(HEIGHT, 3 + (silence / FULL_MS) * (HEIGHT - 3));
      return `M${(first + place) * STEP + 1} ${HEIGHT}v${-height.toFixed(1)}`;
    })
    .join("");
}
