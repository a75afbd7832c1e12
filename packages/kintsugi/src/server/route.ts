/** What a route is: what is asked where, which scope it takes, and how it is answered. */

import type { Caller, Scope } from "./tokens.ts";

/** What a request asks, after its sender was let in. */
export interface Asked {
  /** Of the server, as the socket has it. */
  readonly port: number;
  /** As it was sent, without its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly params: Readonly<Record<string, string>>;
  readonly query: unknown;
  readonly body: unknown;
  readonly caller: Caller | undefined;
}

export interface Answer {
  readonly status: number;
  /** Text and bytes are sent as they are, anything else as JSON. */
  readonly body: object | string;
  /** They stand above those that every answer has. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A route cannot be written without saying what it takes. */
export interface Route {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** What the token must reach; `none` asks for no token. */
  readonly scope: Scope | "none";
  /** Bytes of the body that are read at most. @defaultValue those of {@link ServerLimits} */
  readonly bodyBytes?: number;
  answer(asked: Asked): Promise<Answer> | Answer;
}
