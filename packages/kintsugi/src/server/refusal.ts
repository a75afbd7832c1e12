/** What the server answers when it does not do what it was asked: `{ error: { code, message } }`. */

import { type ErrorCode, KintsugiError } from "@kintsugi/policy/base";

export class Refusal extends KintsugiError {
  override readonly name = "Refusal";
  readonly code: ErrorCode;
  /** The HTTP status. */
  readonly status: number;

  constructor(status: number, code: ErrorCode, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

interface ErrorAnswer {
  readonly error: { readonly code: string; readonly message: string };
}

export const answerOf = ({ code, message }: Refusal): ErrorAnswer => ({ error: { code, message } });

/** The answer to whatever was thrown; undefined when it is no refusal, but a fault of ours. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error;
  const { statusCode, message } = error as { statusCode?: unknown; message?: unknown };
  if (typeof statusCode !== "number" || statusCode < 400 || statusCode > 499) return undefined;
  const code = CODES[statusCode] ?? "KINTSUGI_BAD_REQUEST";
  return new Refusal(statusCode, code, `The request was refused: ${String(message)}`);
}

/**
 * What the runtime answers; what it refused is a refusal of ours, any other error is thrown on. Codes that
 * the table does not name say that things stand otherwise than the request assumes: 409.
 */
export async function unlessRefused<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Refusal || !(error instanceof KintsugiError)) throw error;
    throw new Refusal(STATUSES[error.code] ?? 409, error.code, error.message);
  }
}

const STATUSES: Readonly<Record<string, number>> = {
  KINTSUGI_INPUT_REFUSED: 400,
  KINTSUGI_UNRECORDABLE: 400,
  KINTSUGI_FROM_STEP: 400,
  KINTSUGI_UNKNOWN_WORKFLOW: 404,
  KINTSUGI_RUN_UNKNOWN: 404,
  KINTSUGI_UNKNOWN_COMPONENT: 404,
  KINTSUGI_ENGINE_OVERLOADED: 503,
  KINTSUGI_ENGINE_STOPPED: 503,
};

/** What the framework refuses by itself. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  404: "KINTSUGI_NOT_FOUND",
  413: "KINTSUGI_BODY_TOO_LARGE",
  414: "KINTSUGI_ADDRESS_TOO_LONG",
  415: "KINTSUGI_MEDIA_TYPE_REFUSED",
};

export const badRequest = (message: string): Refusal =>
  new Refusal(400, "KINTSUGI_BAD_REQUEST", message);

export const notFound = (what: string): Refusal =>
  new Refusal(404, "KINTSUGI_NOT_FOUND", `There is no ${what}`);
