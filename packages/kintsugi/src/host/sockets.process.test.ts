import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it, onTestFinished, vi } from "vitest";

import type { Connection } from "./ports.ts";
import { systemProcesses } from "./processes.ts";
import { systemSockets, WAITING_LIMIT_BYTES } from "./sockets.ts";

const PATIENCE = { timeout: 30_000, interval: 10 };

const setup = () => {
  const folder = mkdtempSync(join(tmpdir(), "kintsugi-sockets-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "a.sock");
  const accepted: Connection[] = [];
  const listen = async (at = path) => {
    const server = await systemSockets.listen(at, (connection) => accepted.push(connection));
    onTestFinished(() => server.close());
    return server;
  };
  const dial = async () => {
    const here = await systemSockets.connect(path);
    onTestFinished(() => here.close());
    const there = await vi.waitFor(() => {
      const connection = accepted.at(-1);
      if (!connection) throw new Error("Nobody was accepted yet");
      return connection;
    }, PATIENCE);
    return { here, there };
  };
  return { folder, path, listen, dial };
};

describe("a socket", () => {
  it("is its owner's alone, and gone when its server has closed", async () => {
    const { path, listen } = setup();
    const server = await listen();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await server.close();
    await expect(systemSockets.connect(path)).rejects.toMatchObject({
      code: "KINTSUGI_SOCKET_UNREACHABLE",
      message: `Nobody listens on the socket ${path}`,
    });
  });

  it("is not taken from a server that answers", async () => {
    const { listen, dial } = setup();
    await listen();
    await expect(listen()).rejects.toMatchObject({ code: "KINTSUGI_SOCKET_IN_USE" });
    const { here, there } = await dial();
    const heard = vi.fn();
    there.onData(heard);
    here.write("still here");
    await vi.waitFor(() => expect(heard).toHaveBeenCalledWith("still here"), PATIENCE);
  });

  it("replaces the file of a server that was killed", async () => {
    const { folder, path, listen, dial } = setup();
    const processes = systemProcesses();
    const script = `require("node:net").createServer(() => {}).listen(${JSON.stringify(path)})`;
    const killed = processes.spawn({
      command: process.execPath,
      args: ["-e", script],
      cwd: folder,
      env: {},
      stdoutFile: join(folder, "out.log"),
      stderrFile: join(folder, "err.log"),
    });
    await vi.waitFor(async () => (await systemSockets.connect(path)).close(), PATIENCE);
    await expect(listen()).rejects.toMatchObject({ code: "KINTSUGI_SOCKET_IN_USE" });
    if (killed.identity) processes.signal(killed.identity, "SIGKILL");
    await killed.exited;
    expect(statSync(path).isSocket()).toBe(true);
    await listen();
    await dial();
  });

  it("says it plainly when its path is too long for the kernel", async () => {
    const { folder, listen } = setup();
    const long = join(folder, `${"x".repeat(100)}.sock`);
    const code = "KINTSUGI_SOCKET_PATH_TOO_LONG";
    await expect(listen(long)).rejects.toMatchObject({ code });
    await expect(systemSockets.connect(long)).rejects.toMatchObject({ code });
  });

  it("says what the machine says when its folder is not there", async () => {
    const { folder, listen } = setup();
    await expect(listen(join(folder, "none", "a.sock"))).rejects.toThrow(/ENOENT|EACCES/);
    writeFileSync(join(folder, "file"), "");
    await expect(systemSockets.connect(join(folder, "file"))).rejects.toMatchObject({
      code: "KINTSUGI_SOCKET_UNREACHABLE",
    });
  });
});

describe("a connection", () => {
  it("keeps what came before anybody asked, and cuts no letter in two", async () => {
    const { listen, dial } = setup();
    await listen();
    const { here, there } = await dial();
    const text = `ab${"✓".repeat(100_000)}`;
    here.write(text);
    await dial(); // Meanwhile it lies there unasked.
    let heard = "";
    there.onData((part) => {
      heard += part;
    });
    await vi.waitFor(() => expect(heard).toBe(text), PATIENCE);
  });

  it("tells its end to both sides once, early or late, after the last words", async () => {
    const { listen, dial } = setup();
    await listen();
    const { here, there } = await dial();
    const heard: string[] = [];
    there.onData((text) => heard.push(text));
    there.onClose(() => heard.push("end"));
    here.write("goodbye");
    here.close();
    here.close();
    here.write("lost");
    await vi.waitFor(() => expect(heard).toEqual(["goodbye", "end"]), PATIENCE);
    const late = vi.fn();
    here.onClose(late);
    await vi.waitFor(() => expect(late).toHaveBeenCalledOnce(), PATIENCE);
    expect(heard).toEqual(["goodbye", "end"]);
  });

  it("ends with its server", async () => {
    const { listen, dial } = setup();
    const server = await listen();
    const { here } = await dial();
    const ended = vi.fn();
    here.onClose(ended);
    await server.close();
    await vi.waitFor(() => expect(ended).toHaveBeenCalledOnce(), PATIENCE);
  });

  it("is cut when the other process does not read at all", async () => {
    const { path } = setup();
    const deaf = createServer({ pauseOnConnect: true }).listen(path);
    onTestFinished(() => void deaf.close());
    const here = await vi.waitFor(() => systemSockets.connect(path), PATIENCE);
    const ended = vi.fn();
    here.onClose(ended);
    await vi.waitFor(() => {
      here.write("x".repeat(WAITING_LIMIT_BYTES / 4));
      expect(ended).toHaveBeenCalledOnce();
    }, PATIENCE);
  });

  it("is cut when nobody asks for what it brings", async () => {
    const { listen, dial } = setup();
    await listen();
    const { here } = await dial();
    const ended = vi.fn();
    here.onClose(ended);
    const part = "x".repeat(WAITING_LIMIT_BYTES / 16);
    await vi.waitFor(() => {
      here.write(part);
      expect(ended).toHaveBeenCalledOnce();
    }, PATIENCE);
  });
});
