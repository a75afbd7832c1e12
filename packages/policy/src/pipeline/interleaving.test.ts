import { getEventListeners } from "node:events";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";

import { settled } from "../base/fixtures/clocks.ts";
import { oneAtATime, scheduledClock } from "../base/fixtures/scheduled.ts";
import {
  type Attempt,
  type CallContext,
  Frame,
  type Guard,
  type Judge,
  MUST_WAIT,
  REFUSED,
  RejectedError,
  type Verdict,
} from "../base/index.ts";
import { TimeoutPolicy } from "../timeout/index.ts";

class Refused extends RejectedError {
  readonly code = "KINTSUGI_TEST";
}

const judge: Judge = () => ({ outcome: "failure", retryable: false });

type Way = "admits" | "waits" | "refuses";

/** Gives each permit a number of its own, and expects each back once. */
class StrictGuard implements Guard {
  readonly out = new Set<number>();
  readonly verdicts: (Verdict | undefined)[] = [];
  readonly #way: () => Way;
  readonly #wait: () => Promise<unknown>;
  #given = 0;

  constructor(way: () => Way, wait: () => Promise<unknown>) {
    this.#way = way;
    this.#wait = wait;
  }

  tryAdmit(): number {
    const way = this.#way();
    if (way === "admits") return this.#give();
    return way === "waits" ? MUST_WAIT : REFUSED;
  }

  refusal(): RejectedError {
    return new Refused("no", 0);
  }

  /** Takes no notice of an abort: the frame must. */
  async waitFor(): Promise<number> {
    await this.#wait();
    return this.#give();
  }

  settle(permit: number, _: Attempt, verdict: Verdict | undefined): void {
    expect(this.out.delete(permit)).toBe(true);
    this.verdicts.push(verdict);
  }

  #give(): number {
    this.#given += 1;
    this.out.add(this.#given);
    return this.#given;
  }
}

describe("a frame, in any order of events", () => {
  const way = fc.constantFrom<Way>("admits", "admits", "waits", "refuses");
  const caller = fc.record({
    ways: fc.tuple(way, way, way),
    ends: fc.constantFrom("returns", "throws", "hangs"),
    aborts: fc.boolean(),
    reads: fc.boolean(),
  });
  const callers = fc.array(caller, { minLength: 1, maxLength: 5 });

  it.each(["aggressive", "cooperative"] as const)(
    "ends each call once and gives back each permit, with a limit that is %s",
    async (mode) => {
      const unhandled: unknown[] = [];
      const note = (reason: unknown): void => void unhandled.push(reason);
      process.on("unhandledRejection", note);
      onTestFinished(() => void process.off("unhandledRejection", note));
      await fc.assert(
        fc.asyncProperty(fc.scheduler(oneAtATime), callers, async (scheduler, all) => {
          const clock = scheduledClock(scheduler);
          const { layer } = new TimeoutPolicy({ timeoutMs: 100, mode, clock });
          if (layer.kind !== "time-limit") throw new Error("A timeout limits the time");
          let current = all[0];
          const event = (name: string) => scheduler.schedule(Promise.resolve(), name);
          const guards = [0, 1, 2].map(
            (place) =>
              new StrictGuard(
                () => current?.ways[place] ?? "admits",
                () => event("room"),
              ),
          );
          const frame = new Frame({ judge, guards, limit: layer.limit });
          const controller = new AbortController();
          let ended = 0;
          let madeTooLate = 0;
          for (const each of all) {
            current = each;
            const call = async (context: CallContext): Promise<string> => {
              if (controller.signal.aborted) madeTooLate += 1;
              if (each.reads) expect(context.signal.aborted).toBe(false);
              await event("the call ends");
              if (each.ends === "throws") throw new Error("down");
              if (each.ends === "hangs") await new Promise((_, stop) => stopping(context, stop));
              return "answer";
            };
            const count = (): void => {
              ended += 1;
            };
            frame.execute(call, controller.signal).then(count, count);
            if (each.aborts) void event("abort").then(() => controller.abort(new Error("left")));
          }
          await scheduler.waitAll();
          await settled();
          expect([ended, madeTooLate]).toEqual([all.length, 0]);
          expect(guards.map(({ out }) => out.size)).toEqual([0, 0, 0]);
          expect(getEventListeners(controller.signal, "abort")).toEqual([]);
          expect(clock.pending).toBe(0);
        }),
        { numRuns: 2_000 },
      );
      expect(unhandled).toEqual([]);
    },
  );
});

/** A call that hangs until it is bidden stop. */
function stopping({ signal }: CallContext, stop: (reason: unknown) => void): void {
  if (signal.aborted) stop(signal.reason);
  else signal.addEventListener("abort", () => stop(signal.reason));
}
