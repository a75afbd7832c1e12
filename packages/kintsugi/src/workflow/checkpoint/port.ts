/** Where checkpoints are kept: the port that a store of checkpoints has to fill. */

/**
 * Texts by id and version. One process writes an id; what is done to it is done one after the other, in
 * the order in which it was asked. Files here; other stores stand behind the same four methods.
 */
export interface CheckpointStore {
  /** Durable, whole or not at all, when it resolves. A version is written once. */
  write(id: string, version: number, text: string): Promise<void>;
  /** Undefined when there is none. */
  read(id: string, version: number): Promise<string | undefined>;
  /** From the oldest to the newest; [] for an id that nobody has written. */
  versions(id: string): Promise<readonly number[]>;
  /** Durable when it resolves. Harmless when there is none. */
  remove(id: string, version: number): Promise<void>;
}
