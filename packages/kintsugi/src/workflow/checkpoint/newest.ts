/** The newest whole checkpoint of a store. */

import type { ErrorReporter } from "@kintsugi/policy/base";

import { type Checkpoint, open } from "./envelope.ts";
import { idShown } from "./names.ts";
import type { CheckpointStore } from "./port.ts";

export interface Newest {
  /** Of all that are there, also of those that are damaged; 0 where there is none. */
  readonly newestVersion: number;
  readonly whole: { readonly checkpoint: Checkpoint; readonly text: string } | undefined;
}

export async function newestIn(
  store: CheckpointStore,
  id: string,
  report: ErrorReporter,
): Promise<Newest> {
  const versions = await store.versions(id);
  const newestVersion = versions.at(-1) ?? 0;
  for (const version of versions.toReversed()) {
    const text = await store.read(id, version);
    const checkpoint = text === undefined ? undefined : open(text);
    if (text !== undefined && checkpoint?.version === version) {
      return { newestVersion, whole: { checkpoint, text } };
    }
    report(
      new Error(
        `Checkpoint ${version} of ${idShown(id)} is damaged, or of a newer program; the one before it is used`,
      ),
    );
  }
  return { newestVersion, whole: undefined };
}
