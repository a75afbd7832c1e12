import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { systemClock } from "@kintsugi/policy/base";
import { describe, expect, it, onTestFinished } from "vitest";

import { type AnyTable, insert, remove, type Store, type Table } from "../port.ts";
import { openSqliteStore } from "./open-sqlite-store.ts";

interface Note {
  readonly id: number;
  readonly text: string;
}

const notes: Table<Note> = {
  name: "notes",
  version: 1,
  key: ["id"],
  columns: { id: { type: "integer" }, text: { type: "text" } },
};

/** Writes until nothing goes any more; says each row and each state as they come. */
const WRITER = `
import { writeSync } from "node:fs";
import { systemClock } from "@kintsugi/policy/base";
import { openSqliteStore } from "./open-sqlite-store.ts";
import { fact, insert } from "../port.ts";

const { file, reserveFile, notes } = JSON.parse(process.env.WRITER);
const say = (text) => writeSync(1, text + "\\n");
const clock = systemClock;
const opened = openSqliteStore({ file, reserveFile, tables: [notes], clock });
const store = await opened.catch((error) => {
  say(error.code + " " + error.message);
  process.exit();
});
store.onState((state) => say("state " + state.kind));
for (let id = 0; ; id += 1) {
  const keepAlive = setTimeout(() => say("stuck"), 2_500);
  const note = { id, text: "x".repeat(2_000) };
  await store.commit([fact("note.written", 1, { id }), insert(notes, note)]);
  clearTimeout(keepAlive);
  say("row " + id);
}
`;

function setup() {
  const folder = mkdtempSync(join(tmpdir(), "kintsugi-full-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "store.sqlite");
  const reserveFile = join(folder, "store.reserve");
  const tables = [notes as unknown as AnyTable];
  const open = (): Promise<Store> =>
    openSqliteStore({ file, reserveFile, tables, clock: systemClock });

  /** What a writer says that may write files of so many blocks of 512 bytes, until it is stuck. */
  const writeWithin = async (blocks: number): Promise<readonly string[]> => {
    const program = `ulimit -f ${blocks}; exec "$0" "$@"`;
    const flags = ["--conditions=source", "--input-type=module", "--eval", WRITER];
    const child = spawn("/bin/sh", ["-c", program, process.execPath, ...flags], {
      cwd: import.meta.dirname,
      env: { ...process.env, WRITER: JSON.stringify({ file, reserveFile, notes }) },
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    const said: string[] = [];
    for await (const line of createInterface(child.stdout)) {
      said.push(line);
      if (line === "stuck") child.kill("SIGKILL");
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    return said;
  };
  return { folder, file, reserveFile, open, writeWithin };
}

describe("a process that may write no longer files", () => {
  it("waits when the limit is met, and has kept all that it acknowledged", async () => {
    const { reserveFile, open, writeWithin } = setup();
    const said = await writeWithin(4_000);
    expect(said).toContain("state full");
    expect(said).not.toContain("state failed");
    expect(said.at(-1)).toBe("stuck");
    expect(said.indexOf("state full")).toBeLessThan(said.length - 2); // The reserve was of use.
    expect(existsSync(reserveFile)).toBe(false);

    const store = await open();
    const rows = await store.list(notes, { limit: 100_000 });
    const acknowledged = said.filter((line) => line.startsWith("row "));
    expect(rows.map(({ id }) => `row ${id}`)).toEqual(acknowledged);
    const facts = await store.facts.after(0, { limit: 100_000 });
    expect(facts.map(({ id }) => id)).toEqual(facts.map((_, index) => index + 1));
    const notWritten = facts.filter(({ type }) => type !== "note.written");
    expect(notWritten.map(({ type }) => type)).toEqual(["store.full"]);
    expect(facts).toHaveLength(rows.length + 1);
    expect(existsSync(reserveFile)).toBe(true);
    await store.close();
  });

  it("is refused a store that it could not write to", async () => {
    const { writeWithin } = setup();
    const [line = ""] = await writeWithin(16);
    expect(line).toMatch(/^KINTSUGI_STORE_UNUSABLE The store .* as its disk is full: make room/);
  });
});

/** A small file system in memory, where the machine lets us have one. */
function mountSmallDisk(folder: string, bytes: number): string | undefined {
  const disk = join(folder, "disk");
  mkdirSync(disk);
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", disk]);
  if (status !== 0) return undefined;
  onTestFinished(() => void spawnSync("umount", ["--lazy", disk]));
  return disk;
}

describe("a disk without room", () => {
  it.for([
    { log: "a short log", diskMb: 12, textLength: 2_000 },
    { log: "a log that is due to be written back", diskMb: 24, textLength: 100_000 },
  ])("journals a cleanup on the reserve, with $log, and takes it again", async (given, context) => {
    const { folder } = setup();
    const disk = mountSmallDisk(folder, given.diskMb * 2 ** 20);
    if (disk === undefined) context.skip("this machine lets nobody mount a small disk");
    const ballast = join(String(disk), "ballast");
    writeFileSync(ballast, Buffer.alloc(6 * 2 ** 20));
    const file = join(String(disk), "store.sqlite");
    const reserveFile = join(String(disk), "store.reserve");
    const tables = [notes as unknown as AnyTable];
    const store = await openSqliteStore({ file, reserveFile, tables, clock: systemClock });
    expect(existsSync(reserveFile)).toBe(true);

    const states: string[] = [];
    const isOpenAgain = new Promise<void>((resolve) => {
      store.onState(({ kind }) => {
        states.push(kind);
        if (kind === "open") resolve();
      });
    });
    let count = 0;
    for (; store.state.kind === "open"; count += 1) {
      await store.commit([insert(notes, { id: count, text: "x".repeat(given.textLength) })]);
    }
    expect(existsSync(reserveFile)).toBe(false);
    const ids = Array.from({ length: count }, (_, id) => id);
    await store.commit(ids.map((id) => remove(notes, id)));
    expect(store.state.kind).toBe("full");

    rmSync(ballast);
    await isOpenAgain;
    expect(states).toEqual(["full", "open"]);
    expect(existsSync(reserveFile)).toBe(true);
    await store.commit([insert(notes, { id: 0, text: "" })]);
    const facts = await store.facts.after(0);
    expect(facts.map(({ type }) => type)).toEqual(["store.full", "store.room"]);
    expect(await store.count(notes)).toBe(1);
    await store.close();
  });
});
