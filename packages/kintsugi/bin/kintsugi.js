#!/usr/bin/env node
/**
 * The `kintsugi` command: the build where the package is installed, the sources where it is a checkout.
 * A checkout needs a condition that only Node's command line can set, so it takes this process's place.
 */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

import { tooOld } from "./node-version.js";

// Before anything else is loaded: an old Node would end in an error about a word that it does not know.
const complaint = tooOld(process.versions.node);
if (complaint !== undefined) {
  console.error(complaint);
  process.exit(1);
}

const isInstalled = import.meta.dirname.includes("node_modules");

if (isInstalled) {
  await import("../dist/cli/main.js");
} else {
  const entry = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
  const flags = ["--conditions=source", "--disable-warning=ExperimentalWarning"];
  const args = [...flags, entry, ...process.argv.slice(2)];
  process.removeAllListeners("warning"); // `execve` is new; the program that follows has its own filter.
  if (process.execve) process.execve(process.execPath, [process.execPath, ...args], process.env);
  else process.exitCode = spawnSync(process.execPath, args, { stdio: "inherit" }).status ?? 1;
}
