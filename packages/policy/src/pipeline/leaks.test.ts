import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";

import { manualClock, settled } from "../base/fixtures/clocks.ts";
import type { CallContext } from "../base/index.ts";
import { CircuitBreaker } from "../circuit-breaker/index.ts";
import { RetryPolicy } from "../retry/index.ts";
import { TimeoutPolicy } from "../timeout/index.ts";
import { pipeline } from "./pipeline.ts";

function setup(mode: "aggressive" | "cooperative") {
  const clock = manualClock();
  const guarded = pipeline(
    new RetryPolicy({ clock }),
    new CircuitBreaker({ name: "db", clock }),
    new TimeoutPolicy({ timeoutMs: 1_000, mode, clock }),
  );
  const { signal } = new AbortController();
  const listeners = (): number => getEventListeners(signal, "abort").length;
  return { clock, guarded, signal, listeners };
}

describe.each(["aggressive", "cooperative"] as const)("calls under one signal, %s", (mode) => {
  it("have one listener and one timer together, and leave neither", async () => {
    const { clock, guarded, signal, listeners } = setup(mode);
    const gate = Promise.withResolvers<void>();
    const call = async (context: CallContext): Promise<boolean> => {
      const own = context.signal;
      await gate.promise;
      return own.aborted;
    };
    const running = Array.from({ length: 10_000 }, () => guarded.execute(call, signal));
    expect([listeners(), clock.pending]).toEqual([1, 1]);
    gate.resolve();
    const results = await Promise.all(running);
    await clock.advance(1);
    expect([listeners(), clock.pending]).toEqual([0, 0]);
    expect(results).not.toContain(true);
  });

  it("leave nothing one after the other either", async () => {
    const { clock, guarded, signal, listeners } = setup(mode);
    for (let call = 0; call < 10_000; call += 1) {
      await guarded.execute((context) => context.signal.aborted, signal);
    }
    await settled();
    await clock.advance(1);
    expect([listeners(), clock.pending]).toEqual([0, 0]);
  });
});
