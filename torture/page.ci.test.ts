import { execFileSync } from "node:child_process";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";

import { agreesOnCalls, agreesOnComponents, agreesOnRuns } from "./page/agreement.ts";
import { type OpenPage, openPage, untilLive } from "./page/browser.ts";
import { controlCharacters, hostileMarkup } from "./page/hostile.ts";
import { within } from "./page/page-program.ts";
import { keepFigures } from "./page/results.ts";
import {
  crash,
  fillStage,
  hang,
  PATIENCE_MS,
  plainLooks,
  setStage,
  textOf,
  WAIL,
} from "./page/stage.ts";

describe("the address that up prints", () => {
  it("opens a page that is live, and is then worth nothing", async () => {
    const windows: OpenPage[] = [];
    const { program, browser } = await setStage(async (ready) => {
      windows.push(await openPage(ready, plainLooks)); // Whoever types `up` has a browser open.
    });
    const [opened = await openPage(browser, plainLooks)] = windows;
    const addressAfterUpMs = Math.round(performance.now() - program.typedAtMs);
    await opened.page.goto(program.address);
    await untilLive(opened.page);
    // Promised are three seconds on a machine that does nothing else; measured, not asserted.
    const liveAfterUpMs = Math.round(performance.now() - program.typedAtMs);
    keepFigures({ addressAfterUpMs, liveAfterUpMs });
    expect(liveAfterUpMs).toBeLessThan(20_000);

    const { origin } = new URL(program.address);
    expect(opened.page.url()).toBe(`${origin}/`);
    const second = await openPage(browser, plainLooks);
    await second.page.goto(program.address);
    await second.page.waitForSelector('main[data-state="locked"]');
    expect(await textOf(second.page)).toMatch(/used|expired|no longer|kintsugi dashboard/i);
    expect(second.page.url()).toBe(`${origin}/`);
  });

  it("asks nothing of any other machine, and has nothing to complain about", async () => {
    const stage = await setStage();
    await fillStage(stage);
    const { page, requests, complaints, notes } = await stage.open();
    await page.waitForSelector(`[data-incident]`);
    await page.reload();
    await untilLive(page);
    const { origin } = new URL(stage.program.address);
    const strangers = requests.filter(
      (url) => !url.startsWith(`${origin}/`) && !/^data:/.test(url),
    );
    expect(strangers).toEqual([]);
    expect(complaints).toEqual([]);
    expect((await notes()).violations).toEqual([]);
    // No address holds a code or a token, neither here nor in what the server was asked for.
    expect(requests.filter((url) => url.includes("code="))).toEqual([]);
  });

  it("costs 60,000 bytes at most, all scripts and styles included", async () => {
    const { program, browser } = await setStage();
    const { context, page } = await openPage(browser, plainLooks);
    const session = await context.newCDPSession(page);
    await session.send("Network.enable");
    const kinds = new Map<string, string>();
    let pageBytes = 0;
    session.on("Network.responseReceived", ({ requestId, type }) => kinds.set(requestId, type));
    session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
      const kind = kinds.get(requestId) ?? "";
      if (["Document", "Script", "Stylesheet"].includes(kind)) pageBytes += encodedDataLength;
    });
    await page.goto(program.address);
    await untilLive(page);
    await page.waitForLoadState("load");
    keepFigures({ pageBytes });
    expect([...kinds.values()]).toContain("Script");
    expect(pageBytes).toBeGreaterThan(5_000);
    expect(pageBytes).toBeLessThanOrEqual(60_000);
  });
});

describe("an incident", () => {
  it("is the same on the page, in the terminal and in the figures", async () => {
    const { program, open } = await setStage();
    const { page } = await open();
    const ids = [await crash(program)];
    await within(PATIENCE_MS, async () => (await program.client().status()).openIncidents === 0);
    ids.push(await hang(program));
    await within(PATIENCE_MS, async () => (await program.client().status()).openIncidents === 0);

    const { stdout } = await program.run("incidents", "--json");
    const told = (JSON.parse(stdout) as Incident[]).map(nameOf).toSorted();
    expect(told).toEqual(["worker crash", "worker heartbeat-failure"]);

    for (const id of ids) {
      await page.locator(`[data-incident="${id}"][data-status="resolved"]`).waitFor();
    }
    const shown = await page.locator("[data-incident] .incident-who").allInnerTexts();
    expect(shown.map((words) => words.trim()).toSorted()).toEqual(told);
    const { url } = program.client();
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(countedIn(metrics)).toEqual(told);
  });
});

interface Incident {
  readonly component: string;
  readonly class: string;
}

const nameOf = (incident: Incident): string => `${incident.component} ${incident.class}`;

/** `component class`, as often as the counter says. */
function countedIn(metrics: string): readonly string[] {
  const lines = [...metrics.matchAll(/^kintsugi_incidents_total\{(.*)\} (\d+)$/gm)];
  return lines
    .flatMap(([, labels = "", count]) => {
      const label = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(labels)?.[1] ?? "?";
      return Array<string>(Number(count)).fill(`${label("component")} ${label("class")}`);
    })
    .toSorted();
}

describe("what the page shows", () => {
  it("agrees with what the terminal says", async () => {
    const stage = await setStage();
    await fillStage(stage);
    const { page } = await stage.open();
    await agreesOnComponents(stage.program, page);
    await agreesOnRuns(stage.program, page);
    await agreesOnCalls(stage.program, page);
  });

  it("goes on beating", async () => {
    const { open } = await setStage();
    const { page } = await open();
    const row = page.locator('[data-component="worker"]').first();
    const before = await row.innerHTML();
    await expect.poll(() => row.innerHTML(), { timeout: PATIENCE_MS }).not.toBe(before);
  });
});

describe("an error in a stranger's words", () => {
  it("is text on the page, and text in the terminal", async () => {
    const stage = await setStage();
    const { program } = stage;
    await fillStage(stage);
    const { page, notes, complaints } = await stage.open();
    await page.locator("[data-incident]").first().waitFor();
    await unfoldAll(page);
    const words = await textOf(page);
    expect(words).toContain(hostileMarkup);
    expect(controlCharacters.exec(words)?.[0]).toBeUndefined();
    expect(await page.locator("img, b").count()).toBe(0);
    expect(await page.evaluate(() => typeof __pwned)).toBe("undefined");
    expect(await page.title()).not.toMatch(controlCharacters);
    expect((await notes()).violations).toEqual([]);
    expect(complaints).toEqual([]);

    // A command that is copied into a shell names the run, and says nothing else.
    const command = await page.locator(".needs code").first().innerText();
    expect(wordsOf(command)).toEqual(["npx", "kintsugi", "runs", WAIL]);

    const [incident] = await program.client().incidents();
    const said = [
      ["runs"],
      ["runs", WAIL],
      ["incidents"],
      ["incidents", incident?.id ?? ""],
      ["status"],
    ];
    for (const command of said) {
      const { stdout, stderr, code } = await program.run(...command);
      expect([command, code]).toEqual([command, 0]);
      expect(controlCharacters.exec(`${stdout}${stderr}`)?.[0]).toBeUndefined();
      if (command[0] !== "status") expect(stdout).toContain(hostileMarkup);
    }
    expect(program.said()).toContain(hostileMarkup);
    expect(controlCharacters.exec(program.said())?.[0]).toBeUndefined();
  });
});

/** Opens whatever can be opened, so that all words stand on the page. */
async function unfoldAll(page: Page): Promise<void> {
  const fold = page.locator('main button[aria-expanded="false"]').first();
  while ((await fold.count()) > 0) await fold.click();
}

/** What a shell makes of a command line. */
const wordsOf = (line: string): readonly string[] =>
  execFileSync("sh", ["-c", `printf '%s\\n' ${line}`], { encoding: "utf8" })
    .trimEnd()
    .split("\n");
