/** The refusal of policies that spare the other side. */

import { RejectedError } from "../base/index.ts";

/** Thrown in place of a call that the other side would hardly bear. */
export class LoadShedError extends RejectedError {
  override readonly name = "LoadShedError";
  readonly code = "KINTSUGI_LOAD_SHED";
  /** The name of the policy. */
  readonly policy: string;
  /** `limit`: so many calls run as it can bear; `throttle`: it turned too many away lately. */
  readonly reason: "limit" | "throttle";

  constructor(policy: string, reason: "limit" | "throttle", captureStack = false) {
    const why = reason === "limit" ? "has reached its limit" : "spares what it calls";
    super(`"${policy}" ${why}`, 0, captureStack);
    this.policy = policy;
    this.reason = reason;
  }
}
