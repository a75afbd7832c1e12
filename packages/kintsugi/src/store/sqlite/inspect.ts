/**
 * The look at a file before it is opened for writing. Whatever is refused is refused here, where
 * nothing can be changed: even closing a writable database writes its log back into it.
 */

import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";

import type { Files } from "../../host/index.ts";
import { newerTable } from "../errors.ts";
import type { TableShape } from "../table-shape.ts";
import { APPLICATION_ID, FORMAT_VERSION, pragma, tableVersions } from "./format.ts";
import { refuseCorrupt, refuseForeign, refuseFormat } from "./refusals.ts";

/**
 * Looks whether the file can be our store.
 *
 * @throws StoreUnusableError when it is corrupt, newer or not ours; what SQLite says otherwise.
 */
export function inspect(file: string, shapes: readonly TableShape[], files: Files): void {
  if (files.sizeBytes(file) === 0) return; // There is nothing yet, or a file that was just begun.
  const database = openToLook(file, files);
  try {
    if (pragma(database, "application_id") !== APPLICATION_ID) throw refuseForeign(file);
    refuseNewer(file, database, shapes);
    const finding = pragma(database, "quick_check(1)");
    if (finding !== "ok") throw refuseCorrupt(file, String(finding).replaceAll(/\s+/g, " "));
  } finally {
    database.close();
  }
}

/** @throws StoreUnusableError when the format, or the version of a table, is above ours. */
export function refuseNewer(
  file: string,
  database: DatabaseSync,
  shapes: readonly TableShape[],
): void {
  const format = Number(pragma(database, "user_version"));
  if (format > FORMAT_VERSION) throw refuseFormat(file, format, FORMAT_VERSION);
  const versions = tableVersions(database);
  for (const shape of shapes) {
    const found = versions.get(shape.name) ?? 0;
    if (found > shape.version) throw newerTable(file, shape, found);
  }
}

/**
 * A killed process leaves a log, whose commits belong to the file: they are read, and locks taken.
 * Where there is none, the file is taken as it lies, so that not even an empty log comes into
 * being.
 */
function openToLook(file: string, files: Files): DatabaseSync {
  if (files.sizeBytes(`${file}-wal`) > 0) return new DatabaseSync(file, { readOnly: true });
  const asItLies = pathToFileURL(file);
  asItLies.searchParams.set("immutable", "1");
  return new DatabaseSync(asItLies, { readOnly: true });
}
