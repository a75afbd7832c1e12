/**
 * The public surface as text: for each entry of each package its exports, with the declaration that the
 * compiler writes for them. `npm run api` renews the files in api/; a test holds them against the code.
 */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { parseSync } from "vite";

import { declaredNames, isNode, type Node, nameOf, root } from "./sources.ts";

export interface Entry {
  readonly specifier: string;
  /** Source file from the root. */
  readonly file: string;
}

/** What users can import, as the packages' `exports` say. */
export function publicEntries(): readonly Entry[] {
  return ["policy", "kintsugi"].flatMap((folder) => {
    const text = readFileSync(join(root, "packages", folder, "package.json"), "utf8");
    const { name, exports } = JSON.parse(text) as {
      name: string;
      exports: Record<string, { source: string }>;
    };
    return Object.entries(exports).map(([subpath, { source }]) => ({
      specifier: name + subpath.slice(1),
      file: join("packages", folder, source),
    }));
  });
}

/** File name in api/ and text of each report. */
export function apiReports(): ReadonlyMap<string, string> {
  const out = mkdtempSync(join(tmpdir(), "kintsugi-api-"));
  try {
    const project = join(root, "tidy/tsconfig.api.json");
    execFileSync(join(root, "node_modules/.bin/tsc"), ["-p", project, "--outDir", out]);
    return new Map(publicEntries().map((entry) => [reportName(entry), report(out, entry)]));
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

const reportName = ({ specifier }: Entry): string =>
  `${specifier.replace("@kintsugi/", "").replaceAll("/", "-")}.api.md`;

function report(out: string, { specifier, file }: Entry): string {
  const found = new Map<string, string>();
  collect(join(out, file.replace(/\.ts$/, ".d.ts")), undefined, found);
  const declarations = [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
  return `# ${specifier}\n\n\`\`\`ts\n${declarations.join("\n\n")}\n\`\`\`\n`;
}

/** Follows the re-exports of a declaration file to the declarations themselves. */
function collect(
  path: string,
  wanted: ReadonlyMap<string, string> | undefined,
  found: Map<string, string>,
): void {
  const text = readFileSync(path, "utf8");
  const program = parseSync(path, text).program as unknown as { body: readonly Node[] };
  for (const node of program.body) {
    if (node.type !== "ExportNamedDeclaration") continue;
    const declaration = node["declaration"];
    if (isNode(declaration)) {
      for (const name of declaredNames(declaration)) {
        const alias = wanted ? wanted.get(name) : name;
        // A name may be declared twice: a class and the types under its name, or overloads.
        const earlier = alias ? found.get(alias) : undefined;
        const own = text.slice(node.start, node.end);
        if (alias) found.set(alias, earlier ? `${earlier}\n\n${own}` : own);
      }
      continue;
    }
    const names = reexported(node, wanted);
    const from = isNode(node["source"]) ? String(node["source"]["value"]) : undefined;
    if (!from?.startsWith(".")) {
      for (const alias of names.values()) found.set(alias, `export { ${alias} } from "${from}";`);
      continue;
    }
    const target = resolve(dirname(path), from.replace(/\.(ts|js)$/, ".d.ts"));
    if (names.size > 0) collect(target, names, found);
  }
}

function reexported(
  node: Node,
  wanted: ReadonlyMap<string, string> | undefined,
): ReadonlyMap<string, string> {
  const specifiers = (node["specifiers"] as readonly Node[] | undefined) ?? [];
  const pairs = specifiers.flatMap((specifier): [string, string][] => {
    const local = nameOf(specifier["local"]) ?? "";
    const exported = nameOf(specifier["exported"]) ?? local;
    const alias = wanted ? wanted.get(exported) : exported;
    return alias ? [[local, alias]] : [];
  });
  return new Map(pairs);
}

if (process.argv[1] && import.meta.filename === resolve(process.argv[1])) {
  const folder = join(root, "api");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const [name, text] of apiReports()) writeFileSync(join(folder, name), text);
  console.log(`The API reports in ${relative(process.cwd(), folder)}/ are as the code is now.`);
}
