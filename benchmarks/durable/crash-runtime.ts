/** The whole runtime in the life that is killed; the next is the program that `kintsugi up` starts. */

import { readFileSync } from "node:fs";
import { type ConfigInput, createKintsugi, defineConfig } from "kintsugi";

import type { Life } from "./crash-life.ts";

const { file, id } = JSON.parse(process.argv[2] ?? "{}") as Life;
const config = JSON.parse(readFileSync(`${file}.yaml`, "utf8")) as ConfigInput;
const kintsugi = await createKintsugi({ config: defineConfig(config) });
await kintsugi.start("ten", undefined, { id });
