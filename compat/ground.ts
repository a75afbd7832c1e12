/** Brings together what a run needs: the peer's sources at their tag, and our package as users install it. */

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import type { Ground, Peer } from "./peer.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The peer's test files are not there: no fault of theirs or ours. */
export class UnavailableError extends Error {
  override readonly name = "UnavailableError";
}

/**
 * @param from A folder with the peer's sources at the tag, where there is no network; it stays as it is.
 * @throws {@link UnavailableError} when the sources are not to be had.
 */
export function makeGround(peer: Peer, folder: string, from: string | undefined): Ground {
  const checkout = join(folder, peer.name);
  if (from === undefined) clone(peer, checkout);
  else copy(peer, from, checkout);
  const { version } = manifestOf(checkout);
  if (version !== peer.version) {
    throw new UnavailableError(
      `The test files of ${peer.name} ${peer.version} could not be fetched: ` +
        `${from ?? peer.repository} holds version ${version}`,
    );
  }
  return { checkout, ours: buildOurs(folder) };
}

/**
 * Installs what the peer's tests need, by its own lock file, and our package beside it.
 *
 * @param only The packages that are needed, in the versions of the lock file. @defaultValue all it names
 */
export function install({ checkout, ours }: Ground, only?: readonly string[]): void {
  if (only) keepOnly(checkout, only);
  const verb = only ? "install" : "ci";
  demand("npm", [verb, "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], checkout);
  const place = join(checkout, "node_modules/@kintsugi/policy");
  mkdirSync(dirname(place), { recursive: true });
  symlinkSync(ours, place);
}

/** What else a peer needs to be built and checked may be ten times as much. */
function keepOnly(checkout: string, names: readonly string[]): void {
  const manifest = join(checkout, "package.json");
  const lockFile = join(checkout, "package-lock.json");
  const { name, version, type } = JSON.parse(readFileSync(manifest, "utf8"));
  const { packages } = JSON.parse(readFileSync(lockFile, "utf8"));
  const versions = names.map((each) => [each, packages[`node_modules/${each}`].version]);
  const devDependencies = Object.fromEntries(versions);
  writeFileSync(manifest, JSON.stringify({ name, version, type, devDependencies }));
  rmSync(lockFile);
}

/** Runs a command and gives what it printed. @throws when it does not end with 0. */
function demand(command: string, words: readonly string[], folder: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, words, {
    cwd: folder,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  if (status === 0) return stdout;
  const told = `${stdout ?? ""}${stderr ?? ""}`.trim();
  throw new Error(`${command} ${words.join(" ")} ended with ${status}: ${error ?? told}`);
}

function clone({ name, version, repository, tag }: Peer, checkout: string): void {
  const words = ["clone", "--quiet", "--depth", "1", "--branch", tag, repository, checkout];
  const { status, stderr, error } = spawnSync("git", words, {
    encoding: "utf8",
    env: { ...process.env, GIT_TERMINAL_PROMPT: "0" },
  });
  if (status === 0) return;
  const why = error?.message ?? stderr.trim().split("\n").at(-1);
  throw new UnavailableError(
    `The test files of ${name} ${version} could not be fetched: ${why} (--from <folder> takes a checkout)`,
  );
}

function copy({ name, version }: Peer, from: string, checkout: string): void {
  const skipped = /[\\/](\.git|node_modules)$/;
  try {
    cpSync(from, checkout, { recursive: true, filter: (path) => !skipped.test(path) });
    manifestOf(checkout);
  } catch (error) {
    throw new UnavailableError(
      `The test files of ${name} ${version} could not be fetched: ${from} is no checkout of it`,
      { cause: error },
    );
  }
}

function buildOurs(folder: string): string {
  const ours = join(folder, "kintsugi-policy");
  const source = join(root, "packages/policy");
  const compiler = join(root, "node_modules/.bin/tsc");
  mkdirSync(ours);
  cpSync(join(source, "package.json"), join(ours, "package.json"));
  demand(compiler, ["-p", "tsconfig.build.json", "--outDir", join(ours, "dist")], source);
  return ours;
}

function manifestOf(folder: string): { readonly version: string } {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
}
