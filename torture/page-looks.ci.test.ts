import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";

import { openPage, untilLive } from "./page/browser.ts";
import { findMisfits } from "./page/layout.ts";
import { findViolations } from "./page/rules.ts";
import {
  fillStage,
  PATIENCE_MS,
  plainLooks,
  type Stage,
  setStage,
  takeAway,
} from "./page/stage.ts";

const themes = ["dark", "light"] as const;
const widths = [360, 768, 1440] as const;

/** What is wrong with the page at every width, in both themes; each finding says where. */
async function everywhere(
  page: Page,
  sizes: readonly number[],
  find: (page: Page) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const theme of themes) {
    await page.emulateMedia({ colorScheme: theme });
    for (const width of sizes) {
      await page.setViewportSize({ width, height: 900 });
      await settled(page);
      found.push(...(await find(page)).map((finding) => `${width} px, ${theme}: ${finding}`));
    }
  }
  return found;
}

/** Two frames after a change of the window, whatever moves has come to rest. */
const settled = (page: Page): Promise<void> =>
  page.evaluate(
    () =>
      new Promise((done) => {
        requestAnimationFrame(() => requestAnimationFrame(() => done()));
      }),
  );

/** Looks at the three faces of the page: live with content, not live, locked. */
async function ofEachFace(
  stage: Stage,
  look: (page: Page) => Promise<readonly string[]>,
): Promise<Readonly<Record<string, readonly string[]>>> {
  await fillStage(stage);
  const { page } = await stage.open();
  await page.waitForSelector("[data-incident]");
  const live = await look(page);
  const locked = await openPage(stage.browser, plainLooks);
  await locked.page.goto(new URL(stage.program.address).origin);
  await locked.page.waitForSelector('main[data-state="locked"]');
  const gate = await look(locked.page);
  const { comeBack } = await takeAway(stage.program);
  await page.waitForSelector('main[data-state="stale"]', { timeout: PATIENCE_MS });
  const stale = await look(page);
  comeBack();
  await untilLive(page);
  return { live, "not live": stale, locked: gate };
}

const nothing = { live: [], "not live": [], locked: [] };

describe("the page at every width, in both themes", () => {
  it("breaks no rule of accessibility, be it live, not live or locked", async () => {
    const stage = await setStage();
    const found = await ofEachFace(stage, (page) => everywhere(page, widths, findViolations));
    expect(found).toEqual(nothing);
  });

  it("never scrolls sideways and cuts no label", async () => {
    const stage = await setStage();
    const sizes = [320, 360, 390, 768, 1440];
    const found = await ofEachFace(stage, (page) => everywhere(page, sizes, findMisfits));
    expect(found).toEqual(nothing);
  });
});

describe("the page without a mouse", () => {
  it("gives every action to the Tab key, and shows where it is", async () => {
    const stage = await setStage();
    await fillStage(stage);
    const { page } = await stage.open();
    await page.waitForSelector("[data-incident]");
    const { actions, reached, unseen } = await walkByTab(page);
    expect(actions.length).toBeGreaterThan(2);
    expect(actions.filter((action) => !reached.includes(action))).toEqual([]);
    expect(unseen).toEqual([]);
  });

  it("explains its keys in a dialog that opens and closes by them", async () => {
    const stage = await setStage();
    const { page } = await stage.open();
    await page.keyboard.press("?");
    const dialog = page.getByRole("dialog");
    await dialog.waitFor();
    expect(await findViolations(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
  });

  it("keeps the theme that was chosen", async () => {
    const stage = await setStage();
    const { page } = await stage.open({ theme: "dark" });
    const colours = (): Promise<string> =>
      page.evaluate(() => {
        const { color } = getComputedStyle(document.body);
        return `${color} on ${getComputedStyle(document.documentElement).backgroundColor}`;
      });
    const before = await colours();
    const button = page.locator('button[title^="Theme"]');
    // As the machine has it, dark, light: two of the three look the same.
    for (let presses = 0; presses < 3 && (await colours()) === before; presses += 1) {
      await button.press("Enter");
      await settled(page);
    }
    const chosen = await colours();
    expect(chosen).not.toBe(before);
    await page.reload();
    await untilLive(page);
    expect(await colours()).toBe(chosen);
  });
});

/** Presses Tab until it comes round; the marks are numbers that are given to the elements. */
async function walkByTab(page: Page) {
  const actions = await page.evaluate(() => {
    const all =
      "a[href], button, input, select, textarea, summary, [tabindex]:not([tabindex='-1'])";
    const visible = [...document.querySelectorAll<HTMLElement>(all)].filter(
      (element) => element.checkVisibility() && !element.matches(":disabled"),
    );
    return visible.map((element, index) => {
      element.dataset["mark"] = String(index);
      return `${index} ${element.tagName} ${element.textContent?.trim().slice(0, 30)}`;
    });
  });
  const reached: string[] = [];
  const unseen: string[] = [];
  for (let presses = 0; presses <= actions.length + 5; presses += 1) {
    await page.keyboard.press("Tab");
    const { mark, isSeen } = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement;
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
      const hasOutline = outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 1;
      return { mark: element.dataset["mark"], isSeen: hasOutline || boxShadow !== "none" };
    });
    const action = actions[Number(mark ?? "-1")];
    if (action === undefined) continue;
    reached.push(action);
    if (!isSeen) unseen.push(action);
  }
  return { actions, reached, unseen };
}

describe("the page for whoever asks for less", () => {
  it.each([
    ["no motion", { reducedMotion: "reduce" }],
    ["colours of their own", { forcedColors: "active" }],
    ["more contrast", { contrast: "more" }],
  ] as const)("says the same with %s", async (_, media) => {
    const stage = await setStage();
    await fillStage(stage);
    const { page, complaints } = await stage.open();
    await page.emulateMedia(media);
    await page.waitForSelector("[data-incident]");
    await settled(page);
    const words = await page.evaluate(() => document.body.innerText);
    expect(words).toMatch(/live/i);
    expect(words).toMatch(/healthy/i);
    expect(words).toMatch(/resolved|healed|mended/i);
    expect(await findMisfits(page)).toEqual([]);
    expect(complaints).toEqual([]);
    if ("reducedMotion" in media) expect(await movements(page)).toEqual([]);
  });
});

/** Names of animations that still run where no motion is wanted. */
const movements = (page: Page): Promise<readonly string[]> =>
  page.evaluate(() =>
    document.getAnimations().map((each) => (each as CSSAnimation).animationName ?? each.id),
  );
