import type { Fact } from "kintsugi/store";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";

import { type OpenPage, untilLive } from "./page/browser.ts";
import { readLog } from "./page/log.ts";
import { type PageProgram, within } from "./page/page-program.ts";
import { keepFigures, quantile } from "./page/results.ts";
import { PATIENCE_MS, setStage } from "./page/stage.ts";

/** Waits until the page has this fact, and everything before it. */
const untilShown = (page: Page, factId: number): Promise<unknown> =>
  page.waitForSelector(`[data-fact-id="${factId}"]`, { state: "attached", timeout: PATIENCE_MS });

/** The log up to now, when the page has all of it. */
async function caughtUp(program: PageProgram, page: Page): Promise<readonly Fact[]> {
  const log = await readLog(program.client());
  await untilShown(page, log.at(-1)?.id ?? 0);
  return log;
}

describe("a runtime that is killed while the page looks on", () => {
  it("is said not to be live, and comes back without an event lost or doubled", async () => {
    const { program, open } = await setStage();
    const opened = await open();
    const { page, notes } = opened;
    const { url } = program.client();
    await program.client().startRun("walk", { steps: 40, everyMs: 50 }, { id: "walk" });
    await blink(program, 10);
    const { pid } = program.process("runtime");
    process.kill(pid, "SIGKILL");
    await within(PATIENCE_MS, async () => (await notes()).states.at(-1)?.state === "stale");
    await untilLive(page);
    expect(program.process("runtime").pid).not.toBe(pid);
    expect(program.client().url).toBe(url);
    expect(page.url()).toBe(`${url}/`);

    await blink(program, 10);
    const isDone = async () => (await program.client().run("walk")).status === "completed";
    await within(PATIENCE_MS, isDone);
    await toldOnce(opened, await caughtUp(program, page));

    const { states, messages, requests } = await notes();
    const words = states.find(({ state }) => state === "stale")?.words;
    expect(words).toMatch(/not live[\s\S]{0,40}\d\d:\d\d:\d\d/i);
    expect(states.at(-1)?.state).toBe("live");
    // It went on where it had stopped.
    const again = messages.findLastIndex(({ type }) => type === "snapshot");
    expect(requests.at(-1)?.lastEventId).toBe(messages[again - 1]?.lastId);
  });

  it("and killed again in the middle of its return, loses nothing either", async () => {
    const { program, open } = await setStage();
    const opened = await open();
    for (let kills = 0; kills < 3; kills += 1) {
      await blink(program, 5);
      process.kill(program.process("runtime").pid, "SIGKILL");
      await within(PATIENCE_MS, () => isReady(program));
    }
    await untilLive(opened.page);
    await toldOnce(opened, await caughtUp(program, opened.page));
  });
});

/** False as well while nobody answers. */
async function isReady(program: PageProgram): Promise<boolean> {
  try {
    return (await program.client().readiness()).ready;
  } catch {
    return false;
  }
}

async function blink(program: PageProgram, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) await program.client().startRun("blink", null);
}

/** From the first fact that the page heard of to the last one of the log: each came once, and was shown. */
async function toldOnce({ notes }: OpenPage, log: readonly Fact[]): Promise<void> {
  const { messages, facts, doubled } = await notes();
  const told = messages.flatMap(({ factIds }) => factIds);
  const [first = 0, last = 0] = [told[0], log.at(-1)?.id];
  const wanted = log.map(({ id }) => id).filter((id) => id >= first);
  expect(wanted.length).toBeGreaterThan(20);
  expect(told.filter((id) => id <= last)).toEqual(wanted);
  expect(wanted.filter((id) => facts[id] === undefined)).toEqual([]);
  expect(doubled).toEqual([]);
}

describe("two hundred events at once", () => {
  it("are drawn in few frames, and once in each", async () => {
    const { program, open } = await setStage();
    const { page, notes } = await open();
    const before = await notes();
    const startedMs = performance.now();
    await program.client().startRun("flock", 100, { id: "flock" });
    const isDone = async () => (await program.client().run("flock")).status === "completed";
    await within(PATIENCE_MS, isDone);
    const log = await caughtUp(program, page);
    const spentMs = performance.now() - startedMs;
    const after = await notes();
    const burstBatches = after.batches - before.batches;
    const burstMessages = after.messages.length - before.messages.length;
    keepFigures({ burstBatches, burstMessages, burstMs: Math.round(spentMs) });
    expect(log.length).toBeGreaterThan(200);
    // Messages come ten times a second at most, and one more each second while nothing happens.
    expect(burstMessages).toBeLessThanOrEqual(Math.ceil(spentMs / 100) + 3);
    expect(burstBatches).toBeLessThanOrEqual(2 * burstMessages + 3);
  });

  it("in as many messages, are still drawn in few", async () => {
    const { program, open } = await setStage();
    const { page, notes } = await open();
    const newest = (await caughtUp(program, page)).at(-1);
    const snapshot = await firstMessage(program);
    const deltas = Array.from({ length: 200 }, (_, index) => {
      const id = (newest?.id ?? 0) + 1_000 + index;
      const fact = { ...newest, id };
      const delta = { atMs: fact.atMs, facts: [fact] };
      return `event: delta\nid: ${id}\ndata: ${JSON.stringify(delta)}\n\n`;
    });
    const body = `${snapshot}\n\n${deltas.join("")}`;
    await page.route("**/api/v1/live", (route) =>
      route.fulfill({ contentType: "text/event-stream", body }),
    );
    await page.reload();
    await untilShown(page, (newest?.id ?? 0) + 1_199);
    const { batches, messages } = await notes();
    keepFigures({ floodBatches: batches });
    expect(messages.length).toBeGreaterThanOrEqual(201);
    expect(batches).toBeLessThan(40);
  });
});

/** The snapshot of the live feed as it came, without its empty line. */
async function firstMessage(program: PageProgram): Promise<string> {
  const headers = { authorization: `Bearer ${program.token()}` };
  const response = await fetch(`${program.client().url}/api/v1/live`, { headers });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = (await reader?.read()) ?? { done: true };
    if (done) throw new Error("The live feed ended before its snapshot");
    text += value;
    const message = text
      .split("\n\n")
      .slice(0, -1)
      .find((block) => /^data:/m.test(block));
    if (message === undefined) continue;
    await reader?.cancel();
    return message;
  }
}

describe("an event", () => {
  it("is on the screen soon after it was written", async () => {
    const { program, open } = await setStage();
    const { page, notes } = await open();
    const ids = Array.from({ length: 50 }, (_, index) => `blink-${index}`);
    for (const [index, id] of ids.entries()) {
      await program.client().startRun("blink", null, { id });
      // Not in step with the server's own rhythm.
      await page.waitForTimeout(130 + ((index * 37) % 100));
    }
    const log = await caughtUp(program, page);
    await page.waitForTimeout(200);
    const { facts } = await notes();
    const started = log.filter(
      ({ type, payload }) => type === "run.started" && ids.includes(runIdOf(payload)),
    );
    const latencies = started.map(({ id, atMs }) => (facts[id] ?? Number.NaN) - atMs);
    expect(latencies).toHaveLength(50);
    keepFigures({
      eventToPixelP50Ms: quantile(latencies, 0.5),
      eventToPixelP95Ms: quantile(latencies, 0.95),
    });
    expect(latencies.filter((latency) => !(latency >= 0))).toEqual([]);
  });
});

const runIdOf = (payload: unknown): string => (payload as { readonly runId: string }).runId;
