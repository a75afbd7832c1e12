/** Stands before every route: is the sender where it says it is, and may it ask for this? */

import type { FastifyRequest } from "fastify";

import { refuseStranger } from "./origin.ts";
import { Refusal } from "./refusal.ts";
import { type Caller, reaches, type Scope, type TokenStore } from "./tokens.ts";

export class Gate {
  readonly #tokens: TokenStore;
  readonly #callers = new WeakMap<FastifyRequest, Caller>();
  /** Closed until the server knows its own names. */
  #names: ReadonlySet<string> = new Set();

  constructor(tokens: TokenStore) {
    this.#tokens = tokens;
  }

  /** @param names What a `Host` header may say. */
  open(names: ReadonlySet<string>): void {
    this.#names = names;
  }

  /** Why this request comes from where none may come from; undefined when it does not. */
  strangerIn({ headers, raw }: FastifyRequest): Refusal | undefined {
    return refuseStranger(headers, raw.headersDistinct["host"] ?? [], this.#names);
  }

  /** Lets in who holds a token that reaches `scope`. @throws {@link Refusal} (401, 403) otherwise. */
  admit(request: FastifyRequest, scope: Scope): void {
    const token = /^Bearer ([^\s]+)$/i.exec(request.headers.authorization ?? "")?.[1];
    const caller = token === undefined ? undefined : this.#tokens.find(token);
    const port = caller?.sessionPort;
    if (!caller || (port !== undefined && port !== request.socket.localPort)) {
      const message = token === undefined ? "A bearer token is needed" : "Nobody holds this token";
      throw new Refusal(401, "KINTSUGI_UNAUTHENTICATED", message);
    }
    if (!reaches(caller.scopes, scope)) {
      const held = caller.scopes.join(", ") || "nothing";
      const message = `This takes a token with scope ${scope}; yours has ${held}`;
      throw new Refusal(403, "KINTSUGI_SCOPE_MISSING", message);
    }
    this.#callers.set(request, caller);
  }

  /** Whoever was admitted with this request. */
  callerOf(request: FastifyRequest): Caller | undefined {
    return this.#callers.get(request);
  }
}
