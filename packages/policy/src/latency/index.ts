/** How long calls take. */

export { LatencyHistogram } from "./latency-histogram.ts";
