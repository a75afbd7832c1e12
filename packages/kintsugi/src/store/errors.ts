import { KintsugiError, RejectedError } from "@kintsugi/policy/base";

/** A row is not as the change expects it. Nothing of that commit happened. */
export class ConflictError extends KintsugiError {
  override readonly name = "ConflictError";
  readonly code = "KINTSUGI_CONFLICT";
  readonly table: string;

  constructor(table: string, key: string) {
    super(`Row ${key} of "${table}" is not as this change expects it`);
    this.table = table;
  }
}

/** The disk failed: what is in memory may not be on it. Stop, restart, re-read. */
export class StoreFailedError extends KintsugiError {
  override readonly name = "StoreFailedError";
  readonly code = "KINTSUGI_STORE_FAILED";
  readonly file: string;

  constructor(file: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`The store ${file} failed: ${reason}. Nothing more is written to it until a restart`, {
      cause,
    });
    this.file = file;
  }
}

/** The store was closed; whoever still writes to it is late. */
export class StoreClosedError extends KintsugiError {
  override readonly name = "StoreClosedError";
  readonly code = "KINTSUGI_STORE_CLOSED";

  constructor() {
    super("The store is closed");
  }
}

/** The file cannot be opened as a store: corrupt, newer than this program, or not ours. */
export class StoreUnusableError extends KintsugiError {
  override readonly name = "StoreUnusableError";
  readonly code = "KINTSUGI_STORE_UNUSABLE";
  readonly file: string;

  constructor(file: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.file = file;
  }
}

/** Why a store refuses tables that a newer program has changed. */
export const newerTable = (
  file: string,
  table: { readonly name: string; readonly version: number },
  found: number,
): StoreUnusableError =>
  new StoreUnusableError(
    file,
    `The store ${file} has table "${table.name}" in version ${found}, this program knows version ` +
      `${table.version}: start the newer program that wrote it. Nothing was changed`,
  );

/**
 * A change or a question that no store can carry: it names an unknown table or column, or a value
 * that its column cannot hold. A mistake of the program, found before anything was queued.
 */
export class StoreUsageError extends KintsugiError {
  override readonly name = "StoreUsageError";
  readonly code = "KINTSUGI_STORE_USAGE";
  /** Where the mistake is: `runs.status`, `fact incident.opened.payload.actions[2]`. */
  readonly path: string;

  constructor(path: string, problem: string) {
    super(`${path} ${problem}`);
    this.path = path;
  }
}

/** The commit was turned away, or dropped from a queue that cannot grow: nothing of it happened. */
export class StoreOverloadedError extends RejectedError {
  override readonly name = "StoreOverloadedError";
  readonly code = "KINTSUGI_STORE_OVERLOADED";
}
