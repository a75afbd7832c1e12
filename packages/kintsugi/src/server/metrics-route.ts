/** The figures of a runtime, for Prometheus. */

import { isLoopback } from "./origin.ts";
import { Refusal } from "./refusal.ts";
import type { Route } from "./route.ts";
import type { RuntimeForServer } from "./runtime-port.ts";

/** https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format */
const TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8";

/**
 * No token is asked for where only this machine can ask; elsewhere the figures are for who may read.
 *
 * @param host - The address that the server listens at.
 * @param allowedHosts - Other names that it goes by: a proxy on this machine that asks for the world.
 */
export const metricsRoute = (
  runtime: Pick<RuntimeForServer, "metrics">,
  host: string,
  allowedHosts: readonly string[],
): Route => ({
  method: "GET",
  path: "/metrics",
  scope: isLoopback(host) && allowedHosts.length === 0 ? "none" : "read",
  async answer() {
    const body = await runtime.metrics();
    if (body !== undefined) return { status: 200, body, headers: { "content-type": TEXT_FORMAT } };
    throw new Refusal(
      404,
      "KINTSUGI_NOT_FOUND",
      "No metrics are shown: set metrics.prometheus to true in the configuration",
    );
  },
});
