/** Checkpoints as files: a folder for each id, a file for each version. */

import { join } from "node:path";

import { type Files, systemHost } from "../../host/index.ts";
import { CheckpointTakenError } from "./errors.ts";
import { checkId, hashOf } from "./names.ts";
import type { CheckpointStore } from "./port.ts";

export interface FileCheckpointOptions {
  /** Made when it is not there. */
  readonly folder: string;
  /** @defaultValue those of this machine */
  readonly files?: Files;
}

/**
 * A kill leaves each version whole or not there; so does a power cut, by the order of what is synced. The
 * folders are synced up to the first that was there before, so that there is a way to the file; the text
 * goes to a file beside and is synced; the file gets its name by a link, which fails where the name is taken;
 * then the folder is synced, and only then is the version acknowledged. Without the first fsync the name
 * could be on the disk before the text is, without the last the name may be missing: fsync(2) says "calling
 * fsync() does not necessarily ensure that the entry in the directory containing the file has also reached
 * disk". What was measured of file systems: Pillai and others, "All File Systems Are Not Created Equal",
 * OSDI 2014. A removal is synced in the same way: it must not come back as the newest.
 */
export function fileCheckpoints(options: FileCheckpointOptions): CheckpointStore {
  const { folder, files = systemHost().files } = options;
  const place = (id: string): string => join(folder, folderName(id));
  const file = (id: string, version: number): string => join(place(id), fileName(version));
  return {
    async write(id, version, text) {
      files.makeFolder(place(id));
      if (files.writeNew(file(id, version), text)) return;
      if (files.read(file(id, version)) !== text) throw new CheckpointTakenError(id, version);
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

/** A long id's folder ends in its hash; an id that looks like such a folder is hashed as well. */
const HASHED = /^.{60}~[0-9a-f]{64}$/;

/** Whatever an id is made of, its folder lies in ours and is its alone. */
function folderName(id: string): string {
  const escaped = encodeURIComponent(checkId(id));
  const name = escaped.replace(/[.*]/g, (letter) => `%${hexOf(letter)}`);
  if (name.length <= LONGEST_NAME && !HASHED.test(name)) return name;
  return `${name.slice(0, 60)}~${hashOf(id)}`;
}

const hexOf = (letter: string): string => letter.charCodeAt(0).toString(16).toUpperCase();
