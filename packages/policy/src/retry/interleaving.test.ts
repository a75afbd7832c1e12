import { getEventListeners } from "node:events";
import fc from "fast-check";
import { expect, it } from "vitest";

import { oneAtATime, scheduledClock } from "../base/fixtures/scheduled.ts";
import { RetryPolicy } from "./retry-policy.ts";

const LEFT = new Error("the caller left");

it("an abort ends a back-off at once, in any order, and no attempt follows it", async () => {
  const anyWays = fc.array(fc.boolean(), { minLength: 3, maxLength: 3 });
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.scheduler(oneAtATime), anyWays, fc.boolean(), async (s, ways, leaves) => {
      const clock = scheduledClock(s);
      const policy = new RetryPolicy({ maxAttempts: 3, initialDelayMs: 10, clock });
      const controller = new AbortController();
      const log: string[] = [];
      const running = policy
        .execute(async ({ attempt }) => {
          log.push("starts");
          await s.schedule(Promise.resolve(), `attempt ${attempt}`);
          const isGood = ways[attempt - 1] ?? false;
          log.push(isGood ? "succeeds" : "fails");
          if (!isGood) throw "down";
          return "answer";
        }, controller.signal)
        .catch((thrown: unknown) => thrown);
      if (leaves) {
        void s.schedule(Promise.resolve(), "the caller leaves").then(() => {
          log.push("leaves");
          controller.abort(LEFT);
        });
      }
      await s.waitIdle();
      const outcome = await running;
      const left = log.indexOf("leaves");
      // Whatever the order, nothing starts once the caller has left.
      expect(left < 0 ? [] : log.slice(left + 1).filter((what) => what === "starts")).toEqual([]);
      const fails = log.filter((what) => what === "fails").length;
      const starts = log.filter((what) => what === "starts").length;
      const leftWhileWaiting = left >= 0 && log[left - 1] === "fails" && starts < 3;
      if (log.includes("succeeds")) expect(outcome).toBe("answer");
      else if (leftWhileWaiting) expect(outcome).toBe(LEFT);
      else expect([outcome, left < 0 ? fails : starts]).toEqual(["down", left < 0 ? 3 : fails]);
      expect(clock.pending).toBe(0);
      expect(getEventListeners(controller.signal, "abort")).toEqual([]);
      if (log.includes("succeeds")) seen.add("succeeds");
      else if (leftWhileWaiting) seen.add("left in a back-off");
      else seen.add(left < 0 || fails === 3 ? "fails" : "left in an attempt");
    }),
    { numRuns: 2_000 },
  );
  const ends = ["fails", "left in a back-off", "left in an attempt", "succeeds"];
  expect([...seen].sort()).toEqual(ends);
});
