/** What an HTTP status says (RFC 9110; 52x as Cloudflare gives them, 529 as Anthropic does). */

import type { ErrorClass, Reaction } from "./error-class.ts";

/** A class, with its own reaction where the class's usual one does not fit. */
export interface Verdict extends Partial<Reaction> {
  readonly class: ErrorClass;
}

const statuses: ReadonlyMap<number, ErrorClass> = new Map([
  [401, "auth"],
  [402, "quota"],
  [403, "auth"],
  [407, "auth"],
  [408, "timeout"],
  [413, "context-length"],
  [422, "schema-validation"],
  [425, "overloaded"],
  [429, "rate-limit"],
  [499, "aborted"],
  [502, "network"],
  [503, "overloaded"],
  [504, "timeout"],
  [507, "disk-full"],
  [521, "network"],
  [522, "timeout"],
  [523, "network"],
  [524, "timeout"],
  [525, "tls"],
  [526, "tls"],
  [529, "overloaded"],
]);

/** Servers never get better at these: a method, or a version of HTTP, that they do not know. */
const hopeless: ReadonlySet<number> = new Set([501, 505]);

/** Undefined where the status is none of an error. */
export function verdictOfStatus(status: number): Verdict | undefined {
  if (status < 400 || status > 599) return undefined;
  const known = statuses.get(status);
  if (known) return { class: known };
  // The server is well and understood the request too well: sending it again changes nothing.
  if (status < 500) return { class: "unknown", retryable: false, outcome: "ignore" };
  return { class: "unknown", retryable: !hopeless.has(status), outcome: "failure" };
}
