/** The client of the HTTP API: light, for programs that only ask. */

export {
  type Client,
  type ClientOptions,
  createClient,
  dashboardAddress,
  type StreamEvent,
} from "./client.ts";
export {
  ForbiddenError,
  NotFoundError,
  NotRunningError,
  RequestFailedError,
  UnauthenticatedError,
} from "./errors.ts";
