/** The peers: a folder of dependencies of its own, installed when a benchmark is run. */

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("..", import.meta.url));
const root = join(folder, "..");

/** Installs the peers when they are not there, or older than the lock file. @throws when npm fails. */
export function installPeers(): void {
  const installed = join(folder, "node_modules/.package-lock.json");
  const lock = join(folder, "package-lock.json");
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  console.log("Installing what is measured beside ours (npm ci in benchmarks/, about 380 MB) ...");
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], {
    cwd: folder,
    stdio: "inherit",
  });
  if (status !== 0) throw new Error(`npm ci in benchmarks/ ended with ${status}`);
}

/** Checks the types of all of benchmarks/, the programs of the peers included. Gives the exit code. */
export function checkTypes(): number {
  const compiler = join(root, "node_modules/.bin/tsc");
  return spawnSync(compiler, ["-p", folder], { stdio: "inherit" }).status ?? 1;
}

export function versionOf(peer: string): string {
  const manifest = join(folder, "node_modules", peer, "package.json");
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  return version;
}

/** The commit that is measured, and whether the checkout differs from it, results and prose aside. */
export function checkout(): { readonly commit: string; readonly clean: boolean } {
  const git = (...words: readonly string[]): string =>
    execFileSync("git", words, { cwd: dirname(folder), encoding: "utf8" }).trim();
  try {
    const commit = git("rev-parse", "HEAD");
    const changes = git("status", "--porcelain", "--", ":!benchmarks/results", ":!*.md");
    return { commit, clean: changes === "" };
  } catch {
    return { commit: "unknown", clean: false }; // No checkout, or no git.
  }
}
