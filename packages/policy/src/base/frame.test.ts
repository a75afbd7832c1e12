import { describe, expect, it } from "vitest";

import { manualClock, settled } from "./fixtures/clocks.ts";
import { type Ending, Frame, type FrameLayers } from "./frame.ts";
import { type Guard, MUST_WAIT } from "./guard.ts";
import type { Retry } from "./retry.ts";
import type { TimeLimit } from "./timed-attempt.ts";

const judge: FrameLayers["judge"] = () => ({ outcome: "failure", retryable: true });

/** Keeps what it is told of the ends of calls. */
function setup(layers: Partial<FrameLayers> = {}) {
  const told: unknown[] = [];
  const guard: Guard = {
    tryAdmit: () => 0,
    refusal: () => expect.fail("nobody is refused"),
    settle: (_, __, verdict, ended) => void told.push(verdict ? "failed" : ended),
  };
  const frame = new Frame({ judge, guards: [guard], ...layers });
  return { frame, guard, told };
}

const noLimit: TimeLimit = {
  isAggressive: true,
  start: () => {},
  stop: () => {},
  leftMs: () => Infinity,
  timeUp: () => new Error("out of time"),
  tellTimeUp: () => {},
};

// biome-ignore lint/suspicious/noThenProperty: That it is no promise all the same is what is tested.
const lookalike = { then: "no function" };

describe.each([
  { kind: "plain", limit: undefined },
  { kind: "raced with its time", limit: noLimit },
])("what a call returns, $kind", ({ limit }) => {
  it.each([undefined, null, 0, "text", {}, lookalike, () => {}])(
    "is its end at once where it is no promise: %o",
    async (value) => {
      const { frame, told } = setup({ limit });
      const end = frame.execute(() => value, undefined);
      expect(told).toEqual([value]);
      await expect(end).resolves.toBe(value);
    },
  );

  it("is waited for where it is a promise, of whatever library", async () => {
    const { frame, told } = setup({ limit });
    const late = Promise.withResolvers<string>();
    const foreign = {
      // biome-ignore lint/suspicious/noThenProperty: Promises of other libraries are what is tested.
      then: (resolve: (value: string) => void) => void late.promise.then(resolve),
    } as unknown as Promise<string>;
    const ends = [
      frame.execute(() => foreign, undefined),
      frame.execute(() => Object.assign(() => {}, foreign), undefined),
      frame.execute(() => late.promise, undefined),
    ];
    expect(told).toEqual([]);
    late.resolve("late");
    await expect(Promise.all(ends)).resolves.toEqual(["late", "late", "late"]);
    expect(told).toEqual(["late", "late", "late"]);
  });

  it("is a failure where it throws at once", async () => {
    const { frame, told } = setup({ limit });
    const down = new Error("down");
    const end = frame.execute(() => {
      throw down;
    }, undefined);
    await expect(end).rejects.toBe(down);
    expect(told).toEqual(["failed"]);
  });
});

describe("an ending", () => {
  const endingOf = (clock?: Ending["clock"]): Ending => ({
    ...(clock && { clock }),
    answered: (value, { startedMs }, made) => `${value} after ${made} at ${startedMs}`,
    failed: (thrown, { startedMs }, made) => `${thrown} after ${made} at ${startedMs}`,
  });
  /** One more attempt. */
  const retryAt = (nowMs: number): Retry => ({
    clock: { ...manualClock(), monotonicMs: () => nowMs },
    after: (_, __, { next, run }) => run(next(2)),
  });
  const clock = { ...manualClock(), monotonicMs: () => 7 };

  it("makes of the answer what is returned", async () => {
    const { frame } = setup({ ending: endingOf(clock) });
    await expect(frame.execute(() => "yes", undefined)).resolves.toBe("yes after 1 at 7");
    await expect(frame.execute(async () => "yes", undefined)).resolves.toBe("yes after 1 at 7");
    const failing = frame.execute(() => Promise.reject("no"), undefined);
    await expect(failing).resolves.toBe("no after 1 at 7");
  });

  it.each([{ limit: undefined }, { limit: noLimit }])(
    "hears how often the call was made, and of the last end alone: %o",
    async ({ limit }) => {
      const { frame, told } = setup({ limit, ending: endingOf(), retry: retryAt(3) });
      const failOnce = (context: { readonly attempt: number }) =>
        context.attempt === 1 ? Promise.reject("no") : "yes";
      await expect(frame.execute(failOnce, undefined)).resolves.toBe("yes after 2 at 3");
      const fail = () => Promise.reject("never");
      await expect(frame.execute(fail, undefined)).resolves.toBe("never after 2 at 3");
      expect(told).toEqual(["failed", "yes", "failed", "failed"]);
    },
  );

  it("has its own clock where it names one, also beside a retry's", async () => {
    const { frame } = setup({ ending: endingOf(clock), retry: retryAt(3) });
    await expect(frame.execute(() => "yes", undefined)).resolves.toBe("yes after 1 at 7");
  });

  it("may throw, which is then how the call ends", async () => {
    const worse = new Error("worse");
    const throwing: Ending = {
      answered: (value) => value,
      failed: () => {
        throw worse;
      },
    };
    const { frame } = setup({ ending: throwing });
    await expect(frame.execute(() => Promise.reject("no"), undefined)).rejects.toBe(worse);
    await expect(
      frame.execute(() => {
        throw "no";
      }, undefined),
    ).rejects.toBe(worse);
  });
});

describe("guards that must be waited for", () => {
  const waiting = (guard: Guard): Guard => ({
    ...guard,
    tryAdmit: () => MUST_WAIT,
    waitFor: async () => 0,
  });

  it("are asked from the outermost, and each hears the end once", async () => {
    const { guard, told } = setup();
    const frame = new Frame({ judge, guards: [guard, waiting(guard), waiting(guard), guard] });
    await expect(frame.execute(() => "yes", undefined)).resolves.toBe("yes");
    expect(told).toEqual(["yes", "yes", "yes", "yes"]);
  });

  it.each([{ limit: noLimit }, { limit: undefined }, { makesAborted: true }])(
    "give back their permits when the caller leaves meanwhile, unless the call is to be made: %o",
    async (layers) => {
      const { guard, told } = setup();
      const controller = new AbortController();
      const frame = new Frame({ judge, ...layers, guards: [waiting(guard), guard] });
      const end = frame.execute(() => "made", controller.signal).catch((reason) => reason);
      controller.abort("left");
      await settled();
      const isMade = "makesAborted" in layers;
      await expect(end).resolves.toBe(isMade ? "made" : "left");
      expect(told).toEqual(isMade ? ["made", "made"] : ["failed", "failed"]);
    },
  );
});
