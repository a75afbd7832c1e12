import { KintsugiError } from "@kintsugi/policy/base";

/** What a bucket answered, or why it did not. No credentials are in it. */
export class S3Error extends KintsugiError {
  override readonly name = "S3Error";
  readonly code = "KINTSUGI_S3";
  /** Of HTTP; 0 where no answer came. */
  readonly status: number;
  /** The server's own word: `NoSuchBucket`; "" where it gave none. */
  readonly s3Code: string;
  /** Whether the same request may succeed a little later. */
  readonly isTransient: boolean;

  constructor(message: string, answer: S3Answered, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.status = answer.status;
    this.s3Code = answer.s3Code ?? "";
    this.isTransient = answer.isTransient ?? isTransient(answer);
  }
}

export interface S3Answered {
  readonly status: number;
  readonly s3Code?: string | undefined;
  /** @defaultValue by status and code */
  readonly isTransient?: boolean;
}

/** 409 with this code: two conditional writes at the same moment, of which neither may have won. */
const TRANSIENT_CODES: ReadonlySet<string> = new Set([
  "ConditionalRequestConflict",
  "OperationAborted",
  "RequestTimeout",
  "SlowDown",
]);

const TRANSIENT_STATUS: ReadonlySet<number> = new Set([0, 408, 429, 500, 502, 503, 504]);

const isTransient = ({ status, s3Code = "" }: S3Answered): boolean =>
  TRANSIENT_STATUS.has(status) || TRANSIENT_CODES.has(s3Code);
