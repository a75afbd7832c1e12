import { seededRandom } from "@kintsugi/policy/base";
import { describe, expect, it } from "vitest";

import { ConflictError, memoryStore, update } from "../store/index.ts";
import { manualClock } from "../testing/index.ts";
import { healingWorld } from "./fixtures/healing-world.ts";
import { IncidentBook } from "./incident-book.ts";
import { incidentTable } from "./tables.ts";

function setup(maxIncidents?: number) {
  const clock = manualClock();
  const store = memoryStore({ clock });
  const random = seededRandom(1);
  const options = { store, clock, random, onChange: () => {} };
  const book = new IncidentBook(maxIncidents ? { ...options, maxIncidents } : options);
  const settle = async <T>(work: Promise<T>): Promise<T> => {
    work.catch(() => {}); // Whoever awaits it hears of it.
    await clock.advance(1);
    return work;
  };
  const open = (component: string) =>
    settle(
      book.openNew(
        {
          component,
          class: "crash",
          severity: "high",
          summary: `${component} ended`,
          trigger: null,
          playbook: "restart_service",
        },
        [],
      ),
    );
  return { book, store, settle, open };
}

describe("the book of incidents", () => {
  it("refuses a change of what somebody else has changed", async () => {
    const { book, settle, open, store } = setup();
    const row = await open("web");
    await settle(book.change(row, [{ kind: "absorb" }]));
    await expect(settle(book.change(row, [{ kind: "absorb" }]))).rejects.toThrow(ConflictError);
    expect(await settle(store.facts.latest(10))).toHaveLength(2);
  });

  it("lets the oldest that are over go, and keeps what is open", async () => {
    const { book, settle, open } = setup(3);
    await open("open");
    for (const component of ["a", "b", "c", "d"]) {
      const row = await open(component);
      await settle(book.change(row, [{ kind: "resolve", why: "healthy" }]));
    }
    const kept = await settle(book.list());
    expect(kept.map(({ component }) => component)).toContain("open");
    expect(kept.length).toBeLessThanOrEqual(3);
  });
});

describe("a healer whose incident somebody else has changed", () => {
  it("reads it again, and goes on", async ({ onTestFinished }) => {
    const world = await healingWorld({}, onTestFinished);
    const { components, store, settle, clock, incident, errors } = world;
    await settle(components.crash(store, "web"));
    const id = (await incident())?.id ?? "";
    await settle(store.commit([update(incidentTable, [id], { revision: 99, severity: "low" })]));
    await settle(components.crash(store, "web"));
    components.comesUp("web");
    await clock.advance(5_000);
    expect(await incident()).toMatchObject({ status: "resolved", severity: "low" });
    expect(errors).toEqual([]);
  });
});
