/** What a server says when its call has been left behind. */

import { expect, it } from "vitest";

import { manualClock, settled } from "../base/fixtures/clocks.ts";
import { pipeline } from "../pipeline/index.ts";
import { TimeoutPolicy } from "../timeout/index.ts";
import { RateLimiter } from "./rate-limiter.ts";
import { RateLimitedError } from "./rate-options.ts";

/** A call that is given up after 50 ms, and what it throws then; gives how long the limiter pauses. */
async function pausedMs(late: unknown, signal?: AbortSignal): Promise<number> {
  const clock = manualClock();
  const limiter = new RateLimiter({ name: "model", requestsPerMinute: 9, clock });
  const work = Promise.withResolvers<never>();
  const limited = pipeline(limiter, new TimeoutPolicy({ timeoutMs: 50, clock }));
  const end = limited.execute(() => work.promise, signal).catch(() => {});
  await clock.advance(50);
  await end;
  work.reject(late);
  await settled();
  return limiter.stats().pausedMs;
}

it.each([undefined, new AbortController().signal])(
  "a server that asks to be left alone is heard though nobody waits for its answer, under a signal or none",
  async (signal) => {
    const busy = { status: 429, headers: { "retry-after": "3" } };
    await expect(pausedMs(busy, signal)).resolves.toBe(3_000);
    await expect(pausedMs({ status: 404 }, signal)).resolves.toBe(0);
  },
);

it("a refusal further in is no word of the server", async () => {
  await expect(pausedMs(new RateLimitedError("inner", "spent", 3_000))).resolves.toBe(0);
});
