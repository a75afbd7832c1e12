/** Restate's server: one node, settings as they come but for addresses, and no telemetry. */

import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import type { Server } from "../harness/bench.ts";
import { versionOf } from "../harness/peers.ts";
import { startServer } from "../harness/server-process.ts";
import { freePort } from "./ports.ts";

/** @throws when there is no build of it for this machine, or it does not start. */
export async function startRestate(folder: string): Promise<Server> {
  const home = join(folder, "restate");
  mkdirSync(home);
  const [node, ingress, admin] = [await freePort(), await freePort(), await freePort()];
  const settings = `
disable-telemetry = true
base-dir = "${home}"
node-name = "bench"
bind-ip = "127.0.0.1"
advertised-host = "127.0.0.1"
bind-port = ${node}
listen-mode = "tcp"
[ingress]
bind-address = "127.0.0.1:${ingress}"
[admin]
bind-address = "127.0.0.1:${admin}"
`;
  const file = join(home, "restate.toml");
  writeFileSync(file, settings);
  const adminUrl = `http://127.0.0.1:${admin}`;
  const { pid, stop } = await startServer({
    command: programOf(),
    args: ["--config-file", file],
    options: { cwd: home, env: { DO_NOT_TRACK: "1" } },
    stopSignal: "SIGTERM",
    isReady: () => isHealthy(`${adminUrl}/health`),
  });
  return {
    version: versionOf("@restatedev/restate-server"),
    pid,
    settings: { admin: adminUrl, ingress: `http://127.0.0.1:${ingress}`, serverPid: pid },
    stop,
  };
}

function programOf(): string {
  const build = `@restatedev/restate-server-${process.platform}-${process.arch}`;
  return createRequire(import.meta.url).resolve(`${build}/bin/restate-server`);
}

const isHealthy = (url: string): Promise<boolean> =>
  fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
    ({ ok }) => ok,
    () => false, // Nobody listens yet.
  );
