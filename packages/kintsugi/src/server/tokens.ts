/**
 * Bearer tokens: who may ask for what. The file holds hashes only; the token itself is shown once, to
 * the person it is made for, or lies in a file that only its owner can read.
 */

import { createHash, timingSafeEqual } from "node:crypto";

import {
  type Clock,
  type ErrorReporter,
  type Random,
  systemRandom,
  toError,
} from "@kintsugi/policy/base";

import type { Files } from "../host/index.ts";
import { TokensUnreadableError } from "./errors.ts";

/** `admin` may do all that `operate` may, and that all that `read` may. `infer` stands for itself. */
export type Scope = "read" | "infer" | "operate" | "admin";

/** Who sent a request. */
export interface Caller {
  /** The name of the token. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  /**
   * The port of the server that a session was opened at, and where alone it counts: whoever takes that
   * port when the runtime has died, and is sent the session by a page, can use it nowhere.
   *
   * @defaultValue none: it is no session
   */
  readonly sessionPort?: number;
}

/** A session, as it is told once to whoever opened it. */
export interface SessionView {
  readonly token: string;
  /** Epoch milliseconds; 12 hours after it was opened. */
  readonly expiresAtMs: number;
  readonly scopes: readonly Scope[];
}

export interface TokenStore {
  /** Undefined when there is no such token, or it has expired. */
  find(token: string): Caller | undefined;
  /**
   * Makes a token of scope `operate` that holds for 12 hours at this port, and counts at once. Sessions
   * that have expired go, and the oldest of too many; tokens of others stay.
   *
   * @throws {@link TokensUnreadableError}, and what the machine says when the file cannot be written:
   * then all is as it was.
   */
  openSession(port: number): SessionView;
}

export interface TokenStoreOptions {
  readonly files: Pick<Files, "read" | "writeAtomic">;
  readonly clock: Clock;
  /** Where new tokens come from. @defaultValue the machine's own */
  readonly random?: Random;
  /** `tokens` is the file of hashes. */
  readonly paths: { readonly tokens: string };
  /** Hears that the file cannot be read; until it can, nobody gets in. */
  readonly onError: ErrorReporter;
}

export interface CliTokenOptions {
  readonly files: Pick<Files, "read" | "writeAtomic">;
  readonly random: Random;
  readonly paths: { readonly tokens: string; readonly cliToken: string };
}

interface StoredToken extends Caller {
  /** SHA-256 of the token, as 64 hexadecimal digits. */
  readonly hash: string;
  /** @defaultValue never */
  readonly expiresAtMs?: number;
}

const SCOPES: readonly Scope[] = ["read", "infer", "operate", "admin"];

const IMPLIED: Readonly<Record<Scope, readonly Scope[]>> = {
  read: ["read"],
  infer: ["infer"],
  operate: ["operate", "read"],
  admin: ["admin", "operate", "read"],
};

/** A longer one is none of ours, and not worth hashing. */
const LONGEST_TOKEN = 256;

/** A token that was made or revoked counts within this time, without a read for each request. */
const FRESH_MS = 1_000;

const OWNER_ONLY = 0o600;
const CLI = "cli";
const SESSION = "dashboard";
const SESSION_SCOPES: readonly Scope[] = ["operate"];
const SESSION_MS = 12 * 60 * 60 * 1_000;

/** Sessions at once; who opens more loses the oldest. */
const MOST_SESSIONS = 50;

export function reaches(scopes: readonly Scope[], needed: Scope): boolean {
  return scopes.some((scope) => IMPLIED[scope].includes(needed));
}

/** Reads the file when it is asked, at most once a second. Fails closed: an unreadable file knows nobody. */
export function tokenStore(options: TokenStoreOptions): TokenStore {
  const { files, clock, random = systemRandom, paths, onError } = options;
  let tokens: readonly StoredToken[] = [];
  let freshUntilMs = Number.NEGATIVE_INFINITY;
  const refresh = (): void => {
    if (clock.monotonicMs() < freshUntilMs) return;
    freshUntilMs = clock.monotonicMs() + FRESH_MS;
    try {
      tokens = readTokens(files, paths.tokens);
    } catch (error) {
      tokens = [];
      onError(error);
    }
  };

  return {
    find(token) {
      if (token.length > LONGEST_TOKEN) return undefined;
      refresh();
      const hash = sha256(token);
      // All are compared, each in constant time: how long it takes tells nothing.
      const found = tokens.filter((stored) =>
        timingSafeEqual(Buffer.from(stored.hash, "hex"), hash),
      );
      const valid = found.find(({ expiresAtMs = Infinity }) => clock.epochMs() < expiresAtMs);
      return valid && callerOf(valid);
    },
    openSession(port) {
      const token = newToken(random);
      const nowMs = clock.epochMs();
      const session = {
        name: SESSION,
        scopes: SESSION_SCOPES,
        hash: hexOf(token),
        expiresAtMs: nowMs + SESSION_MS,
        sessionPort: port,
      };
      const next = [...withRoom(readTokens(files, paths.tokens), nowMs), session];
      writeTokens(files, paths.tokens, next);
      tokens = next;
      return { token, expiresAtMs: session.expiresAtMs, scopes: session.scopes };
    },
  };
}

/**
 * The token of the command line, with scope `admin`: made once, with a file of mode 600, and again
 * only when that file or its hash has gone. Called by the one process that owns the data folder.
 *
 * @throws {@link TokensUnreadableError} when the file of hashes is not what we wrote.
 */
export function ensureCliToken({ files, random, paths }: CliTokenOptions): string {
  const tokens = readTokens(files, paths.tokens);
  const known = files.read(paths.cliToken)?.trim();
  const hash = known === undefined ? undefined : hexOf(known);
  if (known !== undefined && tokens.some((token) => token.hash === hash)) return known;

  const token = newToken(random);
  const own: StoredToken = { name: CLI, scopes: ["admin"], hash: hexOf(token) };
  writeTokens(files, paths.tokens, [...tokens.filter(({ name }) => name !== CLI), own]);
  files.writeAtomic(paths.cliToken, `${token}\n`, OWNER_ONLY);
  return token;
}

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();

const hexOf = (token: string): string => sha256(token).toString("hex");

/** Two UUIDs of the machine's own chance: 244 random bits. */
const newToken = (random: Random): string =>
  `kintsugi_${random.uuid()}${random.uuid()}`.replaceAll("-", "");

const callerOf = ({ name, scopes, sessionPort }: StoredToken): Caller => ({
  name,
  scopes,
  ...(sessionPort !== undefined && { sessionPort }),
});

/** Without the sessions that have expired, and with room for one more. */
function withRoom(tokens: readonly StoredToken[], nowMs: number): readonly StoredToken[] {
  const sessions = tokens
    .filter(({ sessionPort }) => sessionPort !== undefined)
    .filter(({ expiresAtMs = Infinity }) => nowMs < expiresAtMs)
    .toSorted((a, b) => (a.expiresAtMs ?? 0) - (b.expiresAtMs ?? 0))
    .slice(1 - MOST_SESSIONS);
  return tokens.filter((token) => token.sessionPort === undefined || sessions.includes(token));
}

function writeTokens(
  files: Pick<Files, "writeAtomic">,
  path: string,
  tokens: readonly StoredToken[],
): void {
  files.writeAtomic(path, `${JSON.stringify({ v: 1, tokens }, null, 2)}\n`, OWNER_ONLY);
}

function readTokens(files: Pick<Files, "read">, path: string): readonly StoredToken[] {
  const text = files.read(path);
  if (text === undefined) return [];
  const stored = parse(path, text) as { readonly v?: unknown; readonly tokens?: unknown } | null;
  if (stored?.v !== 1 || !Array.isArray(stored.tokens)) {
    throw new TokensUnreadableError(path, "it is no list of version 1");
  }
  if (!stored.tokens.every(isStoredToken)) {
    throw new TokensUnreadableError(path, "an entry lacks its name, scopes or hash");
  }
  return stored.tokens;
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new TokensUnreadableError(path, toError(error).message);
  }
}

function isStoredToken(value: unknown): value is StoredToken {
  if (typeof value !== "object" || value === null) return false;
  const { name, scopes, hash, expiresAtMs, sessionPort } = value as Partial<
    Record<keyof StoredToken, unknown>
  >;
  return (
    typeof name === "string" &&
    Array.isArray(scopes) &&
    scopes.every((scope) => SCOPES.includes(scope)) &&
    typeof hash === "string" &&
    /^[0-9a-f]{64}$/.test(hash) &&
    (expiresAtMs === undefined || typeof expiresAtMs === "number") &&
    (sessionPort === undefined || typeof sessionPort === "number")
  );
}
