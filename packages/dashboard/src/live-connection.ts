/**
 * Follows `/api/v1/live`, for ever: a stream that breaks, falls silent or does not begin is ended and
 * asked for anew, from the newest fact that is known.
 *
 *     asking --200--> reading --end, error, silence--> waiting --250 ms .. 2 s, or a nudge--> asking
 *        '------------------------ 401, 403: over -------------------------------------'
 */

import type { Cancel, Clock } from "@kintsugi/policy/base";
import { type LiveMessage, liveMessages } from "kintsugi/live";

import type { Fetch } from "./browser.ts";

export interface LiveConnectionOptions {
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly token: string;
  /** The newest fact that the page has. @defaultValue none */
  readonly lastId?: number | undefined;
  /** Hears each message; a stream begins with a snapshot. */
  readonly onMessage: (message: LiveMessage) => void;
  /** What is shown gets old from here on. Told once for each stream that began. */
  readonly onLost: () => void;
  /** The server does not take this token: nothing is asked any more. */
  readonly onRefused: () => void;
  /** Milliseconds. @defaultValue 250 */
  readonly firstWaitMs?: number;
  /** Milliseconds. @defaultValue 2_000 */
  readonly longestWaitMs?: number;
  /** Milliseconds without a word after which a stream is dead: the server ticks each second. @defaultValue 4_000 */
  readonly silenceMs?: number;
}

export interface LiveConnection {
  /** The newest fact that was told; undefined before the first snapshot. */
  readonly lastId: number | undefined;
  /** Asks at once instead of waiting on: the tab is seen again, or the network is back. */
  nudge(): void;
  close(): void;
}

export function followLive(options: LiveConnectionOptions): LiveConnection {
  const { clock, onMessage, firstWaitMs = 250, longestWaitMs = 2_000 } = options;
  const over = new AbortController();
  let endWait: () => void = () => {};
  let waitMs = firstWaitMs;
  let { lastId } = options;

  const pause = async (): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    endWait = resolve;
    const cancel = clock.after(waitMs, resolve);
    waitMs = Math.min(waitMs * 2, longestWaitMs);
    await promise;
    cancel();
  };
  const hear = (message: LiveMessage): void => {
    onMessage(message);
    lastId = message.id;
    waitMs = firstWaitMs;
  };
  const follow = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const end = await readOnce({ ...options, onMessage: hear }, over.signal, lastId);
      if (over.signal.aborted) return;
      if (end === "refused") return options.onRefused();
      await pause();
    }
  };
  void follow();
  return {
    get lastId() {
      return lastId;
    },
    nudge() {
      waitMs = firstWaitMs;
      endWait();
    },
    close() {
      over.abort();
      endWait();
    },
  };
}

/** One stream, from the request to its end. Never throws. */
async function readOnce(
  options: LiveConnectionOptions,
  over: AbortSignal,
  lastId: number | undefined,
): Promise<"ended" | "refused"> {
  const { token, onMessage, onLost } = options;
  const silence = new Silence(options);
  const signal = AbortSignal.any([over, silence.signal]);
  let hasBegun = false;
  try {
    const headers = {
      accept: "text/event-stream",
      authorization: `Bearer ${token}`,
      ...(lastId !== undefined && { "last-event-id": String(lastId) }),
    };
    const response = await options.fetch("/api/v1/live", { headers, signal });
    if (response.status === 401 || response.status === 403) return "refused";
    if (!response.ok || !response.body) return "ended";
    const pieces = piecesOf(response.body.getReader(), signal, () => silence.heard());
    for await (const message of liveMessages(pieces)) {
      if (over.aborted) break;
      hasBegun ||= message.kind === "snapshot";
      if (hasBegun) onMessage(message);
    }
    return "ended";
  } catch {
    return "ended"; // Whatever ended it: the page says that it is not live, and asks again.
  } finally {
    silence.end();
    if (hasBegun && !over.aborted) onLost();
  }
}

/** What a body brings until it or `signal` ends; then nobody holds it any more. */
async function* piecesOf(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  signal: AbortSignal,
  onHeard: () => void,
): AsyncGenerator<Uint8Array> {
  const cancel = (): void => void reader.cancel().catch(() => {}); // Broken already: it has ended.
  signal.addEventListener("abort", cancel, { once: true });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onHeard();
      yield value;
    }
  } finally {
    signal.removeEventListener("abort", cancel);
    cancel();
  }
}

/** Aborts its signal when nothing was heard for too long. */
class Silence {
  readonly #ended = new AbortController();
  readonly #clock: Clock;
  readonly #ms: number;
  #cancel: Cancel = () => {};

  constructor({ clock, silenceMs = 4_000 }: LiveConnectionOptions) {
    this.#clock = clock;
    this.#ms = silenceMs;
    this.heard();
  }

  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  heard(): void {
    this.#cancel();
    this.#cancel = this.#clock.after(this.#ms, () => this.#ended.abort());
  }

  end(): void {
    this.#cancel();
  }
}
