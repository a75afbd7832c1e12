/**
 * Reads server-sent events out of text that arrives in pieces.
 * Format: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */

/** One event as it came: `id` is null when the event had none of its own. */
export interface SentEvent {
  readonly id: string | null;
  readonly type: string;
  readonly data: string;
}

interface SseReader {
  /** Takes in the next piece; gives the events that it completes. */
  push(text: string): readonly SentEvent[];
}

/** A server that sends so much without an end of a line is broken or hostile. */
const LONGEST_LINE = 4 * 2 ** 20;

/** @throws {@link RangeError} from `push`, when a line or the lines of one event never end. */
export function sseReader(): SseReader {
  let rest = "";
  let id: string | null = null;
  let type = "";
  let lines: string[] = [];
  let size = 0;

  const take = (line: string): SentEvent | undefined => {
    if (line === "") return dispatch();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "id") id = value;
    if (field === "event") type = value;
    if (field === "data") {
      lines.push(value);
      size += value.length;
    }
    return undefined;
  };
  const dispatch = (): SentEvent | undefined => {
    const event = { id, type: type || "message", data: lines.join("\n") };
    const isEmpty = lines.length === 0;
    [id, type, lines, size] = [null, "", [], 0];
    return isEmpty ? undefined : event;
  };

  return {
    push(text) {
      const whole = rest + text;
      // A carriage return at the very end may be half of a line's end: it waits for the next piece.
      const parts = whole.split(/\r\n|\n|\r(?!$)/);
      rest = parts.pop() ?? "";
      const events = parts.flatMap((line) => take(line) ?? []);
      if (rest.length + size > LONGEST_LINE) throw new RangeError("An event without an end");
      return events;
    },
  };
}
