/** HTTP under policies. */

export { checkResponse, HttpError } from "./http-error.ts";
export { type FetchFunction, resilientFetch } from "./resilient-fetch.ts";
