import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";

import { placesIn } from "./places.ts";
import { prepare } from "./up.ts";

const job = { folder: "/some/folder", seed: "a bad day" };

/** What an earlier start of {@link job} left, with a trace by which it is known again. */
function setup() {
  const here = mkdtempSync(join(tmpdir(), "digest-up-"));
  onTestFinished(() => rmSync(here, { recursive: true, force: true }));
  const places = placesIn(here);
  prepare(places, job, false);
  writeFileSync(places.ledger, "trace");
  return { places, goesOn: () => existsSync(places.ledger) };
}

describe("a start after another one", () => {
  it("goes on with the same job", () => {
    const { places, goesOn } = setup();
    prepare(places, job, false);
    expect(goesOn()).toBe(true);
    expect(readFileSync(places.seed, "utf8")).toBe("a bad day");
  });

  it.each([
    ["reads another folder", { ...job, folder: "/other" }, false],
    ["has another bad day", { ...job, seed: "other" }, false],
    ["is told to", job, true],
  ])("begins afresh when it %s", (_, next, isFresh) => {
    const { places, goesOn } = setup();
    prepare(places, next, isFresh);
    expect(goesOn()).toBe(false);
    expect(readFileSync(places.seed, "utf8")).toBe(next.seed);
    expect(readFileSync(places.folder, "utf8")).toBe(next.folder);
  });

  it("begins afresh when the other one was complete", () => {
    const { places, goesOn } = setup();
    writeFileSync(places.finished, "");
    prepare(places, job, false);
    expect(goesOn()).toBe(false);
  });
});
