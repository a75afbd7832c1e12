export interface RecordedErrorFields {
  readonly name: string;
  readonly message: string;
  readonly code: string | number | undefined;
  readonly step: string | undefined;
  readonly cause: unknown;
}

/**
 * An error as it was recorded: name, message, code and cause are the original's, its class is not. A
 * workflow meets the same error whether the step failed just now or in a process that is long gone,
 * so it should match on `code` or `name`.
 */
export class RecordedError extends Error {
  override readonly name: string;
  readonly code: string | number | undefined;
  /** The step that failed, where the error came out of one. */
  readonly step: string | undefined;

  constructor({ name, message, code, step, cause }: RecordedErrorFields) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = name;
    this.code = code;
    this.step = step;
  }
}
