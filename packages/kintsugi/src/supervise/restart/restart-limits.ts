/** How patient a restart is, with everything that was not said filled in. */

import { wholeNumber } from "@kintsugi/policy/base";

import type { RestartLimits } from "./restart-state.ts";

/** What a user may say of it; the fields of `RestartOptions` that are numbers. */
interface RestartNumbers {
  readonly initialDelayMs?: number;
  readonly maxDelayMs?: number;
  readonly intensity?: number;
  readonly periodMs?: number;
}

/** OTP's own defaults (1 in 5 s) suit processes that start in microseconds; ours boot for a while. */
const DEFAULTS = { initialDelayMs: 100, maxDelayMs: 30_000, intensity: 5, periodMs: 60_000 };

/** @throws {@link RangeError} when a number is negative or no whole one, naming the option. */
export function restartLimits(
  numbers: RestartNumbers,
  whenExhausted: RestartLimits["whenExhausted"],
): RestartLimits {
  const { initialDelayMs, maxDelayMs, intensity, periodMs } = { ...DEFAULTS, ...numbers };
  return {
    initialDelayMs: wholeNumber("restart.initialDelayMs", initialDelayMs, 0),
    maxDelayMs: wholeNumber("restart.maxDelayMs", maxDelayMs, 0),
    intensity: wholeNumber("restart.intensity", intensity, 0),
    periodMs: wholeNumber("restart.periodMs", periodMs, 1),
    whenExhausted,
  };
}
