import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";

import { systemHost } from "../host/index.ts";
import { manualClock } from "../testing/index.ts";
import { PortInUseError } from "./errors.ts";
import { fakeLog } from "./fixtures/fake-log.ts";
import { type KeptPort, startAtKeptPort } from "./kept-port.ts";
import type { RuntimeForServer } from "./runtime-port.ts";
import type { RunningServer } from "./server.ts";

/** Lives of one server, one after the other, on one data folder. */
function setup(files: Partial<KeptPort["files"]> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "kintsugi-port-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "server-port");
  const errors: unknown[] = [];
  const live = async (port = 0): Promise<RunningServer> => {
    const options = {
      runtime: { clock: manualClock(), facts: fakeLog() } as unknown as RuntimeForServer,
      tokens: {
        find: () => undefined,
        openSession: () => ({ token: "", expiresAtMs: 0, scopes: [] }),
      },
      port,
      onError: (error: unknown) => void errors.push(error),
    };
    const server = await startAtKeptPort(options, {
      files: { ...systemHost().files, ...files },
      file,
    });
    onTestFinished(server.close);
    return server;
  };
  return { file, live, errors };
}

/** Somebody else, at any port or at this one. */
async function somebodyAt(port = 0): Promise<number> {
  const other = createServer().listen(port, "127.0.0.1");
  await once(other, "listening");
  onTestFinished(() => void other.close());
  return (other.address() as { readonly port: number }).port;
}

describe("a server at any free port", () => {
  it("takes the port of its last life again, and only its owner can read which", async () => {
    const { live, file } = setup();
    const first = await live();
    expect(readFileSync(file, "utf8")).toBe(`${first.port}\n`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await first.close();
    const second = await live();
    expect(second.port).toBe(first.port);
  });

  it("takes another one when somebody else has it, and keeps that", async () => {
    const { live, file } = setup();
    const first = await live();
    await first.close();
    await somebodyAt(first.port);
    const second = await live();
    expect(second.port).not.toBe(first.port);
    expect(readFileSync(file, "utf8")).toBe(`${second.port}\n`);
    await second.close();
    expect((await live()).port).toBe(second.port);
  });

  it.each(["", "0", "-1", "65536", "4600.5", "0x50", "1e3", "port 80", "99999999999"])(
    "does not care for %j where a port should be",
    async (text) => {
      const { live, file } = setup();
      writeFileSync(file, text);
      expect((await live()).port).toBeGreaterThan(1_023);
    },
  );

  it("serves at another port when the one of its last life cannot be read", async () => {
    const { live, file, errors } = setup();
    mkdirSync(file);
    const { url } = await live();
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(errors[0]).toMatchObject({ code: "EISDIR" });
  });

  it("serves all the same when the disk takes nothing", async () => {
    const { live, errors } = setup({
      writeAtomic: () => {
        throw new Error("ENOSPC");
      },
    });
    const { url } = await live();
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(errors).toEqual([new Error("ENOSPC")]);
  });
});

describe("a server at a port that was chosen", () => {
  it("takes that one or none, and keeps nothing", async () => {
    const { live, file } = setup();
    const port = await somebodyAt();
    await expect(live(port)).rejects.toThrow(PortInUseError);
    expect(() => statSync(file)).toThrow("ENOENT");
  });
});
