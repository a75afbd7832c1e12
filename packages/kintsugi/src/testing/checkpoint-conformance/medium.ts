/** What the cases of the suite stand on. */

import assert from "node:assert/strict";

import type { CheckpointStore } from "../../workflow/index.ts";

/** A place of its own for one test. */
export interface CheckpointMedium {
  readonly store: CheckpointStore;
  /**
   * A second store on the same place, which shares nothing with the first but the place. Where only one may
   * have it, the first is closed before; no case uses the first again.
   */
  another(): Promise<CheckpointStore>;
  /** Closes what is open and removes all traces. */
  dispose(): Promise<void>;
}

export type OpenCheckpointMedium = () => Promise<CheckpointMedium>;

/** Sentences, and what proves them. */
export type CheckpointCases = Readonly<
  Record<string, (open: OpenCheckpointMedium) => Promise<void>>
>;

/** A case on a medium that is disposed of at its end. */
export const onMedium =
  (check: (store: CheckpointStore, medium: CheckpointMedium) => Promise<void>) =>
  async (open: OpenCheckpointMedium): Promise<void> => {
    const medium = await open();
    try {
      await check(medium.store, medium);
    } finally {
      await medium.dispose();
    }
  };

/** Fails unless the version is refused because another text stands there. */
export async function isTaken(id: string, version: number, write: Promise<void>): Promise<void> {
  await assert.rejects(write, { code: "KINTSUGI_CHECKPOINT_TAKEN", id, version });
}
