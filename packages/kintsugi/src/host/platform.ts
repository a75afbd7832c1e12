/** The one place that asks which operating system this is. */

import { UnsupportedPlatformError } from "./errors.ts";
import { linuxProcessTable } from "./linux.ts";
import type { ProcessTable } from "./process-table.ts";

/** @throws {@link UnsupportedPlatformError} on an operating system that has no adapter yet. */
export function processTable(platform: string = process.platform): ProcessTable {
  if (platform === "linux") return linuxProcessTable();
  throw new UnsupportedPlatformError(platform);
}
