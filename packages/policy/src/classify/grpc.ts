/** What an error of gRPC says: `ServiceError` of @grpc/grpc-js, `ConnectError` of @connectrpc/connect. */

import { nameOfGrpcStatus } from "./code-table.ts";
import { headerOf } from "./retry-after.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * The name of its status: by the number that it has for a code, where it looks like an error of gRPC, or by
 * the trailer `grpc-status` of an answer over HTTP.
 */
export function grpcStatusOf(own: Fields): string | undefined {
  const { code, details, headers } = own;
  if (typeof code === "number") {
    const isGrpc = typeof details === "string" || trailersOf(own) !== undefined;
    return isGrpc ? nameOfGrpcStatus(code) : undefined;
  }
  return nameOfGrpcStatus(Number(headerOf(headers, "grpc-status")));
}

/** Its metadata, which headers can be read from. */
export function trailersOf({ code, metadata }: Fields): object | undefined {
  if (typeof code !== "number" || typeof metadata !== "object") return undefined;
  return metadata ?? undefined;
}

/** How a server pushes back: after so many milliseconds exactly; Infinity for "never". */
export function pushBackMs(headers: unknown): number | undefined {
  const told = headerOf(headers, "grpc-retry-pushback-ms");
  if (told === undefined) return undefined;
  return /^\d{1,10}$/.test(told) ? Number(told) : Infinity;
}
