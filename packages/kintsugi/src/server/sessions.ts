/**
 * The way in for a browser. Whoever may operate asks for a code, and opens the page with it; the page
 * exchanges the code for a session, a token that lasts for hours. So no token stands in an address, on a
 * command line or in a log, and a code that does is worthless once it was used.
 */

import { createHash } from "node:crypto";

import type { Clock, ErrorReporter, Random } from "@kintsugi/policy/base";

import { CODE_LIFE_MS, type CodesState, exchangeCode, issueCode, noCodes } from "./codes-state.ts";
import { type CodeShelf, keepCodes, loadCodes } from "./kept-codes.ts";
import { badRequest, Refusal } from "./refusal.ts";
import type { Route } from "./route.ts";
import type { SessionView, TokenStore } from "./tokens.ts";

/** What opens the page once. */
export interface SessionCode {
  readonly code: string;
  /** Epoch milliseconds; a minute after it was made. */
  readonly expiresAtMs: number;
}

interface SessionsOptions {
  readonly tokens: TokenStore;
  readonly clock: Clock;
  readonly random: Random;
  /** Where codes are kept over a crash. @defaultValue they die with the process */
  readonly shelf?: CodeShelf;
  /** Hears why a session or a code could not be stored. */
  readonly onError: ErrorReporter;
}

/** More than a code and its name; who sends it has shown nothing yet. */
const MOST_BYTES = 1_024;

const NEXT = "`kintsugi dashboard` prints a fresh address";

export class Sessions {
  readonly #options: SessionsOptions;
  #codes: CodesState;

  constructor(options: SessionsOptions) {
    const { shelf, clock, onError } = options;
    this.#options = options;
    this.#codes = shelf ? loadCodes(shelf, clock, onError) : noCodes;
  }

  /** A code for one use. */
  code(): SessionCode {
    const { clock, random, onError } = this.#options;
    const code = random.uuid().replaceAll("-", "");
    this.#codes = issueCode(this.#codes, hashOf(code), clock.monotonicMs());
    try {
      this.#keep();
    } catch (error) {
      onError(error); // It opens the page all the same, as long as this process lives.
    }
    return { code, expiresAtMs: clock.epochMs() + CODE_LIFE_MS };
  }

  /**
   * The session that holds at `port`.
   *
   * @throws {@link Refusal} for a code that is wrong (401, 429), or when the disk takes nothing (503).
   */
  open(code: string, port: number): SessionView {
    const { tokens, clock, onError } = this.#options;
    const { state, outcome } = exchangeCode(this.#codes, hashOf(code), clock.monotonicMs());
    this.#codes = state;
    switch (outcome) {
      case "wrong":
        throw new Refusal(
          401,
          "KINTSUGI_CODE_REFUSED",
          `This code is wrong, was used already, or is older than a minute: ${NEXT}`,
        );
      case "too-many":
        throw new Refusal(
          429,
          "KINTSUGI_TOO_MANY_CODES",
          `Too many wrong codes came within a second: wait for one, and use a right one; ${NEXT}`,
        );
      case "right":
    }
    try {
      this.#keep(); // Used up for the next life too, before anything is opened with it.
      return tokens.openSession(port);
    } catch (error) {
      onError(error);
      throw new Refusal(
        503,
        "KINTSUGI_SESSION_UNSTORED",
        `The session cannot be written to the data folder, the log says why: mend that, then ${NEXT}`,
      );
    }
  }

  #keep(): void {
    const { shelf, clock } = this.#options;
    if (shelf) keepCodes(shelf, this.#codes, clock);
  }
}

export function sessionRoutes(sessions: Sessions): readonly Route[] {
  return [
    {
      method: "POST",
      path: "/api/v1/session-codes",
      scope: "operate",
      bodyBytes: MOST_BYTES,
      answer({ body, caller }) {
        // A session that was stolen must not live on in others that it begot.
        if (caller?.sessionPort !== undefined) {
          throw new Refusal(
            403,
            "KINTSUGI_SESSION_REFUSED",
            `A session cannot ask for the code of another one; ${NEXT}`,
          );
        }
        requireNothing(body);
        return { status: 201, body: sessions.code() };
      },
    },
    {
      method: "POST",
      path: "/api/v1/sessions",
      scope: "none",
      bodyBytes: MOST_BYTES,
      answer: ({ body, port }) => ({ status: 201, body: sessions.open(codeOf(body), port) }),
    },
  ];
}

const hashOf = (code: string): string => createHash("sha256").update(code).digest("hex");

function requireNothing(body: unknown): void {
  const isMap = typeof body === "object" && body !== null && !Array.isArray(body);
  if (body === undefined || body === null || (isMap && Object.keys(body).length === 0)) return;
  throw badRequest("The body must be empty: {}");
}

function codeOf(body: unknown): string {
  const isMap = typeof body === "object" && body !== null && !Array.isArray(body);
  const { code, ...others } = isMap ? (body as Record<string, unknown>) : {};
  if (typeof code === "string" && code !== "" && Object.keys(others).length === 0) return code;
  throw badRequest('The body must be { "code": text }');
}
