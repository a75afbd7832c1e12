/** Where checkpoints are kept: the port that a store of checkpoints has to fill. */

/**
 * Texts by id and version: well-formed texts, ids of at least one letter, versions from 1. What other
 * stores must do besides, `checkpointStoreConformance` of `kintsugi/testing` tries out.
 *
 * All methods reject with {@link RangeError} for an id that is empty or no well-formed text.
 */
export interface CheckpointStore {
  /**
   * Durable, whole or not at all, when it resolves. A version is written once; the same text again is
   * harmless, as when the first answer was lost.
   *
   * @throws {@link CheckpointTakenError} when another text stands there, which stays.
   */
  write(id: string, version: number, text: string): Promise<void>;
  /** Undefined when there is none. */
  read(id: string, version: number): Promise<string | undefined>;
  /** From the oldest to the newest; [] for an id that nobody has written. */
  versions(id: string): Promise<readonly number[]>;
  /** Durable when it resolves. Harmless when there is none. */
  remove(id: string, version: number): Promise<void>;
}
