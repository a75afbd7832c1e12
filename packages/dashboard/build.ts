/** Builds the page into packages/kintsugi/dashboard, compressed beside each file, and holds its size. */

import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { build, type InlineConfig } from "vite";

const here = import.meta.dirname;
const target = resolve(here, "../kintsugi/dashboard");

/** Bytes of the first page over the wire: page, scripts and styles, compressed. */
const MOST_BYTES = 60_000;

const config: InlineConfig = {
  root: here,
  configFile: false,
  logLevel: "warn",
  resolve: {
    conditions: ["source", "module", "browser", "production"],
    alias: [
      { find: /^react\/jsx-runtime$/, replacement: "preact/jsx-runtime" },
      { find: /^react-dom\/client$/, replacement: "preact/compat/client" },
      { find: /^react$/, replacement: "preact/compat" },
    ],
  },
  build: {
    outDir: target,
    emptyOutDir: true,
    target: "es2024",
    cssTarget: "esnext",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
};

await build(config);

const files = readdirSync(target, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name))
  .toSorted();

const sum = files.map(compress).reduce((all, bytes) => all + bytes, 0);
console.log(`The first page takes ${sum} bytes of ${MOST_BYTES}.`);
if (sum > MOST_BYTES) {
  console.error("That is too much: the page must open at once on any machine.");
  process.exitCode = 1;
}

/** Gives the bytes that a file adds to the first page. */
function compress(file: string): number {
  const packed = brotliCompressSync(readFileSync(file), {
    params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY },
  });
  writeFileSync(`${file}.br`, packed);
  const sizes = `${statSync(file).size} bytes, ${packed.length} compressed`;
  console.log(`${relative(target, file).padEnd(32)} ${sizes}`);
  return /\.(js|css|html)$/.test(file) ? packed.length : 0;
}
