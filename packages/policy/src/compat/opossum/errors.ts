/** What a breaker says in place of an answer, under the codes that users of the peer look for. */

import { limitStack } from "../../base/index.ts";

export type OpossumCode = "EOPENBREAKER" | "ETIMEDOUT" | "ESEMLOCKED" | "ESHUTDOWN";

/** The same in every copy of the package that a program may hold. */
const OURS = Symbol.for("kintsugi.compat.opossum.error");

/** Made by a breaker, not by its action. Match on `code`. */
export interface OpossumError extends Error {
  readonly code: OpossumCode;
}

/** @param captureStack It leads into the breaker and not to a mistake, for most of the price. */
export function ourError(message: string, code: OpossumCode, captureStack: boolean): OpossumError {
  const depth = captureStack ? undefined : limitStack(0);
  const error = new Error(message);
  if (!captureStack) limitStack(depth);
  Object.defineProperty(error, OURS, { value: true });
  return Object.assign(error, { code });
}

export function isOurs(thrown: unknown): boolean {
  return typeof thrown === "object" && thrown !== null && OURS in thrown;
}
