/** Checkpoints as files: a folder for each id, a file for each version. */

import { createHash } from "node:crypto";
import { join } from "node:path";

import type { Files } from "../../host/index.ts";
import type { CheckpointStore } from "./port.ts";

export interface FileCheckpointOptions {
  readonly folder: string;
  readonly files: Files;
}

/** Each version is written beside, synced and renamed: a kill leaves it whole or not there. */
export function fileCheckpoints({ folder, files }: FileCheckpointOptions): CheckpointStore {
  const place = (id: string): string => join(folder, folderName(id));
  const file = (id: string, version: number): string => join(place(id), fileName(version));
  return {
    async write(id, version, text) {
      files.makeFolder(place(id));
      files.writeAtomic(file(id, version), text);
    },
    read: async (id, version) => files.read(file(id, version)),
    versions: async (id) =>
      files
        .list(place(id))
        .flatMap(versionOf)
        .toSorted((a, b) => a - b),
    remove: async (id, version) => files.remove(file(id, version)),
  };
}

const fileName = (version: number): string => `${String(version).padStart(10, "0")}.json`;

/** What a kill left of a file in the making is no version. */
function versionOf(name: string): readonly number[] {
  const digits = /^(\d{10,})\.json$/.exec(name)?.[1];
  return digits === undefined ? [] : [Number(digits)];
}

/** File systems take names of 255 bytes, of which the letters of an id may need three each. */
const LONGEST_NAME = 200;

/** Whatever an id is made of, its folder lies in ours and is its alone. */
function folderName(id: string): string {
  const name = encodeURIComponent(id).replace(/[.*]/g, (letter) => `%${hexOf(letter)}`);
  if (name.length <= LONGEST_NAME) return name;
  return `${name.slice(0, 60)}~${createHash("sha256").update(id).digest("hex")}`;
}

const hexOf = (letter: string): string => letter.charCodeAt(0).toString(16).toUpperCase();
