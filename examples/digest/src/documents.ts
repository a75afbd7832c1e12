/** Finds what is to be read: the README, changelog and licence files of every package in a folder. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

export type DocumentKind = "readme" | "changelog" | "licence";

export interface DocumentFile {
  /** From the folder that was given, with slashes. */
  readonly path: string;
  readonly kind: DocumentKind;
}

export interface PackageFiles {
  readonly name: string;
  readonly documents: readonly DocumentFile[];
}

const kinds: readonly (readonly [DocumentKind, RegExp])[] = [
  ["readme", /^readme(\.|$)/i],
  ["changelog", /^(changelog|changes|history|releases?)(\.|$)/i],
  ["licence", /^(licen[cs]e|copying|notice|thirdpartynotices?)([.\-_]|$)/i],
];

const isText = /(^[^.]+|\.(md|markdown|txt|rst|mit|apache2?|bsd))$/i;

/** So many are read: the job is to end within a minute, however many packages an install brings. */
const MOST_PACKAGES = 100;

/**
 * The first hundred packages in the order of their names; a folder without packages is one package of its
 * own.
 */
export function findPackages(folder: string): readonly PackageFiles[] {
  const found: PackageFiles[] = [];
  const visit = (at: string, depth: number): void => {
    const entries = readdirSync(at, { withFileTypes: true });
    const documents = entries
      .filter((entry) => entry.isFile() && isText.test(entry.name))
      .flatMap(({ name }) => {
        const kind = kinds.find(([, pattern]) => pattern.test(name))?.[0];
        return kind ? [{ path: relative(folder, join(at, name)).replaceAll("\\", "/"), kind }] : [];
      });
    if (documents.length > 0) {
      const name = relative(folder, at).replaceAll("\\", "/") || ".";
      documents.sort((a, b) => (a.path < b.path ? -1 : 1));
      found.push({ name, documents });
    }
    if (depth === 0) return;
    for (const entry of entries) {
      if (entry.isDirectory() && !entry.name.startsWith("."))
        visit(join(at, entry.name), depth - 1);
    }
  };
  visit(folder, 6);
  return found.toSorted((a, b) => (a.name < b.name ? -1 : 1)).slice(0, MOST_PACKAGES);
}

export function readDocument(folder: string, path: string): { text: string; sha256: string } {
  const bytes = readFileSync(join(folder, path));
  return { text: bytes.toString("utf8"), sha256: createHash("sha256").update(bytes).digest("hex") };
}
