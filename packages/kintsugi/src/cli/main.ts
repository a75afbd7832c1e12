#!/usr/bin/env node
/** The `kintsugi` command. */

import { systemHost } from "../host/index.ts";
import { runProgram } from "./run-program.ts";

await runProgram(systemHost());
