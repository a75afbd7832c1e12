import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { publint } from "publint";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { launchBrowser } from "./page/browser.ts";
import { type Smoke, smoke } from "./published/smoke.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const packageFolder = join(root, "packages/policy");

/** The oldest that `engines` names: what runs there runs on all later ones. */
const OLDEST_NODE = "22.18.0";

const expected: Smoke = {
  answer: "found",
  attempts: 3,
  timedOut: "TimeoutError",
  signalReason: "TimeoutError",
  circuit: "open",
  refused: "CircuitOpenError",
  source: "fallback",
  errorClass: "network",
};

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

const run = (command: string, args: readonly string[], cwd: string): string =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

describe("the package of the policies as it is published", () => {
  const folder = mkdtempSync(join(tmpdir(), "kintsugi-policy-"));
  let packed: Packed;
  let tarball: string;

  /** Packs it, and installs it as a user does. */
  beforeAll(() => {
    run("npm", ["run", "build"], root);
    const said = run("npm", ["pack", "--json", "--pack-destination", folder], packageFolder);
    [packed] = JSON.parse(said) as [Packed];
    tarball = join(folder, packed.filename);
    writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
    run("npm", ["install", "--ignore-scripts", "--prefer-offline", tarball], folder);
    copyFileSync(new URL("published/smoke.ts", import.meta.url), join(folder, "smoke.ts"));
    const program =
      'import { smoke } from "./smoke.ts";\nconsole.log(JSON.stringify(await smoke()));\n';
    writeFileSync(join(folder, "program.ts"), program);
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("does what its sources do, as they are in this checkout", async () => {
    expect(await smoke()).toEqual(expected);
  });

  it("holds what is built and its sources, no tests, and who may use it", () => {
    const others = packed.files
      .map(({ path }) => path)
      .filter((path) => !/^(dist\/.*\.(js|d\.ts)|src\/.*\.ts)$/.test(path));
    expect(others.toSorted()).toEqual(["LICENSE", "README.md", "package.json"]);
    const paths = packed.files.map(({ path }) => path);
    expect(paths.filter((path) => /\.test\.|fixtures/.test(path))).toEqual([]);
  });

  it("depends on nothing", () => {
    const manifest = JSON.parse(
      readFileSync(join(folder, "node_modules/@kintsugi/policy/package.json"), "utf8"),
    ) as Record<string, unknown>;
    expect(Object.keys(manifest).filter((key) => /dependencies$/i.test(key))).toEqual([]);
  });

  it("has nothing that publint would complain of", async () => {
    const bytes = readFileSync(tarball);
    const { messages } = await publint({
      strict: true,
      pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) },
    });
    expect(messages).toEqual([]);
  });

  it("has types that are right by every entry (attw, for a package of modules alone)", () => {
    const command = join(root, "node_modules/.bin/attw");
    const said = run(command, [tarball, "--profile", "esm-only", "--format", "json"], folder);
    const { problems = {} } = JSON.parse(said) as { readonly problems?: Record<string, unknown> };
    // What the profile leaves out: `require`, and resolution as it was before `exports`.
    const kept = Object.keys(problems).filter(
      (kind) => kind !== "CJSResolvesToESM" && kind !== "NoResolution",
    );
    expect(kept).toEqual([]);
  });

  it("runs on the Node of this checkout", () => {
    const said = run(join(root, "node_modules/.bin/node"), ["program.ts"], folder);
    expect(JSON.parse(said)).toEqual(expected);
  });

  it(`runs on Node ${OLDEST_NODE}, the oldest that it names`, () => {
    const { engines } = JSON.parse(readFileSync(join(packageFolder, "package.json"), "utf8")) as {
      readonly engines: { readonly node: string };
    };
    expect(`>=${OLDEST_NODE}`).toContain(engines.node);
    const name = `node-${process.platform}-${process.arch}`;
    run("npm", ["install", "--no-save", "--ignore-scripts", `${name}@${OLDEST_NODE}`], folder);
    const node = join(folder, "node_modules", name, "bin/node");
    expect(run(node, ["--version"], folder).trim()).toBe(`v${OLDEST_NODE}`);
    expect(JSON.parse(run(node, ["program.ts"], folder))).toEqual(expected);
  });

  it("runs on a page, bundled for browsers", async () => {
    await build({
      configFile: false,
      logLevel: "silent",
      root: folder,
      build: {
        outDir: "page",
        lib: { entry: "smoke.ts", formats: ["iife"], name: "published", fileName: "smoke" },
      },
    });
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage();
      const complaints: string[] = [];
      page.on("pageerror", (error) => complaints.push(String(error)));
      await page.addScriptTag({ path: join(folder, "page/smoke.iife.js") });
      const found = await page.evaluate("published.smoke()");
      expect({ found, complaints }).toEqual({ found: expected, complaints: [] });
    } finally {
      await browser.close();
    }
  });
});
