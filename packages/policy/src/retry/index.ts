/** Retry with exponential back-off. */

export { type RetryEvent, type RetryOptions, RetryPolicy } from "./retry-policy.ts";
