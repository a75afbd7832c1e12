import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { seededRandom, systemClock } from "@kintsugi/policy/base";
import { describe, expect, it, onTestFinished } from "vitest";

import type { AnyTable, Store, Table } from "../port.ts";
import { openSqliteStore } from "./open-sqlite-store.ts";

interface Line {
  readonly writer: number;
  readonly place: number;
  readonly text: string;
}

const lines: Table<Line> = {
  name: "lines",
  version: 1,
  key: ["writer", "place"],
  columns: { writer: { type: "integer" }, place: { type: "integer" }, text: { type: "text" } },
};

/**
 * Eight writers, each going on where it was. A line goes out, past all buffers, when its commit has
 * been acknowledged: a row with its fact, and each third time a second row in the same commit.
 */
const WRITER = `
import { writeSync } from "node:fs";
import { systemClock } from "@kintsugi/policy/base";
import { openSqliteStore } from "./open-sqlite-store.ts";
import { fact, insert } from "../port.ts";

const { file, lines, text } = JSON.parse(process.env.WRITER);
const store = await openSqliteStore({ file, tables: [lines], clock: systemClock });
writeSync(1, "open\\n");
const write = async (writer) => {
  for (let place = (await store.count(lines, { writer }));;) {
    const places = place % 3 === 0 ? [place, place + 1] : [place];
    const changes = places.flatMap((at) => [
      insert(lines, { writer, place: at, text }),
      fact("line.written", 1, { writer, place: at }),
    ]);
    await store.commit(changes);
    for (const at of places) writeSync(1, writer + " " + at + "\\n");
    place += places.length;
  }
};
await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(write));
`;

function setup() {
  const folder = mkdtempSync(join(tmpdir(), "kintsugi-crash-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "store.sqlite");
  const open = (): Promise<Store> =>
    openSqliteStore({ file, tables: [lines as unknown as AnyTable], clock: systemClock });

  const startWriter = (): ChildProcess => {
    const writer = JSON.stringify({ file, lines, text: "x".repeat(300) });
    const child = spawn(
      process.execPath,
      ["--conditions=source", "--input-type=module", "--eval", WRITER],
      {
        cwd: import.meta.dirname,
        env: { ...process.env, WRITER: writer },
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    onTestFinished(() => void child.kill("SIGKILL"));
    return child;
  };
  return { open, startWriter };
}

/** Kills the child when it has said so many lines, and returns all that it said. */
async function killAfter(child: ChildProcess, count: number): Promise<readonly string[]> {
  if (!child.stdout) throw new Error("The child has no output");
  const said: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    said.push(line);
    if (said.length === count) child.kill("SIGKILL");
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return said.filter((line) => line !== "open");
}

/** Rows and facts of the store as the writer names them; each row must have its fact. */
async function written(store: Store): Promise<ReadonlySet<string>> {
  const rows = await store.list(lines, { limit: 1_000_000 });
  const facts = await store.facts.after(0, { limit: 1_000_000 });
  const names = rows.map(({ writer, place }) => `${writer} ${place}`);
  const told = facts.map(({ payload }) => {
    const { writer, place } = payload as Line;
    return `${writer} ${place}`;
  });
  expect(told.toSorted()).toEqual(names.toSorted());
  expect(facts.map(({ id }) => id)).toEqual(facts.map((_, index) => index + 1));
  return new Set(names);
}

describe("a writer that is killed at any moment", () => {
  it("has lost nothing that was acknowledged, and left no commit in part", async () => {
    const { open, startWriter } = setup();
    const random = seededRandom("killed writers");
    const acknowledged = new Set<string>();
    for (let round = 0; round < 10; round += 1) {
      const child = startWriter();
      const said = await killAfter(child, 1 + Math.floor(random.next() * 600));
      for (const line of said) acknowledged.add(line);

      const store = await open();
      const there = await written(store);
      await store.close();
      expect([...acknowledged].filter((line) => !there.has(line))).toEqual([]);
      for (const line of there) {
        const [writer = 0, place = 0] = line.split(" ").map(Number);
        if (place % 3 === 1) expect(there).toContain(`${writer} ${place - 1}`);
        if (place % 3 === 0) expect(there).toContain(`${writer} ${place + 1}`);
      }
    }
    expect(acknowledged.size).toBeGreaterThan(1_000);
  }, 120_000);
});

describe("a store that is open in another process", () => {
  it("is refused until that process is gone, however it went", async () => {
    const { open, startWriter } = setup();
    const child = startWriter();
    if (!child.stdout) throw new Error("The child has no output");
    await once(child.stdout, "data");
    await expect(open()).rejects.toMatchObject({
      code: "KINTSUGI_STORE_UNUSABLE",
      message: expect.stringContaining("is open in another process"),
    });
    child.kill("SIGKILL");
    await once(child, "exit");
    const store = await open();
    await written(store);
    await store.close();
  });

  it("is refused in the same process as well, and the first one goes on", async () => {
    const { open } = setup();
    const store = await open();
    await expect(open()).rejects.toMatchObject({ code: "KINTSUGI_STORE_UNUSABLE" });
    await store.commit([]);
    await store.close();
  });
});
