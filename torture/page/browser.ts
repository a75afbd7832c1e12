/** Debian's Chromium, and a page in it whose every request, complaint and change is noted. */

import { existsSync } from "node:fs";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

import { countFacts, type Notes, overhear, takeNotes } from "./in-page.ts";

/** The one browser of the suite: no download, no channel, no choice. */
const executablePath = "/usr/bin/chromium";

export interface OpenPage {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Addresses of all requests so far. */
  readonly requests: readonly string[];
  /** Errors on the console, errors that nobody caught. */
  readonly complaints: readonly string[];
  notes(): Promise<Notes>;
}

export interface Looks {
  readonly width: number;
  readonly height?: number;
  readonly theme: "dark" | "light";
}

/** Ended by its caller. The mark makes it one of ours, for whoever counts what is left. */
export function launchBrowser(): Promise<Browser> {
  if (!existsSync(executablePath)) {
    throw new Error(`There is no ${executablePath}: apt-get install chromium`);
  }
  return chromium.launch({
    executablePath,
    headless: true,
    env: { ...process.env, KINTSUGI_INSTANCE: "browser" },
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** Opens a page in a profile of its own; the address may hold a code. */
export async function openPage(browser: Browser, looks: Looks): Promise<OpenPage> {
  const { width, height = 900, theme } = looks;
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme });
  const requests: string[] = [];
  const complaints: string[] = [];
  context.on("request", (request) => requests.push(request.url()));
  context.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  context.on("weberror", (error) => complaints.push(String(error.error())));
  await context.addInitScript(takeNotes);
  await context.addInitScript(countFacts);
  await context.addInitScript(overhear);
  const page = await context.newPage();
  return { context, page, requests, complaints, notes: () => page.evaluate(() => __notes) };
}

/** Waits until the page says that it is live. */
export async function untilLive(page: Page, timeoutMs = 30_000): Promise<void> {
  await page.waitForSelector('main[data-state="live"]', { timeout: timeoutMs });
}
