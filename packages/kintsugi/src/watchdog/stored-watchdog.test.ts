import { describe, expect, it } from "vitest";

import { restartLimits } from "../supervise/restart/index.ts";
import { manualClock } from "../testing/index.ts";
import { reviveWatchdog, storeWatchdog } from "./stored-watchdog.ts";
import {
  freshWatchdog,
  type Input,
  step,
  type WatchdogLimits,
  type WatchdogState,
} from "./watchdog-state.ts";

const limits: WatchdogLimits = {
  restart: restartLimits({ intensity: 3 }, "retry"),
  hangMs: 10_000,
  startMs: 60_000,
  stopMs: 20_000,
};
const runtime = { pid: 7, startTicks: "70", bootId: "boot" };
const crash: Input = { kind: "ended", end: { kind: "crash" } };
const ready: Input = { kind: "heard", ready: true };

/** A watchdog that went through this, looking whenever a start was due. */
function setup(inputs: readonly Input[]) {
  const clock = manualClock();
  let state: WatchdogState = freshWatchdog(clock.monotonicMs());
  const send = (input: Input): void => {
    state = step(state, input, limits, clock.monotonicMs(), 0).state;
  };
  send({ kind: "tick" });
  for (const input of inputs) {
    if (state.phase.kind === "waiting") {
      clock.advanceSync(state.phase.untilMs - clock.monotonicMs());
      send({ kind: "tick" });
    }
    send(input);
  }
  return { clock, state, text: storeWatchdog(state, runtime, clock) };
}

describe("what a watchdog leaves behind", () => {
  it("is taken up by the next: counters, back-off, and whom it watched", () => {
    const { clock, state, text } = setup([ready, crash, crash, ready]);
    const revived = reviveWatchdog(text, limits, clock, false);
    expect(revived).toMatchObject({ runtime, wasReady: true });
    expect(revived.state).toMatchObject({ crashes: 2, hangs: 0, everReady: true });
    expect(revived.state.restart).toEqual(state.restart);
  });

  it("holds back nothing after a person's `up`, but the counters go on", () => {
    const { clock, text } = setup([ready, crash, crash]);
    const { state } = reviveWatchdog(text, limits, clock, true);
    expect(state).toEqual({ ...freshWatchdog(clock.monotonicMs()), crashes: 2 });
  });

  it.each([undefined, "", "{", "null", "[]", '{"v":2,"crashes":9}', '{"v":1,"crashes":-1}'])(
    "begins afresh when it is %j",
    (text) => {
      const clock = manualClock();
      expect(reviveWatchdog(text, limits, clock, false)).toEqual({
        state: freshWatchdog(0),
        runtime: undefined,
        wasReady: false,
      });
    },
  );
});
