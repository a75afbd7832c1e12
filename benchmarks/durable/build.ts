/** What users start is the build, and it is what a crash is followed by. */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** @throws with what the compiler said. */
export function buildPackages(): void {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const { status, stdout, stderr } = spawnSync("npm", ["run", "--silent", "build"], {
    cwd: root,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`The build failed: ${stdout}${stderr}`);
}
