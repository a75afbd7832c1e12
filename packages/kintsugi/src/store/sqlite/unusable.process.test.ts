import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { seededRandom, systemClock } from "@kintsugi/policy/base";
import { describe, expect, it, onTestFinished } from "vitest";

import { type AnyTable, fact, insert, type Store, type Table } from "../port.ts";
import { openSqliteStore } from "./open-sqlite-store.ts";

interface Note {
  readonly id: number;
  readonly text: string;
  readonly body: unknown;
}

const notes: Table<Note> = {
  name: "notes",
  version: 1,
  key: ["id"],
  columns: { id: { type: "integer" }, text: { type: "text" }, body: { type: "json" } },
  indexes: [["text"]],
};

function setup() {
  const folder = mkdtempSync(join(tmpdir(), "kintsugi-unusable-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "store.sqlite");
  const open = (table: object = notes): Promise<Store> =>
    openSqliteStore({ file, tables: [table as AnyTable], clock: systemClock });

  /** A store with a few rows, closed again. */
  const filled = async (): Promise<void> => {
    const store = await open();
    const ids = Array.from({ length: 200 }, (_, id) => id);
    await store.commit(
      ids.flatMap((id) => [
        insert(notes, { id, text: `note ${id}`, body: { text: "x".repeat(id) } }),
        fact("note.written", id, { id }),
      ]),
    );
    await store.close();
  };
  /** All but the index of a log, which whoever looks makes, and which holds nothing. */
  const everything = (): unknown =>
    readdirSync(folder)
      .filter((name) => !name.endsWith("-shm"))
      .map((name) => [name, readFileSync(join(folder, name)).toString("base64")]);

  /** Opening must fail with this sentence, and leave every byte of the folder as it was. */
  const expectRefusal = async (sentence: RegExp, table?: object): Promise<void> => {
    const before = everything();
    const error: unknown = await open(table).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "KINTSUGI_STORE_UNUSABLE", file });
    expect((error as Error).message).toMatch(sentence);
    expect((error as Error).message).toMatch(/^The store .*\. Nothing was changed$/);
    expect((error as Error).message).not.toMatch(/\n/);
    expect(everything()).toEqual(before);
  };
  const withDatabase = (change: string): void => {
    const database = new DatabaseSync(file);
    database.exec(change);
    database.close();
  };
  /** The same by a process that dies before it has closed: the change is in the log only. */
  const inLogOnly = (change: string): void => {
    const program = `
      const { DatabaseSync } = require("node:sqlite");
      new DatabaseSync(process.env.FILE).exec(process.env.CHANGE);
      process.kill(process.pid, "SIGKILL");`;
    const env = { ...process.env, FILE: file, CHANGE: change };
    const { signal } = spawnSync(process.execPath, ["--eval", program], { env });
    expect([signal, existsSync(`${file}-wal`)]).toEqual(["SIGKILL", true]);
  };
  return { file, folder, open, filled, expectRefusal, withDatabase, inLogOnly };
}

describe("a file that is no store of ours", () => {
  it("is refused when it is no database at all", async () => {
    const { file, expectRefusal } = setup();
    writeFileSync(file, "This is a letter to my grandmother.\n".repeat(100));
    await expectRefusal(/is not a database: move it aside to begin anew, or restore a backup/);
  });

  it("is refused when it is another program's database", async () => {
    const { withDatabase, expectRefusal } = setup();
    withDatabase("CREATE TABLE people (name TEXT)");
    await expectRefusal(/is a database of another program: move it aside/);
    withDatabase("PRAGMA application_id = 7");
    await expectRefusal(/is a database of another program: move it aside/);
  });

  it("is refused when it is a folder", async () => {
    const { file, open } = setup();
    mkdirSync(file);
    await expect(open()).rejects.toMatchObject({ code: "KINTSUGI_STORE_UNUSABLE" });
  });
});

describe("a file of a newer program", () => {
  it("is refused with both versions of the table", async () => {
    const { filled, withDatabase, expectRefusal } = setup();
    await filled();
    withDatabase("UPDATE kintsugi_tables SET version = 4 WHERE name = 'notes'");
    await expectRefusal(/has table "notes" in version 4, .* version 1: start the newer program/);
  });

  it("is refused with both formats", async () => {
    const { filled, withDatabase, expectRefusal } = setup();
    await filled();
    withDatabase("PRAGMA user_version = 9");
    await expectRefusal(/has format 9, this program knows format 1: start the newer one/);
  });

  it("is refused, log and all, when it was killed before it wrote its log back", async () => {
    const { filled, inLogOnly, expectRefusal } = setup();
    await filled();
    inLogOnly("UPDATE kintsugi_tables SET version = 4 WHERE name = 'notes'");
    await expectRefusal(/has table "notes" in version 4/);
    await expectRefusal(/has table "notes" in version 4/);
  });
});

describe("a file that is corrupt", () => {
  it("is refused when a page is overwritten", async () => {
    const { file, filled, expectRefusal } = setup();
    await filled();
    const bytes = readFileSync(file);
    bytes.fill(0xff, 2 * 4_096, 3 * 4_096);
    writeFileSync(file, bytes);
    await expectRefusal(/is corrupt \(.*\): move it aside to begin anew, or restore a backup/);
  });

  it("is refused when its end is missing", async () => {
    const { file, filled, expectRefusal } = setup();
    await filled();
    writeFileSync(file, readFileSync(file).subarray(0, 3 * 4_096));
    await expectRefusal(/is corrupt/);
  });

  it("is refused, or read, or found out later, wherever a byte has flipped", async () => {
    const { file, open, filled } = setup();
    await filled();
    const whole = readFileSync(file);
    const random = seededRandom("flipped bytes");
    const ends = new Set<string>();
    for (let round = 0; round < 60; round += 1) {
      const bytes = Buffer.from(whole);
      const at = Math.floor(random.next() * (round % 2 === 0 ? 200 : bytes.length));
      bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random.next() * 8));
      writeFileSync(file, bytes);
      ends.add(await readAll(open).catch((error: { readonly code: string }) => error.code));
    }
    expect([...ends].sort()).toEqual(expect.arrayContaining(["KINTSUGI_STORE_UNUSABLE", "read"]));
    ends.delete("KINTSUGI_STORE_FAILED");
    expect(ends.size).toBe(2);
  });
});

async function readAll(open: () => Promise<Store>): Promise<string> {
  const store = await open();
  try {
    await store.list(notes);
    await store.facts.after(0);
    return "read";
  } finally {
    await store.close();
  }
}

describe("a table that the program has changed without a new version", () => {
  it.each([
    { columns: { extra: { type: "text" } }, key: ["id"], path: "notes.extra" },
    { columns: { text: { type: "real" } }, key: ["id"], path: "notes.text" },
    { columns: {}, key: ["id", "text"], path: "notes.text" },
  ])("is a mistake at $path, and nothing is changed", async ({ columns, key, path }) => {
    const { open, filled } = setup();
    await filled();
    const changed = { ...notes, key, columns: { ...notes.columns, ...columns } };
    await expect(open(changed)).rejects.toMatchObject({ code: "KINTSUGI_STORE_USAGE", path });
    const store = await open();
    expect(await store.count(notes)).toBe(200);
    await store.close();
  });
});

describe("a folder that is not there or not ours", () => {
  it("is named, with what to do", async () => {
    const { folder } = setup();
    const file = join(folder, "nowhere", "store.sqlite");
    const opened = openSqliteStore({ file, tables: [], clock: systemClock });
    await expect(opened).rejects.toThrow(/cannot be opened for writing .*: make it and its folder/);
  });

  it.skipIf(process.getuid?.() === 0)("is refused when it is read-only", async () => {
    const { folder, open } = setup();
    chmodSync(folder, 0o500);
    await expect(open()).rejects.toThrow(/cannot be opened for writing/);
    chmodSync(folder, 0o700);
  });
});
