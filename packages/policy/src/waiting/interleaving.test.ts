import { getEventListeners } from "node:events";
import fc from "fast-check";
import { expect, it } from "vitest";

import { settled } from "../base/fixtures/clocks.ts";
import { oneAtATime, scheduledClock } from "../base/fixtures/scheduled.ts";
import { plainClaim } from "./claim.ts";
import { WaitingRoom } from "./waiting-room.ts";

const LEFT = "the caller left";
const LATE = new Error("waited too long");
const CLOSED = "closed";

it("a waiting room serves each once or sends it away, in any order, and leaves nothing behind", async () => {
  const callers = fc.array(fc.boolean(), { minLength: 1, maxLength: 6 });
  const servings = fc.array(fc.constantFrom("call in", "call in", "turn away"), { maxLength: 6 });
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.scheduler(oneAtATime), callers, servings, async (s, all, steps) => {
      const clock = scheduledClock(s);
      let heard = 0;
      const onLeave = (): void => {
        heard += 1;
      };
      const limits = { maxQueue: 3, queueTimeoutMs: 10 };
      const room = new WaitingRoom(limits, { clock, lateError: () => LATE, onLeave });
      const line: number[] = [];
      const ended: string[] = [];
      let goneBefore = 0;
      const controllers = all.map(() => new AbortController());
      const run = async (leaves: boolean, id: number): Promise<void> => {
        const controller = controllers[id] ?? expect.fail("nobody");
        if (leaves) {
          void s.schedule(Promise.resolve(), `${id} leaves`).then(() => {
            if (line.includes(id)) line.splice(line.indexOf(id), 1);
            controller.abort(LEFT);
          });
        }
        await s.schedule(Promise.resolve(), `${id} comes`);
        expect(room.size).toBe(line.length);
        expect(room.isFull).toBe(line.length >= 3);
        if (controller.signal.aborted) goneBefore += 1;
        else line.push(id);
        const outcome = await room.wait(controller.signal, plainClaim).catch((reason) => reason);
        if (outcome === LATE) line.splice(line.indexOf(id), 1);
        const how = outcome === id ? "served" : outcome === LATE ? "late" : String(outcome);
        ended.push(how);
        seen.add(how);
      };
      const serve = async (step: string): Promise<void> => {
        const id = line.shift();
        if (step === "turn away") room.turnAway(CLOSED);
        else room.callIn(id ?? -1);
      };
      s.scheduleSequence(steps.map((step) => ({ label: step, builder: () => serve(step) })));
      const ends = Promise.all(all.map(run));
      await s.waitIdle();
      await settled();
      await ends;
      expect(ended).toHaveLength(all.length);
      const left = ended.filter((how) => how === LEFT).length;
      expect(room.abandoned).toBe(left);
      const late = ended.filter((how) => how === "late").length;
      expect(heard).toBe(left - goneBefore + late);
      expect([room.size, clock.pending]).toEqual([0, 0]);
      for (const { signal } of controllers) expect(getEventListeners(signal, "abort")).toEqual([]);
    }),
    { numRuns: 2_000 },
  );
  expect([...seen].sort()).toEqual([CLOSED, "late", "served", LEFT]);
});
