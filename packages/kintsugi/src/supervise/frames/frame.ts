/**
 * The codec of all our sockets: one JSON object a line, `{"v":1,"kind":"...", ...}`.
 * A reader that meets what it does not know says so and reads on: the other side may be newer, older
 * or no program of ours at all.
 */

/** What the other side said, of this version but not looked at any further. */
export interface Frame {
  readonly v: 1;
  readonly kind: string;
  readonly [field: string]: unknown;
}

/** The one version that there has been so far. */
const VERSION = 1;

/** Longest line that is read, in characters: no side can make the other hold more than this. */
export const MAX_LINE_LENGTH: number = 64 * 1024;

/**
 * One line for the wire, its version put in front.
 *
 * @throws {@link RangeError} when the line is longer than any reader takes.
 */
export function encodeFrame(frame: { readonly kind: string }): string {
  const line = JSON.stringify({ v: VERSION, ...frame });
  if (line.length <= MAX_LINE_LENGTH) return `${line}\n`;
  throw new RangeError(
    `A frame may have ${MAX_LINE_LENGTH} characters; this "${frame.kind}" has ${line.length}`,
  );
}

/**
 * Takes text in whatever pieces it arrives and tells each frame once it is whole. Never throws for
 * what it reads: `onBad` gets a sentence about each line that is no frame of ours.
 *
 * @example
 * connection.onData(frameReader((frame) => obey(frame), (why) => warn(why)));
 */
export function frameReader(
  onFrame: (frame: Frame) => void,
  onBad: (why: string) => void,
): (text: string) => void {
  let rest = "";
  let skipping = false;

  const readLine = (line: string): void => {
    if (line.trim() === "") return;
    const frame = decode(line);
    if (typeof frame === "string") onBad(frame);
    else onFrame(frame);
  };
  const take = (piece: string): void => {
    if (!skipping && piece.length > MAX_LINE_LENGTH) {
      onBad(`A line is longer than ${MAX_LINE_LENGTH} characters; it is skipped`);
      skipping = true;
    }
    rest = skipping ? "" : piece;
  };

  return (text) => {
    const pieces = (rest + text).split("\n");
    const last = pieces.pop() ?? "";
    for (const piece of pieces) {
      take(piece);
      if (!skipping) readLine(piece);
      skipping = false;
    }
    take(last);
  };
}

/** The frame of a line, or a sentence that says why it is none. */
function decode(line: string): Frame | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return `A line is not JSON: ${excerpt(line)}`;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return `A line is not a frame: ${excerpt(line)}`;
  }
  const { v, kind } = value as Partial<Frame>;
  if (v !== VERSION) return `A frame has version ${JSON.stringify(v)}, ours is ${VERSION}`;
  if (typeof kind !== "string") return `A frame has no kind: ${excerpt(line)}`;
  return value as Frame;
}

const excerpt = (line: string): string => JSON.stringify(line.slice(0, 80));
