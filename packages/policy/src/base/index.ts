/** The ground floor: time, chance, errors, events and what a call is. */

export { orAborted, sleep } from "./abort.ts";
export { Attempt, firstAttempt, givenSignal, laterAttempt, leaveWork } from "./attempt.ts";
export type { Call, CallContext, Judge, Judgements, Outcome, Verdict } from "./call.ts";
export { backgroundClock, type Cancel, type Clock, spanClock, systemClock } from "./clock.ts";
export { CutContext } from "./cut-context.ts";
export { type Deadline, Deadlines, UNLISTED } from "./deadlines.ts";
export { type Duration, durationMs, sizeBytes } from "./duration.ts";
export {
  type ErrorCode,
  KintsugiError,
  limitStack,
  RejectedError,
  rejectSoon,
  toError,
} from "./errors.ts";
export { type ErrorReporter, type Listener, Listeners, notify, reportError } from "./events.ts";
export { type Ending, Frame, type FrameLayers } from "./frame.ts";
export { type Guard, MUST_WAIT, REFUSED } from "./guard.ts";
export { GuardedPolicy } from "./guarded-policy.ts";
export {
  callsLeft,
  takeNested,
  tellAround,
  tellCaller,
  untellAround,
} from "./nested-calls.ts";
export type { NestedRetry, SeriesSoFar } from "./nested-retry.ts";
export {
  aClassifier,
  aClock,
  aFunction,
  aList,
  aName,
  aNumber,
  anObject,
  anyText,
  aPolicy,
  aRandom,
  aSwitch,
  aText,
  checkOptions,
  having,
  mustBe,
  type Need,
  type Needs,
  numberBetween,
  oneOf,
  optionsIn,
  refused,
  required,
  shown,
  wholeFrom,
  wholeNumber,
} from "./options.ts";
export { type AbortLink, type Child, hearAbort, stopListening } from "./parent-signal.ts";
export type { Layer, Policy, Role } from "./policy.ts";
export { type Random, seededRandom, systemRandom } from "./random.ts";
export type { Again, Retry } from "./retry.ts";
export { TimedAttempt, type TimeLimit } from "./timed-attempt.ts";
