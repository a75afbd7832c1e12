import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { describe, expect, it, onTestFinished } from "vitest";

import { instancePaths, logFiles } from "./instance-paths.ts";

const setup = () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "kintsugi-paths-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const runBase = join(folder, "run");
  mkdirSync(runBase);
  const own = join(runBase, `kintsugi-${process.getuid?.() ?? 0}`);
  return { folder, runBase, own, dataDir: join(folder, "data"), env: { XDG_RUNTIME_DIR: runBase } };
};

describe("the paths of a program", () => {
  it("lie in its data folder, but for its sockets, whose path must be short", () => {
    const { dataDir, own, env } = setup();
    const paths = instancePaths(dataDir, env);
    expect(paths.instance).toMatch(/^[0-9a-f]{12}$/);
    expect(paths.runDir).toBe(join(own, paths.instance));
    expect(paths.componentSocket).toBe(join(paths.runDir, "components.sock"));
    expect(paths.store).toBe(join(dataDir, "store.sqlite"));
    expect(logFiles(paths, "model-server")).toEqual({
      stdoutFile: join(dataDir, "logs", "model-server.out.log"),
      stderrFile: join(dataDir, "logs", "model-server.err.log"),
    });
  });

  it("are the same before and after the folder is made, and by a link to it", () => {
    const { folder, dataDir, env } = setup();
    const before = instancePaths(dataDir, env);
    expect(() => statSync(dataDir)).toThrow("ENOENT");
    expect(instancePaths(dataDir, env, { make: true })).toEqual(before);
    symlinkSync(dataDir, join(folder, "link"));
    expect(instancePaths(join(folder, "link"), env)).toEqual(before);
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
    expect(statSync(before.runDir).mode & 0o777).toBe(0o700);
  });

  it("fall back to a shorter folder when the session's is too long or gone", () => {
    const { folder, dataDir } = setup();
    const long = join(folder, "x".repeat(80));
    mkdirSync(long);
    for (const session of [long, join(folder, "none")]) {
      const env = { XDG_RUNTIME_DIR: session, TMPDIR: folder };
      const { runDir, componentSocket } = instancePaths(dataDir, env);
      expect(dirname(dirname(runDir))).toBe(folder);
      expect(Buffer.byteLength(componentSocket)).toBeLessThan(100);
    }
    expect(instancePaths(dataDir, { TMPDIR: long }).runDir).toMatch(/^\/tmp\//);
  });
});

describe("a folder for sockets", () => {
  it("is closed to others when it was open", () => {
    const { dataDir, own, env } = setup();
    mkdirSync(own);
    chmodSync(own, 0o777);
    instancePaths(dataDir, env, { make: true });
    expect(statSync(own).mode & 0o777).toBe(0o700);
  });

  it("is refused when it is a link or a file", () => {
    const { folder, dataDir, own, env } = setup();
    const code = "KINTSUGI_FOLDER_UNUSABLE";
    symlinkSync(folder, own);
    expect(() => instancePaths(dataDir, env)).toThrow(expect.objectContaining({ code }));
    rmSync(own);
    writeFileSync(own, "");
    expect(() => instancePaths(dataDir, env)).toThrow("is no folder");
  });

  it.runIf(process.getuid?.() === 0)("is refused when it belongs to somebody else", () => {
    const { dataDir, own, env } = setup();
    mkdirSync(own);
    chownSync(own, 12_345, 12_345);
    expect(() => instancePaths(dataDir, env)).toThrow("belongs to user 12345");
  });
});

describe("a data folder that cannot be made", () => {
  it("says which, and why", () => {
    const { folder, env } = setup();
    writeFileSync(join(folder, "file"), "");
    const dataDir = join(folder, "file", "data");
    expect(() => instancePaths(dataDir, env, { make: true })).toThrow(
      expect.objectContaining({
        code: "KINTSUGI_FOLDER_UNUSABLE",
        message: expect.stringContaining(`The folder ${dataDir} cannot be made`),
      }),
    );
  });
});
