/** The whole runtime in its first life; the second is the program that `kintsugi up` starts. */

import { writeFileSync } from "node:fs";
import { createKintsugi, defineConfig } from "kintsugi";

import type { Life } from "./crash-life.ts";
import { ten } from "./crash-module.ts";

const { file, id } = JSON.parse(process.argv[2] ?? "{}") as Life;
const config = { name: "bench", dataDir: `${file}.data`, server: { port: 0 } };
const modules = [new URL("crash-module.ts", import.meta.url).pathname];
writeFileSync(`${file}.yaml`, JSON.stringify({ ...config, runtime: { modules } }));
const kintsugi = await createKintsugi({ config: defineConfig(config), workflows: [ten] });
await kintsugi.start(ten, undefined, { id });
