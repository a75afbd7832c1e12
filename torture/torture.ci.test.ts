import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

describe("fifty kills in every order", () => {
  it("lose nothing, double nothing and leave nothing", () => {
    const { status, stdout, stderr } = spawnSync("npm", ["run", "torture", "--", "--quick"], {
      cwd: root,
      encoding: "utf8",
    });
    console.log(stdout);
    expect(status, `${stdout}\n${stderr}`).toBe(0);
    expect(stdout).toContain("nothing lost, nothing twice, nothing left");
  });
});

describe("the main job", () => {
  it("ends with 0 in a minute, and a second start begins without complaint", () => {
    for (const start of ["the first", "the second"]) {
      const { status, stdout, stderr } = spawnSync("npm", ["start", "--", "--once"], {
        cwd: root,
        encoding: "utf8",
        timeout: 120_000,
      });
      console.log(stdout);
      expect(status, `${start}: ${stdout}\n${stderr}`).toBe(0);
      expect(stdout).toMatch(/lost\s+0\n/);
      expect(stdout).toMatch(/recorded twice\s+0\n/);
    }
  });
});

describe("the packages as they are published", () => {
  it("install into an empty folder, import by every entry, and answer as a command", () => {
    const folder = mkdtempSync(join(tmpdir(), "kintsugi-pack-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const npm = (args: readonly string[], cwd: string): string =>
      execFileSync("npm", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    npm(["run", "build"], root);
    const tarballs = ["policy", "kintsugi"].map((name) => {
      const packed = npm(
        ["pack", "--json", "--pack-destination", folder],
        join(root, "packages", name),
      );
      const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
      return join(folder, filename);
    });
    writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
    npm(["install", "--ignore-scripts", "--prefer-offline", ...tarballs], folder);
    const entries = ["policy", "kintsugi"].flatMap((name) => {
      const text = readFileSync(join(root, "packages", name, "package.json"), "utf8");
      const manifest = JSON.parse(text) as { name: string; exports: Record<string, unknown> };
      return Object.keys(manifest.exports).map((subpath) => manifest.name + subpath.slice(1));
    });
    const imports = entries
      .filter((entry) => entry !== "kintsugi/testing") // Its suites import vitest, which is the user's to bring.
      .map((entry) => `if (Object.keys(await import("${entry}")).length === 0) throw "${entry}";`);
    writeFileSync(join(folder, "import.js"), imports.join("\n"));
    const node = join(root, "node_modules/.bin/node");
    execFileSync(node, ["import.js"], { cwd: folder });
    const bin = join(folder, "node_modules/.bin/kintsugi");
    const help = execFileSync(node, [bin, "--help"], { cwd: folder, encoding: "utf8" });
    expect(help).toContain("kintsugi");
  });
});
