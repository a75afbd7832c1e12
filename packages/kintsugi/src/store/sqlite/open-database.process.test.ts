import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it, onTestFinished } from "vitest";

import { type Durability, openDatabase } from "./open-database.ts";

/** Values of `PRAGMA synchronous`: only FULL syncs the log at each commit. */
const NORMAL = 1;
const FULL = 2;

describe("a database that was opened for writing", () => {
  it.each<{ durability: Durability; synchronous: number }>([
    { durability: "power", synchronous: FULL },
    { durability: "process", synchronous: NORMAL },
  ])("has the settings that make commits survive: $durability", (given) => {
    const folder = mkdtempSync(join(tmpdir(), "kintsugi-settings-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const database = openDatabase(join(folder, "store.sqlite"), [], given.durability);
    const setting = (name: string): unknown =>
      Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
    expect(setting("synchronous")).toBe(given.synchronous);
    expect(setting("journal_mode")).toBe("wal");
    expect(setting("locking_mode")).toBe("exclusive");
    expect(setting("trusted_schema")).toBe(0);
    expect(setting("wal_autocheckpoint")).toBe(4_000);
    database.close();
  });
});
