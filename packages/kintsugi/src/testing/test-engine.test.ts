import { setTimeout as realTime } from "node:timers/promises";

import { sleep } from "@kintsugi/policy/base";
import { describe, expect, it } from "vitest";

import { defineWorkflow } from "../workflow/index.ts";
import { testEngine } from "./index.ts";

const DAY_MS = 86_400_000;

const reminder = defineWorkflow("reminder", async (ctx, name: string) => {
  for (let reminders = 0; reminders < 3; reminders += 1) {
    const paid = await ctx.waitFor<string>("paid", { timeout: "10d" });
    if (paid !== null) return `${name} paid ${paid} after ${reminders} reminders`;
    await ctx.step("remind", () => {});
  }
  return `${name} did not pay`;
});

describe("a run in a test engine", () => {
  it("that sleeps for 30 days has slept them when it ends, on the clock of the test", async () => {
    const month = defineWorkflow("month", async (ctx) => {
      const beforeMs = await ctx.now();
      for (let day = 0; day < 30; day += 1) await ctx.sleep("1d");
      return (await ctx.now()) - beforeMs;
    });
    await using test = await testEngine({ workflows: [month] });
    expect(await test.run(month, undefined)).toBe(30 * DAY_MS);
    expect(test.clock.monotonicMs()).toBe(30 * DAY_MS);
  });

  it("hears a signal at the moment at which the test sends it", async () => {
    await using test = await testEngine({ workflows: [reminder] });
    const handle = await test.start(reminder, "ada");
    test.after("15d", () => handle.signal("paid", "cash"));
    expect(await test.settle(handle.result())).toBe("ada paid cash after 1 reminders");
    expect(test.clock.monotonicMs()).toBe(15 * DAY_MS);
    expect(await test.run(reminder, "bob")).toBe("bob did not pay");
  });

  it("stands still until somebody lets time go by", async () => {
    await using test = await testEngine({ workflows: [reminder], epochMs: 0 });
    const handle = await test.start(reminder, "ada");
    await test.skip("9d");
    expect(test.clock.epochMs()).toBe(9 * DAY_MS);
    expect((await test.engine.get(handle.id))?.stepsRecorded).toBe(0);
    await test.skip("2d");
    expect((await test.engine.get(handle.id))?.stepsRecorded).toBe(2);
    expect(await handle.status()).toBe("running");
  });

  it("has chance from a seed", async () => {
    const chance = defineWorkflow("chance", async (ctx) => [await ctx.random(), await ctx.uuid()]);
    const runs = [1, 1, 2].map(async (seed) => {
      await using test = await testEngine({ workflows: [chance], seed });
      return await test.run(chance, undefined, { id: "run" });
    });
    const [first, same, other] = await Promise.all(runs);
    expect(same).toEqual(first);
    expect(other).not.toEqual(first);
  });

  it("goes on after a crash in the middle of its sleep", async () => {
    let ran = 0;
    const nap = defineWorkflow("nap", async (ctx) => {
      await ctx.step("count", () => (ran += 1));
      await ctx.sleep("1d");
      return ran;
    });
    await using test = await testEngine({ workflows: [nap] });
    await test.start(nap, undefined, { id: "nap" });
    await test.skip("12h");
    await test.crash();
    const handle = await test.engine.handle("nap");
    expect(await test.settle(handle?.result() ?? Promise.reject())).toBe(1);
    expect(test.clock.monotonicMs()).toBe(DAY_MS);
  });
});

describe("a step in a test engine", () => {
  it("is waited for while it works in the real world, and time stands still", async () => {
    const real = defineWorkflow("real", (ctx) =>
      Promise.race([
        ctx.sleep("1d").then(() => "time went by"),
        ctx.step("read", () => realTime(20, "read"), { timeout: "5s" }),
      ]),
    );
    await using test = await testEngine({ workflows: [real], patience: "1m" });
    expect(await test.run(real, undefined)).toBe("read");
    expect(test.clock.monotonicMs()).toBe(0);
  });

  it("that waits for the clock of the test does not hold it up", async () => {
    await using test = await testEngine({ patience: "1m" });
    const backOff = defineWorkflow("back off", (ctx) =>
      ctx.step("wait", async ({ signal }) => {
        await sleep(test.clock, 3_600_000, signal);
        return "waited";
      }),
    );
    expect(await test.run(backOff, undefined)).toBe("waited");
    expect(test.clock.monotonicMs()).toBe(3_600_000);
  });

  it("runs out of its time when it never ends, and is tried again", async () => {
    const attempts: number[] = [];
    const hangs = defineWorkflow("hangs", (ctx) =>
      ctx.step(
        "hang",
        ({ attempt }) => {
          attempts.push(attempt);
          return attempt === 3 ? "in time" : new Promise<string>(() => {});
        },
        { timeout: "10m", maxAttempts: 3, retryDelay: "1h" },
      ),
    );
    await using test = await testEngine({ workflows: [hangs], patience: 1 });
    expect(await test.run(hangs, undefined)).toBe("in time");
    expect(attempts).toEqual([1, 2, 3]);
  });
});

describe("a test that waits for what never comes", () => {
  it("is told which runs are open", async () => {
    await using test = await testEngine({ workflows: [reminder], patience: 1 });
    const waits = defineWorkflow("waits", (ctx) => ctx.waitFor("go"));
    await expect(test.run(waits, undefined, { id: "w" })).rejects.toThrow(
      'It has not come within 3650d: run "w" of "waits" waits, perhaps for a signal',
    );
  });

  it("is told when the time that it gave is over", async () => {
    const endless = defineWorkflow("endless", async (ctx) => {
      for (;;) await ctx.sleep("1h");
    });
    await using test = await testEngine({ workflows: [endless] });
    const handle = await test.start(endless, undefined, { id: "e" });
    await expect(test.settle(handle.result(), "2d")).rejects.toThrow(
      'It has not come within 2d: run "e" of "endless" waits',
    );
    expect(test.clock.monotonicMs()).toBe(2 * DAY_MS);
  });

  it("is told what failed that it was to do later", async () => {
    await using test = await testEngine({ workflows: [reminder] });
    const handle = await test.start(reminder, "ada");
    test.after("1d", () => {
      throw new Error("the test itself is wrong");
    });
    await expect(test.settle(handle.result())).rejects.toThrow("the test itself is wrong");
  });
});
