import { describe, expect, it } from "vitest";

import type { ComponentSample } from "../supervise/index.ts";
import { manualClock } from "../testing/index.ts";
import { builtInTriggers } from "./built-in.ts";
import { TriggerWatch } from "./trigger-watch.ts";
import type { TriggerSpec } from "./types.ts";

function setup(triggers: readonly TriggerSpec[] = builtInTriggers) {
  const clock = manualClock();
  const told: string[] = [];
  const watch = new TriggerWatch({
    triggers,
    clock,
    onFired: ({ trigger, component, summary }) =>
      told.push(`${trigger.name} fired for ${component}: ${summary}`),
    onCleared: ({ trigger, component }) => told.push(`${trigger.name} cleared for ${component}`),
  });
  const sample = (given: Partial<ComponentSample>): void =>
    watch.sample({
      component: "web",
      kind: "process",
      phase: "running",
      atMs: clock.epochMs(),
      silentMs: null,
      rssBytes: null,
      memoryLimitBytes: 100 * 2 ** 20,
      ...given,
    });
  /** The same sample every 500 ms for so long. */
  const samples = (ms: number, given: Partial<ComponentSample>): void => {
    for (let passedMs = 0; passedMs <= ms; passedMs += 500) {
      sample(given);
      clock.advanceSync(500);
    }
  };
  const calls = (count: number, failed: boolean): void => {
    for (let call = 0; call < count; call += 1) watch.call("openai", failed, clock.epochMs());
  };
  return { clock, told, watch, sample, samples, calls };
}

describe("a component that beats no more", () => {
  it("raises one alert, which ends with the first beat of the next life", () => {
    const { told, samples, sample, watch } = setup();
    samples(1_000, { silentMs: 400 });
    expect(watch.standing("service-heartbeat", "web")).toBe("clear");
    samples(3_000, { silentMs: 5_200 });
    expect(told).toEqual(["service-heartbeat fired for web: No heartbeat from web for 5.2 s"]);
    samples(2_000, { phase: "starting", silentMs: null });
    expect(watch.standing("service-heartbeat", "web")).toBe("unknown");
    sample({ silentMs: 10 });
    expect(told.slice(1)).toEqual(["service-heartbeat cleared for web"]);
    expect(watch.standing("service-heartbeat", "web")).toBe("clear");
  });

  it("is not convicted by one reading of a monitor that was itself held up", () => {
    const { told, clock, sample } = setup();
    sample({ silentMs: 6_000 });
    clock.advanceSync(500);
    sample({ silentMs: 100 });
    expect(told).toEqual([]);
  });

  it("is lost as well when its start gives no sign of life for half a minute", () => {
    const { told, samples } = setup();
    samples(1_000, { phase: "starting", silentMs: 29_000 });
    expect(told).toEqual([]);
    samples(1_000, { phase: "starting", silentMs: 31_000 });
    expect(told).toEqual(["service-heartbeat fired for web: No heartbeat from web for 31 s"]);
  });

  it("gets the playbook of its kind", () => {
    const { told, samples } = setup();
    samples(1_000, { component: "memory", kind: "kernel", silentMs: 9_000 });
    expect(told).toEqual(["kernel-heartbeat fired for memory: No heartbeat from memory for 9 s"]);
  });
});

describe("a component that grows", () => {
  const mb = (count: number): number => count * 2 ** 20;

  it("raises an alert when it was above its limit for two seconds, over a tenth below it", () => {
    const { told, samples } = setup();
    samples(1_500, { rssBytes: mb(120) });
    expect(told).toEqual([]);
    samples(1_000, { rssBytes: mb(121) });
    expect(told).toEqual(["memory fired for web: web uses 121 MB of memory, more than 100 MB"]);
    samples(5_000, { rssBytes: mb(95) });
    expect(told).toHaveLength(1);
    samples(0, { rssBytes: mb(90) });
    expect(told[1]).toBe("memory cleared for web");
  });

  it("says nothing where no limit is set", () => {
    const { told, samples, watch } = setup();
    samples(5_000, { rssBytes: mb(5_000), memoryLimitBytes: null });
    expect(told).toEqual([]);
    expect(watch.standing("memory", "web")).toBe("unknown");
  });

  it("is held against bytes where the trigger gives some", () => {
    const { told, samples } = setup([
      {
        name: "small",
        type: "resource-spike",
        metric: "rssBytes",
        aboveBytes: mb(10),
        playbook: "restart_service",
      },
    ]);
    samples(0, { rssBytes: mb(11), memoryLimitBytes: null });
    samples(0, { rssBytes: mb(9), memoryLimitBytes: null });
    expect(told).toHaveLength(2);
  });
});

describe("calls that fail", () => {
  it("are a burst when many of them fail and most of them do", () => {
    const { told, calls } = setup();
    calls(60, false);
    calls(59, true);
    expect(told).toEqual([]);
    calls(1, true);
    expect(told).toEqual([
      "error-burst fired for openai: 60 of 120 calls to openai failed within 10 s",
    ]);
  });

  it("end their burst when the window has let them go and calls succeed again", async () => {
    const { told, calls, clock, watch } = setup();
    calls(60, true);
    await clock.advance(8_000);
    calls(3, false);
    expect(told).toHaveLength(1);
    await clock.advance(3_000);
    watch.tick();
    expect(told[1]).toBe("error-burst cleared for openai");
  });

  it("leave their burst open when no calls come any more: nobody knows", async () => {
    const { told, calls, clock, watch } = setup();
    calls(60, true);
    await clock.advance(60_000);
    watch.tick();
    expect(told).toHaveLength(1);
    expect(watch.standing("error-burst", "openai")).toBe("unknown");
  });
});

describe("a trigger that makes no sense", () => {
  it.each<{ given: TriggerSpec; message: string }>([
    {
      given: { name: "odd", type: "heartbeat-failure", forMs: -1, playbook: "restart_kernel" },
      message: "forMs of the trigger odd must be a whole number of at least 0, got -1",
    },
    {
      given: { name: "odd", type: "error-burst", ratio: 1.5, playbook: "run_diagnostics" },
      message: "ratio of the trigger odd must be a number from 0 to 1, got 1.5",
    },
  ])("is refused by name: $message", ({ given, message }) => {
    expect(() => setup([given])).toThrow(new RangeError(message));
  });

  it("is refused when another one has its name", () => {
    expect(() => setup([...builtInTriggers, ...builtInTriggers])).toThrow(
      "Two triggers are named kernel-heartbeat",
    );
  });
});
