/** Why the server did not do what it was asked. Match on `code`, not on the message. */

import { KintsugiError } from "@kintsugi/policy/base";

/** Nobody answers at the address. */
export class NotRunningError extends KintsugiError {
  override readonly name = "NotRunningError";
  readonly code = "KINTSUGI_NOT_RUNNING";
  readonly url: string;

  constructor(url: string, cause: unknown) {
    super(`Nothing answers at ${url}: the program is not running, or runs elsewhere`, { cause });
    this.url = url;
  }
}

/** 401: no token was sent, or one that the server does not know. */
export class UnauthenticatedError extends KintsugiError {
  override readonly name = "UnauthenticatedError";
  readonly code = "KINTSUGI_UNAUTHENTICATED";
}

/** 403: the token's scopes do not reach that far, or the address is not one the server goes by. */
export class ForbiddenError extends KintsugiError {
  override readonly name = "ForbiddenError";
  readonly code = "KINTSUGI_FORBIDDEN";
}

/** 404: there is no component, incident or run of that name. */
export class NotFoundError extends KintsugiError {
  override readonly name = "NotFoundError";
  readonly code = "KINTSUGI_NOT_FOUND";
}

/** Any other refusal or failure; `serverCode` and `status` say which. */
export class RequestFailedError extends KintsugiError {
  override readonly name = "RequestFailedError";
  readonly code = "KINTSUGI_REQUEST_FAILED";
  /** The HTTP status; 200 when the answer could not be read. */
  readonly status: number;
  /** The `code` in the server's answer; "" when it gave none. */
  readonly serverCode: string;

  constructor(message: string, status: number, serverCode: string, cause?: unknown) {
    super(message, { cause });
    this.status = status;
    this.serverCode = serverCode;
  }
}
