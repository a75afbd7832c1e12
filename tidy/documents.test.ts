import { execFileSync } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";

import { root } from "./sources.ts";

const documents = globSync(
  ["*.md", "docs/**/*.md", "packages/*/README.md", "benchmarks/README.md"],
  { cwd: root },
).toSorted();
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const manifest = JSON.parse(read("package.json")) as {
  scripts: Record<string, string>;
  devDependencies: Record<string, string>;
};

interface Block {
  readonly document: string;
  readonly language: string;
  readonly text: string;
}

const blocks: readonly Block[] = documents.flatMap((document) =>
  [...read(document).matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(
    ([, language = "", text = ""]) => ({
      document,
      language,
      text,
    }),
  ),
);

const commands = blocks
  .filter(({ language }) => language === "sh")
  .flatMap(({ document, text }) =>
    text
      .split("\n")
      .flatMap((line) => line.replace(/#.*$/, "").split("&&"))
      .map((command) => ({ document, command: command.trim() })),
  );

describe("the README", () => {
  it("heads with the two commands of a newcomer", () => {
    const [first] = blocks.filter(
      ({ document, language }) => document === "README.md" && language === "sh",
    );
    const [start, test] = (first?.text ?? "")
      .split("\n")
      .map((line) => line.replace(/#.*$/, "").trim());
    expect([start, test]).toEqual(["npm ci && npm start", "npm cit"]);
  });
});

describe("a command in a document", () => {
  it("names a script that exists", () => {
    const builtIn = new Set(["ci", "cit", "install", "test", "start"]);
    const missing = commands.flatMap(({ document, command }) => {
      const [, run, name = ""] = /^npm (run )?([\w:-]+)/.exec(command) ?? [];
      if (!name || (!run && builtIn.has(name))) return [];
      return manifest.scripts[name] ? [] : [`${document}: ${command}`];
    });
    expect(missing).toEqual([]);
  });

  it("is one that kintsugi knows", () => {
    const verbs = commands.flatMap(
      ({ command }) => /^(?:npx )?kintsugi ([a-z-]+)/.exec(command)?.[1] ?? [],
    );
    for (const verb of new Set(verbs)) {
      const program = ["packages/kintsugi/bin/kintsugi.js", verb, "--help"];
      const help = execFileSync(process.execPath, program, { cwd: root, encoding: "utf8" });
      expect(help, verb).toContain(`kintsugi ${verb}`);
    }
  });
});

describe("an example in a document", () => {
  it("compiles", () => {
    const folder = mkdtempSync(join(root, "examples", ".documents-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const examples = blocks.filter(({ language }) => language === "ts");
    examples.forEach(({ text }, index) => {
      writeFileSync(join(folder, `example-${index}.ts`), `${text}\nexport {};\n`);
    });
    const config = {
      extends: "../../tsconfig.json",
      include: ["*.ts"],
      compilerOptions: { noUnusedLocals: false, isolatedDeclarations: false, declaration: false },
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const compile = (): string =>
      execFileSync(join(root, "node_modules/.bin/tsc"), ["-p", folder], { encoding: "utf8" });
    expect(compile).not.toThrow();
  });
});

describe("a link in a document", () => {
  it("leads to a file that exists", () => {
    const dead = documents.flatMap((document) =>
      [...read(document).matchAll(/\]\((?!https?:|#|mailto:)([^)#]+)/g)]
        .map(([, target = ""]) => join(dirname(document), target))
        .filter((target) => !existsSync(join(root, target)))
        .map((target) => `${document}: ${target}`),
    );
    expect(dead).toEqual([]);
  });
});

describe("a dependency", () => {
  const manifests = globSync("{,packages/*/,examples/*/}package.json", { cwd: root });
  const all = manifests.flatMap((path) => {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(read(path)) as Record<
      string,
      Record<string, string> | undefined
    >;
    return Object.entries({ ...dependencies, ...devDependencies });
  });

  it("has one exact version", () => {
    expect(all.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  it("has its reason in docs/adr", () => {
    const reasons = documents
      .filter((path) => path.startsWith("docs/adr/"))
      .map(read)
      .join("\n");
    const ours = /^(kintsugi$|@kintsugi\/)/;
    const unexplained = all.filter(
      ([name]) => !ours.test(name) && !reasons.includes(`\`${name}\``),
    );
    expect(unexplained.map(([name]) => name)).toEqual([]);
  });
});
