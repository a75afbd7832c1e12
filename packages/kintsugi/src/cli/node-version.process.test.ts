import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const command = fileURLToPath(new URL("../../bin/kintsugi.js", import.meta.url));
const manifest = new URL("../../package.json", import.meta.url);
const { engines } = JSON.parse(readFileSync(manifest, "utf8")) as { engines: { node: string } };

/** The command as a Node runs it that says it is of this version. */
function typedUnder(version: string) {
  const versions = `{ value: { ...process.versions, node: ${JSON.stringify(version)} } }`;
  const disguise = `Object.defineProperty(process, "versions", ${versions})`;
  const flags = ["--import", `data:text/javascript,${encodeURIComponent(disguise)}`];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, command, "--version"], {
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

describe("the command under a Node that is too old", () => {
  it.each(["20.20.2", "22.17.1", "18.0.0"])("says what to do, and nothing else: %s", (version) => {
    const { status, stdout, stderr } = typedUnder(version);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(/^Kintsugi needs Node 22\.18 or later, this is [^\n]*node@24`\n$/);
    expect(stderr).toContain(`this is ${version}: in a checkout, \`npx kintsugi\``);
  });

  it("goes on from the version on that the package asks for", () => {
    expect(engines.node).toBe(">=22.18");
    for (const version of ["22.18.0", "23.0.0", "24.21.0"]) {
      expect(typedUnder(version)).toMatchObject({ status: 0, stderr: "" });
    }
  });
});
