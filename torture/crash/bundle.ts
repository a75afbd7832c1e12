/** The program under torture in one file: it boots in a fraction of the time that its many files take. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

/** Bundles the sources as they are now into `folder`. Returns the program's file. */
export async function bundleSubject(folder: string): Promise<string> {
  const conditions = ["source"];
  await build({
    configFile: false,
    logLevel: "warn",
    root: fileURLToPath(new URL(".", import.meta.url)),
    ssr: { noExternal: true, resolve: { conditions, externalConditions: conditions } },
    build: {
      ssr: "subject.ts",
      outDir: folder,
      emptyOutDir: false,
      minify: false,
      target: "esnext",
    },
  });
  return join(folder, "subject.js");
}
