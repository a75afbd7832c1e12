/** The page against the terminal: what `--json` prints must be what is on the screen. */

import type { Client } from "kintsugi/client";
import type { Page } from "playwright-core";
import { expect } from "vitest";

import type { PageProgram } from "./page-program.ts";

type Status = Awaited<ReturnType<Client["status"]>>;
type Run = Awaited<ReturnType<Client["run"]>>;

async function told<T>(program: PageProgram, command: string): Promise<T> {
  const { stdout } = await program.run(command, "--json");
  return JSON.parse(stdout) as T;
}

/** Name, health, phase and process of each component. */
export async function agreesOnComponents(program: PageProgram, page: Page): Promise<void> {
  const { components, health, name } = await told<Status>(program, "status");
  expect(await page.locator("body").innerText()).toContain(name);
  expect(health.kind).toBe("healthy");
  const shown = await page.locator("[data-component][data-health]").all();
  expect(shown.length).toBeGreaterThanOrEqual(components.length);
  for (const component of components) {
    const row = page.locator(`[data-component="${component.name}"][data-health]`).first();
    expect(await row.getAttribute("data-health")).toBe(component.health.kind);
    const words = await row.innerText();
    expect(words).toContain(component.name);
    expect(words).toMatch(new RegExp(component.health.kind, "i"));
    if (component.identity) expect(words).toContain(String(component.identity.pid));
  }
}

/** Status, progress and checkpoints of each run that the page shows. */
export async function agreesOnRuns(program: PageProgram, page: Page): Promise<void> {
  const runs = await told<readonly Run[]>(program, "runs");
  for (const id of ["walk-short", "ask"]) {
    const run = runs.find((each) => each.id === id);
    const row = page.locator(`[data-run="${id}"]`).first();
    expect(await row.getAttribute("data-status")).toBe(run?.status);
    const words = await row.innerText();
    const { done, total } = run?.progress ?? {};
    if (total !== undefined) expect(words.replace(/\s/g, "")).toMatch(`${done}/${total}`);
    const marks = row.locator(".step-marks");
    expect(await marks.innerText()).toMatch(new RegExp(`\\b${run?.stepsRecorded} steps recorded`));
    expect(await marks.locator(".diamond").count()).toBe(run?.stepsRecorded);
  }
  const long = page.locator('[data-run="walk-long"]').first();
  expect(await long.getAttribute("data-status")).toBe("running");
  const before = await long.innerText();
  await expect.poll(() => long.innerText(), { timeout: 10_000 }).not.toBe(before);
}

/** Circuit and counts of each call. */
export async function agreesOnCalls(program: PageProgram, page: Page): Promise<void> {
  const { calls } = await told<Status>(program, "status");
  expect(calls.map(({ circuit }) => circuit).toSorted()).toEqual(["closed", "open"]);
  for (const call of calls) {
    const row = page.locator(`[data-call="${call.name}"]`).first();
    expect(await row.getAttribute("data-circuit")).toBe(call.circuit);
    const words = await row.innerText();
    expect(words).toMatch(new RegExp(call.circuit, "i"));
    expect(words.match(/\d[\d,]*/g)).toContain(String(call.succeeded));
    expect(words.match(/\d[\d,]*/g)).toContain(String(call.failed));
  }
}
