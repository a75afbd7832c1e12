import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it, onTestFinished, vi } from "vitest";
import { systemFiles } from "./files.ts";
import { ownProgram } from "./own-program.ts";
import { acquireOwnerLock } from "./owner-lock.ts";
import { systemProcesses } from "./processes.ts";

const NOBODY = 65_534;

const PATIENCE = { timeout: 30_000, interval: 20 };

const setup = () => {
  const folder = mkdtempSync(join(tmpdir(), "kintsugi-lock-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "store.lock");
  const processes = systemProcesses();
  const stdoutFile = join(folder, "out.log");
  const stderrFile = join(folder, "err.log");
  /** A process of its own that takes the lock, says so, and keeps it. */
  const owner = async () => {
    const file = join(folder, "owner.ts");
    const door = new URL("./owner-lock.ts", import.meta.url).href;
    writeFileSync(
      file,
      `import { acquireOwnerLock } from ${JSON.stringify(door)};
      console.log(acquireOwnerLock(${JSON.stringify(path)}) ? "held" : "refused");
      setInterval(() => {}, 1_000);`,
    );
    const program = ownProgram(`file://${file}`);
    const handle = processes.spawn({ ...program, cwd: folder, env: {}, stdoutFile, stderrFile });
    const { identity } = handle;
    if (!identity) throw new Error("The owner was not started");
    onTestFinished(() => void processes.signal(identity, "SIGKILL"));
    const said = await vi.waitFor(() => {
      const text = systemFiles.read(stdoutFile) ?? "";
      expect(text).not.toBe("");
      return text.trim();
    }, PATIENCE);
    return { said, kill: () => processes.signal(identity, "SIGKILL"), ...handle };
  };
  return { folder, path, owner };
};

describe("the lock of a data folder", () => {
  it("has one owner, and is free when that lets it go", () => {
    const { path } = setup();
    const first = acquireOwnerLock(path);
    expect(first).toBeDefined();
    expect(acquireOwnerLock(path)).toBeUndefined();
    first?.release();
    first?.release();
    const second = acquireOwnerLock(path);
    expect(second).toBeDefined();
    second?.release();
  });

  it("is refused to another process, and dies with its owner", async () => {
    const { path, owner } = setup();
    const { said, kill, exited } = await owner();
    expect(said).toBe("held");
    expect(acquireOwnerLock(path)).toBeUndefined();
    kill();
    await exited;
    const lock = acquireOwnerLock(path);
    expect(lock).toBeDefined();
    lock?.release();
  });

  it("keeps another process out while we have it", async () => {
    const { path, owner } = setup();
    const lock = acquireOwnerLock(path);
    expect((await owner()).said).toBe("refused");
    lock?.release();
  });
});

describe("a lock that cannot be taken", () => {
  it.each([
    { what: "its folder is not there", name: "none/store.lock", cure: "make its folder writable" },
    { what: "it is another file", name: "notes.txt", cure: "it is something else" },
  ])("says what to do when $what", ({ name, cure }) => {
    const { folder } = setup();
    writeFileSync(join(folder, "notes.txt"), "Buy gold lacquer.\n".repeat(100));
    const path = join(folder, name);
    expect(() => acquireOwnerLock(path)).toThrow(
      expect.objectContaining({
        code: "KINTSUGI_FOLDER_UNUSABLE",
        message: expect.stringContaining(cure),
      }),
    );
  });

  it.each([
    { what: "new", given: false },
    { what: "already there", given: true },
  ])("says what to do when its folder is read-only and the file $what", ({ given }) => {
    const { folder, path } = setup();
    if (given) writeFileSync(path, "", { mode: 0o400 });
    chmodSync(folder, 0o500);
    asNobody(folder, path);
    expect(() => acquireOwnerLock(path)).toThrow("make its folder writable");
  });
});

/** To the superuser nothing is read-only: until the test is over we are somebody else. */
function asNobody(...paths: readonly string[]): void {
  if (process.getuid?.() !== 0) return;
  for (const path of paths) if (existsSync(path)) chownSync(path, NOBODY, NOBODY);
  process.seteuid?.(NOBODY);
  onTestFinished(() => process.seteuid?.(0));
}
