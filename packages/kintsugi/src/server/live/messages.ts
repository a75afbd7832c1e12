/** The messages of a live feed, out of the body of its answer. Runs in a browser as well. */

import { sseReader } from "../client/sse.ts";
import type { LiveDelta, LiveSnapshot } from "./views.ts";

/** `id` is that of the newest fact that was told: what to send as `Last-Event-ID`. */
export type LiveMessage =
  | { readonly kind: "snapshot"; readonly id: number; readonly snapshot: LiveSnapshot }
  | { readonly kind: "delta"; readonly id: number; readonly delta: LiveDelta };

/**
 * Ends when the body does; throws what the body throws, and when it is no live feed.
 *
 * @example
 * for await (const message of liveMessages(response.body)) show(message);
 */
export async function* liveMessages(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<LiveMessage, void> {
  const reader = sseReader();
  const decoder = new TextDecoder();
  for await (const piece of body) {
    for (const { id, type, data } of reader.push(decoder.decode(piece, { stream: true }))) {
      if (type === "snapshot") yield { kind: type, id: Number(id), snapshot: JSON.parse(data) };
      if (type === "delta") yield { kind: type, id: Number(id), delta: JSON.parse(data) };
    }
  }
}
