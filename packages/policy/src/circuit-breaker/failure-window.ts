/** What a closed circuit remembers of its calls: enough to know when to open, and no more. */

import type { CircuitLimits } from "./circuit-state.ts";

/** It is changed in place, since every call that succeeds passes it. */
export interface FailureWindow {
  /** What stands against the dependency. */
  readonly failures: number;
  /** Takes in how a call ended; whether the circuit must open. */
  record(isFailure: boolean, limits: CircuitLimits): boolean;
  clear(): void;
}

/** Failures without a success between them. */
export class FailuresInARow implements FailureWindow {
  failures: number;

  constructor(failures: number) {
    this.failures = failures;
  }

  record(isFailure: boolean, limits: CircuitLimits): boolean {
    this.failures = isFailure ? this.failures + 1 : 0;
    return isFailure && this.failures >= limits.failureThreshold;
  }

  clear(): void {
    this.failures = 0;
  }
}
