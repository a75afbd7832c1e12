/** What a page downloads for the one thing that it imports: bundled, minified, compressed. */

import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { build } from "vite";

import { contest } from "../harness/contestant.ts";

const ENTRY = "\0entry";

await contest<{ readonly source: string }>(async ({ source }) => {
  const bundle = await build({
    configFile: false,
    logLevel: "silent",
    root: fileURLToPath(new URL("..", import.meta.url)),
    resolve: { conditions: ["source", "import", "default"] },
    plugins: [
      {
        name: "entry",
        resolveId: (id) => (id === ENTRY ? `${ENTRY}.ts` : null),
        load: (id) => (id === `${ENTRY}.ts` ? source : null),
      },
    ],
    build: {
      write: false,
      minify: true,
      target: "es2024",
      rolldownOptions: {
        input: ENTRY,
        preserveEntrySignatures: "strict",
        external: [/^node:/, "events"],
      },
    },
  });
  const chunks = [bundle].flat().flatMap((each) => ("output" in each ? each.output : []));
  const code = chunks.flatMap((chunk) => (chunk.type === "chunk" ? chunk.code : [])).join("");
  if (code === "") throw new Error("The bundle is empty");
  return { minified: code.length, brotli: brotliCompressSync(code).length };
});
