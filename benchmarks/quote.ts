/**
 * Prints the lines that a document may quote, from the committed results.
 *
 *     node benchmarks/quote.ts [--write]
 *
 * With `--write` it renews the blocks of all documents instead; a test in tidy/ holds them equal.
 */

import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { benches, blockText } from "./benches.ts";
import { withBlocks } from "./harness/quoting.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const { values: options } = parseArgs({ options: { write: { type: "boolean", default: false } } });

if (options.write) {
  const documents = globSync(["*.md", "docs/**/*.md", "benchmarks/README.md"], { cwd: root });
  for (const path of documents) {
    const text = readFileSync(join(root, path), "utf8");
    const renewed = withBlocks(text, blockText);
    if (renewed === text) continue;
    writeFileSync(join(root, path), renewed);
    console.log(`${path} says what was measured`);
  }
} else {
  for (const { name } of benches) {
    const lines = blockText(name, "lines") ?? "There is no committed result.";
    console.log(`<!-- bench:${name}:lines -->\n${lines}\n<!-- /bench -->\n`);
  }
}
