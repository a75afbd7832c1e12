/**
 * Codes and names of errors that say on their own what class an error has.
 *
 * Sources: Node's errors and libuv's (https://nodejs.org/api/errors.html), undici's errors, c-ares,
 * OpenSSL's verification codes, SQLSTATE classes (PostgreSQL, appendix A), MySQL's and SQLite's result
 * codes, Prisma's error reference, gRPC's status codes, and the error types that OpenAI, Anthropic,
 * Google, AWS and llama-server document for their APIs.
 */

import type { ErrorClass } from "./error-class.ts";

type Words = Partial<Record<ErrorClass, string>>;

const systemCodes: Words = {
  network: `ECONNREFUSED ECONNRESET ECONNABORTED EPIPE EHOSTUNREACH EHOSTDOWN ENETUNREACH ENETDOWN
    ENETRESET ENOTCONN ESHUTDOWN UND_ERR_SOCKET UND_ERR_CLOSED UND_ERR_DESTROYED ERR_SOCKET_CLOSED
    ERR_STREAM_PREMATURE_CLOSE ERR_HTTP2_STREAM_ERROR ERR_HTTP2_SESSION_ERROR
    ERR_HTTP2_GOAWAY_SESSION ERR_NETWORK`,
  dns: `ENOTFOUND EAI_AGAIN EAI_NODATA EAI_NONAME EAI_FAIL ENODATA ESERVFAIL EREFUSED EBADNAME
    ENOTIMP EFORMERR EBADRESP`,
  tls: `EPROTO CERT_HAS_EXPIRED CERT_NOT_YET_VALID CERT_REVOKED CERT_UNTRUSTED CERT_REJECTED
    CERT_SIGNATURE_FAILURE CERT_CHAIN_TOO_LONG DEPTH_ZERO_SELF_SIGNED_CERT HOSTNAME_MISMATCH
    SELF_SIGNED_CERT_IN_CHAIN UNABLE_TO_VERIFY_LEAF_SIGNATURE UNABLE_TO_GET_ISSUER_CERT
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY INVALID_CA INVALID_PURPOSE`,
  timeout: `ETIMEDOUT ESOCKETTIMEDOUT ETIMEOUT UND_ERR_CONNECT_TIMEOUT UND_ERR_HEADERS_TIMEOUT
    UND_ERR_BODY_TIMEOUT ERR_SOCKET_CONNECTION_TIMEOUT ERR_HTTP_REQUEST_TIMEOUT KINTSUGI_TIMEOUT
    KINTSUGI_IDLE_TIMEOUT`,
  aborted: "ABORT_ERR ECANCELED UND_ERR_ABORTED ERR_CANCELED",
  "disk-full": "ENOSPC EDQUOT",
  "fd-limit": "EMFILE ENFILE",
  permission: "EACCES EPERM EROFS ERR_ACCESS_DENIED",
  "port-in-use": "EADDRINUSE",
  oom: "ENOMEM ERR_WORKER_OUT_OF_MEMORY ERR_MEMORY_ALLOCATION_FAILED",
  "missing-module": "MODULE_NOT_FOUND ERR_MODULE_NOT_FOUND",
  "module-format": `ERR_REQUIRE_ESM ERR_REQUIRE_ASYNC_MODULE ERR_UNKNOWN_FILE_EXTENSION
    ERR_UNKNOWN_MODULE_FORMAT ERR_PACKAGE_PATH_NOT_EXPORTED ERR_UNSUPPORTED_DIR_IMPORT
    ERR_UNSUPPORTED_ESM_URL_SCHEME ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX`,
  "native-addon": "ERR_DLOPEN_FAILED",
  "code-bug": `ERR_ASSERTION ERR_INVALID_ARG_TYPE ERR_INVALID_ARG_VALUE ERR_INVALID_URL
    ERR_MISSING_ARGS ERR_OUT_OF_RANGE ERR_INVALID_THIS ERR_METHOD_NOT_IMPLEMENTED`,
};

const databaseCodes: Words = {
  "db-connection": `PROTOCOL_CONNECTION_LOST PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR
    ER_CON_COUNT_ERROR ER_SERVER_SHUTDOWN SQLITE_CANTOPEN P1001 P1002 P1017 P2024
    53300 57P01 57P02 57P03`,
  "db-constraint": "SQLITE_CONSTRAINT ER_DUP_ENTRY ER_BAD_NULL_ERROR P2002 P2003 P2011 11000",
  "db-lock": `SQLITE_BUSY SQLITE_LOCKED ER_LOCK_DEADLOCK ER_LOCK_WAIT_TIMEOUT 55P03 P2034
    WriteConflict ABORTED`,
  "disk-full": "SQLITE_FULL ER_DISK_FULL 53100",
  oom: "SQLITE_NOMEM ER_OUTOFMEMORY ER_OUT_OF_RESOURCES 53200",
  permission: "SQLITE_READONLY SQLITE_PERM 42501 ER_DBACCESS_DENIED_ERROR",
  auth: "28P01 28000 ER_ACCESS_DENIED_ERROR P1000",
  timeout: "57014 ER_QUERY_TIMEOUT P1008",
};

/** What stands in the body of an answer, or names the error of a client made for an API. */
const serviceCodes: Words = {
  "rate-limit": `rate_limit_exceeded rate_limit_error rate_limited too_many_requests
    requests_limit_exceeded tokens_limit_exceeded RESOURCE_EXHAUSTED RateLimitError Throttling
    ThrottlingException ThrottledException TooManyRequestsException RequestLimitExceeded SlowDown
    RequestThrottledException ProvisionedThroughputExceededException`,
  quota: `insufficient_quota quota_exceeded billing_hard_limit_reached billing_not_active
    billing_error insufficient_credits credit_balance_too_low ServiceQuotaExceededException`,
  overloaded: `overloaded_error overloaded server_overloaded server_is_overloaded engine_overloaded
    service_unavailable unavailable_error UNAVAILABLE ServiceUnavailableException
    ModelNotReadyException`,
  auth: `invalid_api_key incorrect_api_key authentication_error permission_error permission_denied
    invalid_authentication account_deactivated unauthorized UNAUTHENTICATED PERMISSION_DENIED
    AccessDeniedException UnrecognizedClientException ExpiredTokenException InvalidClientTokenId
    AuthenticationError PermissionDeniedError`,
  "content-filter": `content_filter content_policy_violation content_filter_error
    moderation_blocked ResponsibleAIPolicyViolation`,
  "context-length": `context_length_exceeded string_above_max_length request_too_large
    exceed_context_size_error max_tokens_exceeded`,
  "model-not-found": `model_not_found model_not_found_error unknown_model DeploymentNotFound
    AI_NoSuchModelError`,
  "schema-validation": `invalid_json_schema invalid_function_parameters ValidationException
    json_validate_failed ZodError ValiError AI_TypeValidationError AI_InvalidArgumentError
    AI_InvalidPromptError KINTSUGI_VALIDATION_FAILED`,
  "invalid-json": "AI_JSONParseError FST_ERR_CTP_INVALID_JSON_BODY KINTSUGI_INVALID_JSON",
  timeout: "timeout_error request_timeout DEADLINE_EXCEEDED TimeoutError ModelTimeoutException",
  aborted: "AbortError CANCELLED",
  "config-missing": "AI_LoadAPIKeyError AI_LoadSettingError",
};

/** The class of every code that comes in families: the longest fitting beginning counts. */
const beginnings: readonly (readonly [string, ErrorClass])[] = [
  ["SQLITE_BUSY_", "db-lock"],
  ["SQLITE_LOCKED_", "db-lock"],
  ["SQLITE_CONSTRAINT_", "db-constraint"],
  ["SQLITE_CANTOPEN_", "db-connection"],
  ["SQLITE_READONLY_", "permission"],
  ["ER_NO_REFERENCED_ROW", "db-constraint"],
  ["ER_ROW_IS_REFERENCED", "db-constraint"],
  ["ERR_TLS_", "tls"],
  ["ERR_SSL_", "tls"],
];

/** SQLSTATE: five characters, the first two are its class. */
const sqlStates: Words = { "db-connection": "08", "db-constraint": "23", "db-lock": "40" };

/** node:sqlite gives SQLite's result code as a number; its low byte is the primary code. */
const sqliteResults: ReadonlyMap<number, ErrorClass> = new Map([
  [3, "permission"],
  [5, "db-lock"],
  [6, "db-lock"],
  [7, "oom"],
  [8, "permission"],
  [13, "disk-full"],
  [14, "db-connection"],
  [19, "db-constraint"],
]);

/** Where a database listens by default: what fails to connect there is its connection. */
const databasePorts: ReadonlySet<number> = new Set([
  1433, // SQL Server
  1521, // Oracle
  3306, // MySQL, MariaDB
  5432, // PostgreSQL
  6379, // Redis, Valkey
  6432, // PgBouncer
  7687, // Neo4j
  9042, // Cassandra
  11211, // Memcached
  26257, // CockroachDB
  26379, // Redis, its sentinels
  27017, // MongoDB
  33060, // MySQL, its document protocol
]);

/** Names that JavaScript itself gives; they count only where nothing in the chain says more. */
const languageErrors: ReadonlyMap<string, ErrorClass> = new Map([
  ["TypeError", "code-bug"],
  ["ReferenceError", "code-bug"],
  ["RangeError", "code-bug"],
  ["URIError", "code-bug"],
  ["AssertionError", "code-bug"],
  // A program that does not parse never runs: what throws this in a call is JSON.parse.
  ["SyntaxError", "invalid-json"],
]);

/** What browsers and Node say for a failed fetch, when they say nothing else. */
const fetchFailures: ReadonlySet<string> = new Set([
  "fetch failed",
  "terminated",
  "Failed to fetch",
  "Load failed",
  "NetworkError when attempting to fetch resource.",
  "network error",
]);

/**
 * A code that says too little, and the words beside it that say the rest: Anthropic has no code for a
 * prompt that is too long or a bill that is not paid (its error reference), nor has vLLM for the former.
 */
const sentences: readonly (readonly [code: string, words: string, found: ErrorClass])[] = [
  ["invalid_request_error", "prompt is too long", "context-length"],
  ["invalid_request_error", "exceed context limit", "context-length"],
  ["invalid_request_error", "maximum context length", "context-length"],
  ["invalid_request_error", "credit balance is too low", "quota"],
  ["BadRequestError", "maximum context length", "context-length"],
  ["not_found_error", "model:", "model-not-found"],
];

/** Codes that blame the request without saying why (OpenAI, Anthropic, google.rpc.Code). */
const requestFaults: ReadonlySet<string> = new Set([
  "invalid_request_error",
  "invalid_prompt",
  "not_found_error",
  "INVALID_ARGUMENT",
  "FAILED_PRECONDITION",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
]);

/** gRPC's status codes, in the order of their numbers (https://grpc.io/docs/guides/status-codes). */
const grpcStatuses =
  `OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS
  PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL
  UNAVAILABLE DATA_LOSS UNAUTHENTICATED`.split(/\s+/);

const codes: ReadonlyMap<string, ErrorClass> = new Map(
  [systemCodes, databaseCodes, serviceCodes].flatMap(spread),
);
const states: ReadonlyMap<string, ErrorClass> = new Map(spread(sqlStates));

/** The class of a code or of the name of an error, where the tables know it. */
export function classOfCode(code: string): ErrorClass | undefined {
  const known = codes.get(code);
  if (known) return known;
  for (const family of beginnings) {
    if (code.startsWith(family[0])) return family[1];
  }
  return /^\d[\dA-Z]{4}$/.test(code) ? states.get(code.slice(0, 2)) : undefined;
}

export function classOfSentence(code: string, message: string): ErrorClass | undefined {
  for (const sentence of sentences) {
    if (sentence[0] === code && message.includes(sentence[1])) return sentence[2];
  }
  return undefined;
}

/** Whether the code says that the request itself was wrong, and nothing more. */
export function blamesRequest(code: string): boolean {
  return requestFaults.has(code);
}

/** What is broken for good, whoever asks: no attempt mends lost data. */
export function isLoss(code: string): boolean {
  return code === "DATA_LOSS";
}

/** The name of a status of gRPC: `OK`, which is no code of the tables, to `UNAUTHENTICATED`. */
export function nameOfGrpcStatus(status: number): string | undefined {
  return grpcStatuses[status];
}

export function classOfSqliteResult(result: number): ErrorClass | undefined {
  return sqliteResults.get(result & 0xff);
}

export function isDatabasePort(port: number): boolean {
  return databasePorts.has(port);
}

/** The class that the language's own error suggests, weakest of all. */
export function classOfLanguageError(name: string, message: string): ErrorClass | undefined {
  if (name === "TypeError" && fetchFailures.has(message)) return "network";
  return languageErrors.get(name);
}

function spread(words: Words): readonly (readonly [string, ErrorClass])[] {
  return Object.entries(words).flatMap(([name, text]) =>
    text.split(/\s+/).map((code) => [code, name as ErrorClass] as const),
  );
}
