/** HTTP under policies. */

export { checkResponse, HttpError } from "./http-error.ts";
export {
  type FetchFunction,
  type ResilientFetchOptions,
  resilientFetch,
} from "./resilient-fetch.ts";
