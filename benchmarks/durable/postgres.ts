/** A PostgreSQL of its own: fsync on, all settings as they come, loopback, a folder that is removed. */

import { execFileSync, spawnSync } from "node:child_process";
import { chownSync, existsSync, globSync, mkdirSync } from "node:fs";
import { join } from "node:path";

import type { Server } from "../harness/bench.ts";
import { startServer } from "../harness/server-process.ts";
import { freePort } from "./ports.ts";

/** It refuses root: "nobody" of every Linux runs it there. */
const NOBODY = 65_534;

/** @throws when its programs are not on this machine, or it does not start. */
export async function startPostgres(folder: string): Promise<Server> {
  const programs = globSync("/usr/lib/postgresql/*/bin").toSorted().at(-1);
  if (!programs || !existsSync(join(programs, "initdb"))) {
    throw new Error("PostgreSQL is not on this machine (Debian: apt-get install postgresql)");
  }
  const home = join(folder, "postgres");
  mkdirSync(home, { mode: 0o700 });
  const isRoot = process.getuid?.() === 0;
  if (isRoot) chownSync(home, NOBODY, NOBODY);
  const who = { cwd: home, env: { LC_ALL: "C" }, ...(isRoot && { uid: NOBODY, gid: NOBODY }) };
  const files = join(home, "files");
  const init = ["-D", files, "-U", "bench", "--auth=trust", "--encoding=UTF8", "--no-instructions"];
  execFileSync(join(programs, "initdb"), init, { ...who, stdio: "pipe" });
  const port = await freePort();
  const at = ["-h", "127.0.0.1", "-p", String(port)];
  const { pid, stop } = await startServer({
    command: join(programs, "postgres"),
    args: ["-D", files, "-k", home, ...at],
    options: who,
    stopSignal: "SIGINT", // Its fast shutdown.
    isReady: () => spawnSync(join(programs, "pg_isready"), at).status === 0,
  });
  const said = execFileSync(join(programs, "postgres"), ["--version"], {
    ...who,
    encoding: "utf8",
  });
  return {
    version: `PostgreSQL ${/[\d.]+/.exec(said)?.[0] ?? "unknown"}`,
    pid,
    settings: { databaseUrl: `postgresql://bench@127.0.0.1:${port}/dbos`, serverPid: pid },
    stop,
  };
}
