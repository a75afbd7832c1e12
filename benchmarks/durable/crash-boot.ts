/** Bare Node that loads the user's module, and nothing else. */

import { say } from "./crash-said.ts";

await import("./crash-module.ts");
say("up");
