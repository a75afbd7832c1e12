import { getEventListeners } from "node:events";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";

import { manualClock, settled } from "../base/fixtures/clocks.ts";
import type { CallContext, Policy } from "../base/index.ts";
import { Bulkhead } from "../bulkhead/index.ts";
import { CircuitBreaker } from "../circuit-breaker/index.ts";
import { RetryPolicy } from "../retry/index.ts";
import { TimeoutPolicy } from "../timeout/index.ts";
import { pipeline } from "./pipeline.ts";

/** The same policy, which does not say what it is in a frame: so it is nested. */
const nested = (policy: Policy): Policy => ({
  execute: (call, signal) => policy.execute(call, signal),
  within: (call, context) =>
    policy.within ? policy.within(call, context) : policy.execute(call, context.signal),
});

/**
 * Spans of policies are whole seconds, here of a million parts. Callers come, and attempts end, at parts of
 * their own, also when a queue has shifted them: what happens to two of them at once is in no order that
 * anybody may count on.
 */
const SECOND = 1_000_000;

/** A part of a second for each number, scattered so that sums of a few of them hardly meet. */
const partOf = (number: number): number => (number * 7_919 * 104_729) % 499_979;

/** What an attempt does: it ends after a while, with or without regard to its signal. */
interface Script {
  readonly afterMs: number;
  readonly how: "returns" | "throws" | "refuses the request" | "throws at once" | "returns at once";
  readonly heeds: boolean;
}

interface Caller {
  readonly startMs: number;
  readonly abortMs: number | undefined;
  readonly attempts: readonly Script[];
}

const silent: Script = { afterMs: 10 * SECOND, how: "returns", heeds: true };

/** Runs the callers under the policies; returns all that anybody could have seen. */
async function history(
  isNested: boolean,
  mode: "aggressive" | "cooperative",
  callers: readonly Caller[],
) {
  const clock = manualClock();
  const breaker = new CircuitBreaker({
    name: "db",
    failureThreshold: 3,
    timeout: 150 * SECOND,
    clock,
  });
  const bulkhead = new Bulkhead({ name: "db", maxConcurrent: 2, maxQueue: 1, clock });
  const retry = new RetryPolicy({
    initialDelayMs: 20 * SECOND,
    maxDelayMs: 90 * SECOND,
    jitterFactor: 0,
    clock,
  });
  // A timer for each: two that begin together are then due together, fused or not.
  const timeout = new TimeoutPolicy({ timeoutMs: 100 * SECOND, mode, exact: true, clock });
  const policies: readonly Policy[] = [retry, breaker, bulkhead, timeout];
  const guarded = pipeline(...(isNested ? policies.map(nested) : policies));
  const log: string[] = [];
  const say = (what: string): void => void log.push(`${clock.monotonicMs()} ${what}`);
  const signals: AbortSignal[] = [];
  const begin = (caller: Caller, name: number): void => {
    const controller = new AbortController();
    signals.push(controller.signal);
    const { abortMs } = caller;
    if (abortMs !== undefined)
      clock.after(abortMs + SECOND / 2, () => controller.abort(new Error("left")));
    let made = 0;
    const call = (context: CallContext): Promise<string> | string => {
      const script = caller.attempts[made] ?? silent;
      made += 1;
      const part = partOf(100 + 10 * name + made);
      say(`${name} makes attempt ${context.attempt}`);
      return act(clock, { ...script, afterMs: script.afterMs + part }, context);
    };
    guarded.execute(call, controller.signal).then(
      (value) => say(`${name} gets ${value}`),
      (error: Error) => say(`${name} fails: ${error.message}`),
    );
  };
  for (const [name, caller] of callers.entries()) {
    clock.after(caller.startMs + partOf(1 + name), () => begin(caller, name));
  }
  await clock.advance(5_000 * SECOND);
  await settled();
  const listeners = signals.flatMap((signal) => getEventListeners(signal, "abort"));
  const left = { timers: clock.pending, listeners: listeners.length };
  const { successes, failures, ignored, rejected, opened } = breaker.stats();
  const { running, zombies, waiting, ...counts } = bulkhead.stats();
  const stats = { successes, failures, ignored, rejected, opened, counts };
  log.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : 1));
  return { log, left, held: { running, zombies, waiting }, stats };
}

function act(
  clock: ReturnType<typeof manualClock>,
  { afterMs, how, heeds }: Script,
  context: CallContext,
): Promise<string> | string {
  if (how === "returns at once") return "an answer";
  if (how === "throws at once") throw new Error("down");
  return new Promise((resolve, reject) => {
    const cancel = clock.after(afterMs, () => {
      if (how === "returns") resolve("an answer");
      else if (how === "throws") reject(new Error("down"));
      else reject(new TypeError("our own mistake"));
    });
    if (!heeds) return;
    const { signal } = context;
    signal.addEventListener("abort", () => {
      cancel();
      reject(signal.reason);
    });
  });
}

describe("policies in one frame", () => {
  const seconds = (max: number): fc.Arbitrary<number> => fc.nat(max).map((count) => count * SECOND);
  const script: fc.Arbitrary<Script> = fc.record({
    afterMs: seconds(160),
    how: fc.constantFrom(
      "returns",
      "throws",
      "throws",
      "refuses the request",
      "throws at once",
      "returns at once",
    ),
    heeds: fc.boolean(),
  });
  const caller: fc.Arbitrary<Caller> = fc.record({
    startMs: seconds(400),
    abortMs: fc.option(seconds(300), { nil: undefined }),
    attempts: fc.array(script, { minLength: 3, maxLength: 3 }),
  });
  const anyCallers = fc.array(caller, { minLength: 1, maxLength: 8, size: "max" });

  it.each(["aggressive", "cooperative"] as const)(
    "do what they do one inside the other, with a timeout that is %s",
    async (mode) => {
      const unhandled: unknown[] = [];
      const note = (reason: unknown): void => void unhandled.push(reason);
      process.on("unhandledRejection", note);
      onTestFinished(() => void process.off("unhandledRejection", note));
      await fc.assert(
        fc.asyncProperty(anyCallers, async (callers) => {
          const fused = await history(false, mode, callers);
          const apart = await history(true, mode, callers);
          expect(fused).toEqual(apart);
          expect(fused.left).toEqual({ timers: 0, listeners: 0 });
          expect(fused.held).toEqual({ running: 0, zombies: 0, waiting: 0 });
        }),
      );
      expect(unhandled).toEqual([]);
    },
  );
});
