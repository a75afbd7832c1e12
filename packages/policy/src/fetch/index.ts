/** HTTP under policies. */

export { checkResponse, HttpError, isFailedStatus } from "./http-error.ts";
export {
  isIdempotent,
  isTurnedAway,
  NotSentAgainError,
  neverLeft,
  Sending,
  SentOnceError,
  unmarked,
} from "./repeat.ts";
export {
  type FetchFunction,
  type ResilientFetchOptions,
  resilientFetch,
} from "./resilient-fetch.ts";
