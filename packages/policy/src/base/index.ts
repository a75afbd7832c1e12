/** The ground floor: time, chance, errors, events and what a call is. */

export { orAborted, sleep } from "./abort.ts";
export { Attempt } from "./attempt.ts";
export {
  type Call,
  type CallContext,
  firstAttempt,
  givenSignal,
  laterAttempt,
  leaveWork,
  type Outcome,
  type Policy,
} from "./call.ts";
export { type Cancel, type Clock, systemClock } from "./clock.ts";
export { CutContext } from "./cut-context.ts";
export { type Duration, durationMs, sizeBytes } from "./duration.ts";
export { type ErrorCode, KintsugiError, RejectedError, toError } from "./errors.ts";
export { type ErrorReporter, type Listener, Listeners, notify, reportError } from "./events.ts";
export {
  type Guard,
  type Judge,
  MUST_WAIT,
  REFUSED,
  runGuarded,
  type Verdict,
} from "./guard.ts";
export { numberBetween, wholeNumber } from "./options.ts";
export { type Random, seededRandom, systemRandom } from "./random.ts";
