/** The classes of errors, and how policies react to each: data, not code. */

import type { Outcome } from "../base/index.ts";

/** What went wrong, in the words that policies, playbooks and reports share. */
export type ErrorClass =
  | "rate-limit"
  | "quota"
  | "overloaded"
  | "auth"
  | "content-filter"
  | "context-length"
  | "model-not-found"
  | "schema-validation"
  | "invalid-json"
  | "network"
  | "dns"
  | "tls"
  | "timeout"
  | "aborted"
  | "db-connection"
  | "db-constraint"
  | "db-lock"
  | "disk-full"
  | "fd-limit"
  | "permission"
  | "port-in-use"
  | "oom"
  | "missing-module"
  | "module-format"
  | "native-addon"
  | "code-bug"
  | "config-missing"
  | "spawn-failed"
  | "unknown";

export interface Reaction {
  /** Whether another attempt at the same target can end better. */
  readonly retryable: boolean;
  /** Whether it blames the dependency: `failure` moves a circuit towards open. */
  readonly outcome: Outcome;
}

const again: Reaction = { retryable: true, outcome: "failure" };
const broken: Reaction = { retryable: false, outcome: "failure" };
/** The dependency is well; it is the request, the code or this machine that is not. */
const ours: Reaction = { retryable: false, outcome: "ignore" };

export const reactions: Readonly<Record<ErrorClass, Reaction>> = {
  /** Told to slow down: the dependency is well, so a circuit does not count it. */
  "rate-limit": { retryable: true, outcome: "ignore" },
  quota: broken,
  overloaded: again,
  auth: broken,
  "content-filter": ours,
  "context-length": ours,
  "model-not-found": ours,
  "schema-validation": ours,
  /** A cut or garbled answer; models and proxies give a whole one when asked again. */
  "invalid-json": again,
  network: again,
  dns: again,
  tls: broken,
  timeout: again,
  aborted: ours,
  "db-connection": again,
  "db-constraint": ours,
  /** Another transaction was in the way: the database is well. */
  "db-lock": { retryable: true, outcome: "ignore" },
  "disk-full": broken,
  "fd-limit": again,
  permission: ours,
  "port-in-use": ours,
  oom: broken,
  "missing-module": ours,
  "module-format": ours,
  "native-addon": ours,
  "code-bug": ours,
  "config-missing": ours,
  "spawn-failed": broken,
  /** Nobody knows what it is: what failed once may work the next time. */
  unknown: again,
};
