/** Checkpoints as rows of a store: a row for each version, and its text in parts. */

import {
  type AnyTable,
  ConflictError,
  insert,
  remove,
  type Store,
  type Table,
} from "../../store/index.ts";
import { CheckpointTakenError } from "./errors.ts";
import { plainName } from "./names.ts";
import type { CheckpointStore } from "./port.ts";

interface VersionRow {
  readonly place: string;
  readonly version: number;
  readonly parts: number;
}

const versionTable: Table<VersionRow> = {
  name: "checkpoints",
  version: 1,
  key: ["place", "version"],
  columns: {
    place: { type: "text" },
    version: { type: "integer" },
    parts: { type: "integer" },
  },
};

interface PartRow {
  /** The place and the version. */
  readonly of: string;
  readonly part: number;
  readonly text: string;
}

const partTable: Table<PartRow> = {
  name: "checkpoint_parts",
  version: 1,
  key: ["of", "part"],
  columns: { of: { type: "text" }, part: { type: "integer" }, text: { type: "text" } },
};

/** What a store must have for {@link storeCheckpoints}. */
export const checkpointTables: readonly AnyTable[] = [
  versionTable as unknown as AnyTable,
  partTable as unknown as AnyTable,
];

/** A cell takes 16 Mi characters. Smaller parts are no faster. */
const PART_LENGTH = 2 ** 22;

/** Versions that are listed with one question. */
const PAGE = 1_000;

/** Each version is one commit: a kill or a power cut leaves it whole or not there. */
export function storeCheckpoints(opened: () => Promise<Store>): CheckpointStore {
  const store: CheckpointStore = {
    async write(id, version, text) {
      const place = plainName(id);
      const parts = partsOf(text);
      const of = partKey(place, version);
      try {
        await (await opened()).commit([
          insert(versionTable, { place, version, parts: parts.length }),
          ...parts.map((each, part) => insert(partTable, { of, part, text: each })),
        ]);
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
        if ((await store.read(id, version)) !== text) throw new CheckpointTakenError(id, version);
      }
    },
    async read(id, version) {
      const place = plainName(id);
      const rows = await opened();
      const found = await rows.get(versionTable, place, version);
      if (!found) return undefined;
      const where = { of: partKey(place, version) };
      const parts = await rows.list(partTable, { where, limit: found.parts });
      // It may have been removed since the first question.
      return parts.length === found.parts ? parts.map(({ text }) => text).join("") : undefined;
    },
    async versions(id) {
      const place = plainName(id);
      const rows = await opened();
      const found: VersionRow[] = [];
      for (;;) {
        const after = found.at(-1);
        const page = { where: { place }, limit: PAGE, ...(after && { after }) };
        const next = await rows.list(versionTable, page);
        found.push(...next);
        if (next.length < PAGE) return found.map(({ version }) => version);
      }
    },
    async remove(id, version) {
      const place = plainName(id);
      const rows = await opened();
      const found = await rows.get(versionTable, place, version);
      if (!found) return;
      const of = partKey(place, version);
      const parts = Array.from({ length: found.parts }, (_, part) => remove(partTable, of, part));
      await rows.commit([remove(versionTable, place, version), ...parts]);
    },
  };
  return store;
}

/** No place has a `/` in its name. */
const partKey = (place: string, version: number): string => `${place}/${version}`;

function partsOf(text: string): readonly string[] {
  const parts: string[] = [];
  for (let from = 0; from < text.length; ) {
    let to = from + PART_LENGTH;
    if (isInsideLetter(text, to)) to += 1;
    parts.push(text.slice(from, to));
    from = to;
  }
  return parts;
}

/** Whether a cut there would leave half a letter on either side, which no cell takes. */
function isInsideLetter(text: string, place: number): boolean {
  const unit = text.charCodeAt(place);
  return unit >= 0xdc00 && unit <= 0xdfff; // The low half; the text is well-formed.
}
