/** The watchdog's own log: it has no store, so it appends to a file that the runtime takes in at boot. */

import type { Clock } from "@kintsugi/policy/base";

import type { Files, ProcessIdentity } from "../host/index.ts";
import type { WatchdogEvent } from "./types.ts";

/** The file is begun anew at this size; the one before it is kept. */
const ROTATE_AT_BYTES = 512 * 1024;

/** Events that are held while the disk is full; the oldest go first. */
const MOST_HELD = 200;

interface EventLogOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly path: string;
  /** Who writes: an identity and a number name an event for ever. A UUID would cost 4 MiB of modules. */
  readonly self: ProcessIdentity;
}

export class EventLog {
  readonly #options: EventLogOptions;
  /** Not yet on the disk. */
  #held: readonly WatchdogEvent[] = [];
  #count = 0;
  /** What was there before may end in half a line: the first write begins a new one. */
  #separator = "\n";

  constructor(options: EventLogOptions) {
    this.#options = options;
  }

  /** Makes an event of what happened and writes it; while that fails, it is held for the next time. */
  add(type: WatchdogEvent["type"], payload: WatchdogEvent["payload"]): WatchdogEvent {
    const { clock, self } = this.#options;
    this.#count += 1;
    const id = `${self.bootId}/${self.startTicks}/${self.pid}/${this.#count}`;
    const event = { id, atMs: clock.epochMs(), type, payload };
    this.#held = [...this.#held, event].slice(-MOST_HELD);
    this.flush();
    return event;
  }

  /** Tries to write what is held. */
  flush(): void {
    if (this.#held.length === 0) return;
    const { files, path } = this.#options;
    try {
      if (files.sizeBytes(path) > ROTATE_AT_BYTES) files.rotate(path);
      const lines = this.#held.map((event) => `${JSON.stringify(event)}\n`).join("");
      files.append(path, `${this.#separator}${lines}`);
      this.#separator = "";
      this.#held = [];
    } catch {
      // The disk is full or gone. The events are held, and supervision goes on.
    }
  }
}

/**
 * All events that the file and the one before it hold, oldest first. Some may have been taken in before:
 * the id tells. A line that a crash cut off is left out.
 */
export function readWatchdogEvents(files: Files, path: string): readonly WatchdogEvent[] {
  return [`${path}.1`, path].flatMap((each) => (files.read(each) ?? "").split("\n").flatMap(parse));
}

function parse(line: string): readonly WatchdogEvent[] {
  if (line.trim() === "") return [];
  try {
    const event = JSON.parse(line) as WatchdogEvent | null;
    const isWhole = typeof event?.id === "string" && typeof event.type === "string";
    return isWhole && typeof event.atMs === "number" ? [event] : [];
  } catch {
    return [];
  }
}
