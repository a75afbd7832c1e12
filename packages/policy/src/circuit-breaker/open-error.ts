/** What a circuit says in place of a call. */

import { RejectedError } from "../base/index.ts";

/** Thrown in place of a call that the circuit does not admit. */
export class CircuitOpenError extends RejectedError {
  override readonly name = "CircuitOpenError";
  readonly code = "KINTSUGI_CIRCUIT_OPEN";
  readonly breaker: string;
  /** Whether somebody holds it open, so that no time closes it. */
  readonly isolated: boolean;

  constructor(breaker: string, retryAfterMs: number, isolated: boolean, captureStack = false) {
    super(`Circuit "${breaker}" is ${isolated ? "isolated" : "open"}`, retryAfterMs, captureStack);
    this.breaker = breaker;
    this.isolated = isolated;
  }
}
