/** Why the server could not start. What it answers to a request is in refusal.ts. */

import { KintsugiError, toError } from "@kintsugi/policy/base";

/** Another program listens there. */
export class PortInUseError extends KintsugiError {
  override readonly name = "PortInUseError";
  readonly code = "KINTSUGI_PORT_IN_USE";
  readonly host: string;
  readonly port: number;

  constructor(host: string, port: number, cause: unknown) {
    super(
      `Port ${port} of ${host} is in use by another program: set server.port to another one, ` +
        "or to 0 for any that is free",
      { cause },
    );
    this.host = host;
    this.port = port;
  }
}

/** The machine does not let us listen there: no such address, or a port that needs more rights. */
export class AddressUnusableError extends KintsugiError {
  override readonly name = "AddressUnusableError";
  readonly code = "KINTSUGI_ADDRESS_UNUSABLE";
  readonly host: string;
  readonly port: number;

  constructor(host: string, port: number, cause: unknown) {
    const { message } = toError(cause);
    super(
      `Nobody may listen at ${host}, port ${port}: set server.host or server.port (${message})`,
      {
        cause,
      },
    );
    this.host = host;
    this.port = port;
  }
}

/** The file of tokens is not what we wrote. It is left alone: it may hold the tokens of others. */
export class TokensUnreadableError extends KintsugiError {
  override readonly name = "TokensUnreadableError";
  readonly code = "KINTSUGI_TOKENS_UNREADABLE";
  readonly file: string;

  constructor(file: string, reason: string) {
    super(`${file} is not a list of tokens (${reason}): mend it, or remove it and make them anew`);
    this.file = file;
  }
}
