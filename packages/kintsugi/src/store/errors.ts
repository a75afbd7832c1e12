import { KintsugiError } from "@kintsugi/policy/base";

/** A row stood where none was expected, or was no longer as expected. Nothing of that commit happened. */
export class ConflictError extends KintsugiError {
  override readonly name = "ConflictError";
  readonly code = "KINTSUGI_CONFLICT";
  readonly table: string;

  constructor(table: string, key: string) {
    super(`Row ${key} of "${table}" is not as this change expects it`);
    this.table = table;
  }
}

/** The disk failed. What is in memory can no longer be trusted to be on it: stop, restart, re-read. */
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
