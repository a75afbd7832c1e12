/** What an error says about itself, wherever its library puts it. */

import { grpcStatusOf, trailersOf } from "./grpc.ts";
import { bodyRetryAfterMs } from "./retry-after.ts";

/** One error of a chain, read once. */
export interface ErrorFacts {
  readonly name: string;
  readonly message: string;
  /** Its own code, then the body's code, type and status: the most telling first. */
  readonly codes: readonly string[];
  readonly status: number | undefined;
  readonly headers: unknown;
  /** Where a connection failed. */
  readonly port: number | undefined;
  readonly syscall: string | undefined;
  /** SQLite's result code, as node:sqlite gives it. */
  readonly sqliteResult: number | undefined;
  /** What the error itself asks for, as our own refusals do. */
  readonly retryAfterMs: number | undefined;
  /** Milliseconds that the body of the answer asks to wait. */
  readonly toldWaitMs: number | undefined;
  /** Tokens that the attempt has cost, as the body says. */
  readonly tokens: number | undefined;
  /** What an error of ours says about itself; others mean many things by the word. */
  readonly retryable: boolean | undefined;
}

/** Chains are short; what is longer is a circle, or built to hurt. */
const LONGEST_CHAIN = 10;

/** A body that is longer is no error report, and is not worth parsing. */
const LONGEST_BODY = 65_536;

type Fields = Readonly<Record<string, unknown>>;

/**
 * An error with what caused it: itself first, then `cause` after `cause`, then the errors of an
 * AggregateError, outermost first.
 */
export function chainOf(thrown: unknown): readonly object[] {
  const found: object[] = [];
  addTo(found, thrown);
  for (const each of found) {
    const { cause, errors } = each as { readonly cause?: unknown; readonly errors?: unknown };
    addTo(found, cause);
    if (!Array.isArray(errors)) continue;
    for (const inner of errors.slice(0, LONGEST_CHAIN)) addTo(found, inner);
  }
  return found;
}

function addTo(chain: object[], thrown: unknown): void {
  if (typeof thrown !== "object" || thrown === null) return;
  if (chain.length < LONGEST_CHAIN) chain.push(thrown);
}

export function factsOf(error: object): ErrorFacts {
  const own = error as Fields;
  const response = fields(own["response"]);
  const body = bodyOf(own, response);
  const report = fields(body?.["error"]);
  return {
    name: text(own["name"]) ?? "",
    message: messageOf(own, report),
    codes: codesOf(own, body, report),
    status:
      numeric(own["status"]) ??
      numeric(own["statusCode"]) ??
      numeric(response?.["status"]) ??
      numeric(fields(own["$metadata"])?.["httpStatusCode"]),
    headers: own["headers"] ?? own["responseHeaders"] ?? response?.["headers"] ?? trailersOf(own),
    port: numeric(own["port"]),
    syscall: text(own["syscall"]),
    sqliteResult: own["code"] === "ERR_SQLITE_ERROR" ? numeric(own["errcode"]) : undefined,
    retryAfterMs: numeric(own["retryAfterMs"]),
    toldWaitMs: bodyRetryAfterMs(report) ?? bodyRetryAfterMs(body) ?? unpackedMs(own),
    tokens: tokensOf(own) ?? tokensOf(body) ?? tokensOf(report),
    retryable: ownJudgement(own),
  };
}

function messageOf(own: Fields, report: Fields | undefined): string {
  const message = text(own["message"]) ?? "";
  return report ? `${message} ${text(report["message"]) ?? ""}`.trim() : message.trim();
}

/** In a plain loop, as what follows: every failed call passes here, and a list of lists costs a microsecond. */
function codesOf(
  own: Fields,
  body: Fields | undefined,
  report: Fields | undefined,
): readonly string[] {
  const found: string[] = [];
  addCode(found, grpcStatusOf(own));
  addCode(found, own["code"]);
  if (report) {
    addCode(found, report["code"]);
    addCode(found, report["type"]);
    addCode(found, report["status"]);
  }
  if (body) {
    addCode(found, body["error"]);
    addCode(found, body["code"]);
    addCode(found, body["type"]);
  }
  addCode(found, own["type"]);
  addCode(found, own["name"]);
  return found;
}

function addCode(codes: string[], value: unknown): void {
  const code = text(value);
  if (code !== undefined) codes.push(code);
}

/**
 * The body of an answer that became an error: `body` (ours), `error` (OpenAI's and Anthropic's clients),
 * `data` and `responseBody` (AI SDK), `response.data` (axios). OpenAI's client has unwrapped it already.
 */
function bodyOf(own: Fields, response: Fields | undefined): Fields | undefined {
  const body =
    bodyAt(own["body"]) ??
    bodyAt(own["data"]) ??
    bodyAt(own["responseBody"]) ??
    bodyAt(response?.["data"]);
  if (body) return body;
  const unwrapped = fields(own["error"]);
  return unwrapped && (fields(unwrapped["error"]) ? unwrapped : { error: unwrapped });
}

function bodyAt(body: unknown): Fields | undefined {
  if (typeof body === "object") return fields(body);
  if (typeof body !== "string" || body.length > LONGEST_BODY) return undefined;
  if (!body.trimStart().startsWith("{")) return undefined;
  try {
    return fields(JSON.parse(body));
  } catch {
    return undefined; // Cut off, or no JSON at all: then it has no code to tell.
  }
}

const fields = (value: unknown): Fields | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : undefined;

/** What Google's clients have unpacked of an error of gRPC. */
const unpackedMs = ({ statusDetails: details }: Fields): number | undefined =>
  details === undefined ? undefined : bodyRetryAfterMs({ details });

const tokensOf = (part: Fields | undefined): number | undefined =>
  numeric(fields(part?.["usage"])?.["total_tokens"]);

function ownJudgement({ code, retryable }: Fields): boolean | undefined {
  const isOurs = typeof code === "string" && code.startsWith("KINTSUGI_");
  return isOurs && typeof retryable === "boolean" ? retryable : undefined;
}

/** Codes of databases may be numbers: MongoDB's 11000. */
function text(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" ? value : undefined;
}

const numeric = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isFinite(value) ? value : undefined;
