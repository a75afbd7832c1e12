/** A program that runs and a browser that looks at it, for the length of one test. */

import type { Browser, Page } from "playwright-core";
import { onTestFinished } from "vitest";

import { type Looks, launchBrowser, type OpenPage, openPage, untilLive } from "./browser.ts";
import { hostileMarkup } from "./hostile.ts";
import { type PageProgram, startPageProgram, within } from "./page-program.ts";

export interface Stage {
  readonly program: PageProgram;
  readonly browser: Browser;
  /** Opens a fresh address in a profile of its own, and waits until the page is live. */
  open(looks?: Partial<Looks>): Promise<OpenPage>;
}

/** Time for what must happen, wherever that is no promise that is measured. */
export const PATIENCE_MS = 30_000;

/** A wide dark page, where nothing else is asked for. */
export const plainLooks: Looks = { width: 1440, theme: "dark" };

/** @param prepare What is done with the browser before `up` is typed. */
export async function setStage(
  prepare: (browser: Browser) => Promise<void> = async () => {},
): Promise<Stage> {
  const browser = await launchBrowser();
  onTestFinished(() => browser.close());
  await prepare(browser);
  const program = await startPageProgram();
  onTestFinished(() => program.stop());
  return {
    program,
    browser,
    async open(looks = {}) {
      const opened = await openPage(browser, { ...plainLooks, ...looks });
      await opened.page.goto(await program.freshAddress());
      await untilLive(opened.page);
      return opened;
    },
  };
}

/** Something in every section: work under way and dead, a circuit that is open, trouble that was mended. */
export async function fillStage({ program }: Stage): Promise<void> {
  const client = program.client();
  await client.startRun("walk", { steps: 400, everyMs: 100 }, { id: "walk-long" });
  await client.startRun("walk", { steps: 12, everyMs: 5 }, { id: "walk-short" });
  await client.startRun("wail", null, { id: WAIL });
  await client.startRun("ask", 6, { id: "ask" });
  await crash(program);
  await within(PATIENCE_MS, async () => {
    const { runs, calls, openIncidents, readiness } = await client.status();
    const isOpen = calls.some(({ circuit }) => circuit === "open");
    return (
      isOpen && runs.dead === 1 && runs.completed >= 2 && openIncidents === 0 && readiness.ready
    );
  });
}

/** The id of a run is text of somebody else's as well. */
export const WAIL: string = `wail ${hostileMarkup}`;

/** The worker ends in a stranger's words; resolves when the incident is there. */
export async function crash(program: PageProgram): Promise<string> {
  process.kill(program.process("worker").pid, "SIGUSR2");
  return incidentOf(program, "crash");
}

/** The worker hangs as a program does that is stopped: nothing of it moves. */
export async function hang(program: PageProgram): Promise<string> {
  process.kill(program.process("worker").pid, "SIGSTOP");
  return incidentOf(program, "heartbeat-failure");
}

/** Resolves with the id of the newest incident of this class. */
function incidentOf(program: PageProgram, kind: string): Promise<string> {
  return within(PATIENCE_MS, async () => {
    const incidents = await program.client().incidents();
    return incidents.find((incident) => incident.class === kind)?.id;
  });
}

/** The runtime is dead and nobody starts the next one, until `comeBack` is called. */
export async function takeAway(program: PageProgram): Promise<{ comeBack(): void }> {
  const { pid } = program.process("watchdog");
  process.kill(pid, "SIGSTOP");
  process.kill(program.process("runtime").pid, "SIGKILL");
  return { comeBack: () => void process.kill(pid, "SIGCONT") };
}

/** Everything that a person can read, sections that are folded included. */
export const textOf = (page: Page): Promise<string> => page.evaluate(() => document.body.innerText);
