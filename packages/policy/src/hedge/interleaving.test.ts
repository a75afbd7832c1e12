import { getEventListeners } from "node:events";
import fc from "fast-check";
import { expect, it } from "vitest";

import { settled } from "../base/fixtures/clocks.ts";
import { oneAtATime, scheduledClock } from "../base/fixtures/scheduled.ts";
import type { CallContext } from "../base/index.ts";
import { Hedge } from "./hedge.ts";

type Ending = "succeeds" | "fails" | "fails for good";

const LEFT = "the caller left";
const errorOf = (attempt: number, ending: Ending): unknown =>
  ending === "fails"
    ? `${attempt} failed`
    : Object.assign(new Error(`${attempt}`), { status: 401 });

/** What the call must come to, read off the order in which things happened. */
function expected(
  log: readonly (readonly [string, number])[],
  thrown: readonly unknown[],
): unknown {
  const out = new Set<number>();
  for (const [what, attempt] of log) {
    if (what === "starts") out.add(attempt);
    else out.delete(attempt);
    if (what === "leaves") return { thrown: LEFT };
    if (what === "succeeds") return { value: attempt };
    // The last that fails is final as well, but the error of the first is the call's.
    if (what !== "starts" && out.size === 0) return { thrown: thrown[0] };
    if (what === "fails for good") return { thrown: thrown[attempt - 1] };
  }
  return expect.fail("nothing ended the call");
}

it("a hedged call ends with the first that decides it, in any order, and leaves nothing", async () => {
  /** In how many turns an attempt ends, and how: the slow ones let hedges in. */
  const plan = fc.tuple(
    fc.constantFrom(1, 1, 4, 12),
    fc.constantFrom<Ending>("succeeds", "succeeds", "fails", "fails for good"),
  );
  const plans = fc.tuple(plan, plan, plan);
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.scheduler(oneAtATime), plans, fc.boolean(), async (s, ways, leaves) => {
      const clock = scheduledClock(s);
      const hedge = new Hedge({ delayMs: 1, maxHedges: 2, clock });
      const controller = new AbortController();
      const log: [string, number][] = [];
      const contexts: CallContext[] = [];
      const thrown = ways.map(([, ending], index) => errorOf(index + 1, ending));
      const call = async (context: CallContext): Promise<number> => {
        const attempt = contexts.push(context);
        const [turns, ending] = ways[attempt - 1] ?? expect.fail("one attempt too many");
        log.push(["starts", attempt]);
        void context.signal;
        for (let turn = 0; turn < turns; turn += 1) {
          await s.schedule(Promise.resolve(), `attempt ${attempt} ${ending}`);
        }
        log.push([ending, attempt]);
        if (ending !== "succeeds") throw thrown[attempt - 1];
        return attempt;
      };
      const running = hedge.execute(call, controller.signal).then(
        (value) => ({ value }),
        (reason: unknown) => ({ thrown: reason }),
      );
      if (leaves) {
        void s.schedule(Promise.resolve(), LEFT).then(() => {
          log.push(["leaves", 0]);
          controller.abort(LEFT);
        });
      }
      await s.waitIdle();
      const outcome = await running;
      await settled();
      expect(outcome).toEqual(expected(log, thrown));
      expect(clock.pending).toBe(0);
      expect(getEventListeners(controller.signal, "abort")).toEqual([]);
      const { won, failed, left } = hedge.stats();
      seen.add("value" in outcome ? `won by ${outcome.value}` : failed ? "failed" : "left");
      expect(won + failed + left).toBe("value" in outcome && outcome.value === 1 ? 0 : 1);
      contexts.forEach(({ signal }, index) => {
        if ("value" in outcome) expect(signal.aborted).toBe(outcome.value !== index + 1);
      });
    }),
    { numRuns: 2_000 },
  );
  expect([...seen].sort()).toEqual(["failed", "left", "won by 1", "won by 2", "won by 3"]);
});
