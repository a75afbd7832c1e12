import { KintsugiError } from "@kintsugi/policy/base";

import { idShown } from "./names.ts";

/** There is no whole checkpoint of that version. */
export class CheckpointMissingError extends KintsugiError {
  override readonly name = "CheckpointMissingError";
  readonly code = "KINTSUGI_CHECKPOINT_MISSING";
  readonly id: string;
  readonly version: number;

  constructor(id: string, version: number, known: readonly number[]) {
    const list = known.length > 0 ? known.join(", ") : "none";
    super(`${idShown(id)} has no checkpoint ${version} that could be read; it has: ${list}`);
    this.id = id;
    this.version = version;
  }
}

/** A version was written before, with another text: somebody else saves the same id. */
export class CheckpointTakenError extends KintsugiError {
  override readonly name = "CheckpointTakenError";
  readonly code = "KINTSUGI_CHECKPOINT_TAKEN";
  readonly id: string;
  readonly version: number;

  constructor(id: string, version: number) {
    super(
      `Checkpoint ${version} of ${idShown(id)} was written before, with another state, which stays:` +
        " somebody else saves the same id",
    );
    this.id = id;
    this.version = version;
  }
}

/** Somebody else has saved the id since this process last saved or loaded it: nothing was saved. */
export class CheckpointConflictError extends KintsugiError {
  override readonly name = "CheckpointConflictError";
  readonly code = "KINTSUGI_CHECKPOINT_CONFLICT";
  readonly id: string;
  /** The newest version that this process knew. */
  readonly knownVersion: number;
  /** The one that somebody else saved. */
  readonly foundVersion: number;

  constructor(id: string, knownVersion: number, foundVersion: number, place = "its store") {
    super(
      `Two save ${idShown(id)}: ${place} has version ${foundVersion} of somebody else, where version ` +
        `${knownVersion} was the last that this process knew. Let one of them save, after a load()`,
    );
    this.id = id;
    this.knownVersion = knownVersion;
    this.foundVersion = foundVersion;
  }
}
