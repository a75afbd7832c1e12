/** Policies in front of undici's requests. */

export type { DispatchInterceptor, DispatchRequest } from "./dispatch.ts";
export { type ResilientDispatchOptions, resilient } from "./interceptor.ts";
