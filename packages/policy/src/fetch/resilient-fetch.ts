/** `fetch` under the policies of an executor. */

import type { ResilientExecutor } from "../executor/index.ts";
import { checkResponse } from "./http-error.ts";

/** `fetch`, for addresses: a Request object can be sent once only, and so cannot be tried again. */
export type FetchFunction = (address: string | URL, init?: RequestInit) => Promise<Response>;

/**
 * A `fetch` whose requests run under the executor. Its statuses 408, 425, 429 and from 500 up are
 * failures; `Retry-After` is honoured. The time of an attempt ends with the headers of the answer: to
 * bound the body as well, read it inside `executor.execute` and use {@link checkResponse}.
 *
 * @example
 * const get = resilientFetch(ResilientExecutorFactory.forAPI("weather"), fetch);
 * const response = await get("https://weather.example/today");
 */
export function resilientFetch<F = never>(
  executor: ResilientExecutor<F>,
  send: FetchFunction,
): (address: string | URL, init?: RequestInit) => Promise<Response | F> {
  return async (address, init = {}) => {
    const result = await executor.execute(
      async ({ signal }) => checkResponse(await send(address, { ...init, signal })),
      init.signal ?? undefined,
    );
    if (result.success) return result.data;
    throw result.error;
  };
}
