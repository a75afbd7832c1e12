/** What a sample or a count of calls says to a trigger. */

import type { ComponentSample } from "../supervise/index.ts";
import type { CallCounts } from "./call-window.ts";
import type { Reading } from "./trigger-state.ts";
import type { TriggerSpec } from "./types.ts";
import { sizeText, spanText } from "./words.ts";

type HeartbeatSpec = Extract<TriggerSpec, { type: "heartbeat-failure" }>;
type ResourceSpec = Extract<TriggerSpec, { type: "resource-spike" }>;
export type BurstSpec = Extract<TriggerSpec, { type: "error-burst" }>;

export interface Judgement {
  readonly reading: Reading;
  /** What was seen, as a sentence; shown when the trigger fires. */
  readonly summary: string;
}

/** Milliseconds of silence that count as a lost heartbeat. */
const DEFAULT_SILENT_MS = 5_000;
/** A start that gives no sign of life for so long has failed; the supervisor itself only waits. */
const LONGEST_START_MS = 30_000;
/** A limit of memory is over only when a tenth of it is free again, so that it does not flap. */
const CLEAR_SHARE = 0.9;
const DEFAULT_FAILED_CALLS = 50;
const DEFAULT_FAILED_SHARE = 0.5;
export const DEFAULT_WINDOW_MS = 10_000;

const nothingKnown: Judgement = { reading: "unknown", summary: "nothing is known" };

/**
 * A component that is starting, stopping or down tells nothing about how it fares when it runs; but one
 * that has been starting for long without a sign of life is as lost as one that fell silent.
 */
export function judgeSample(
  spec: HeartbeatSpec | ResourceSpec,
  sample: ComponentSample,
): Judgement {
  const isLost = sample.phase === "starting" && (sample.silentMs ?? 0) >= LONGEST_START_MS;
  const isKnown = sample.phase === "running" || (isLost && spec.type === "heartbeat-failure");
  if (!isKnown) return nothingKnown;
  return spec.type === "heartbeat-failure" ? judgeSilence(spec, sample) : judgeMemory(spec, sample);
}

/** An empty window is a missing reading: who makes no calls cannot tell that they work again. */
export function judgeCalls(
  spec: BurstSpec,
  name: string,
  { calls, failed }: CallCounts,
): Judgement {
  if (calls === 0) return nothingKnown;
  const above = spec.above ?? DEFAULT_FAILED_CALLS;
  const clear = spec.clear ?? above / 5;
  const share = failed / calls;
  const spent = spanText(spec.windowMs ?? DEFAULT_WINDOW_MS);
  const summary = `${failed} of ${calls} calls to ${name} failed within ${spent}`;
  if (failed >= above && share >= (spec.ratio ?? DEFAULT_FAILED_SHARE)) {
    return { reading: "holds", summary };
  }
  return { reading: failed <= clear ? "clears" : "between", summary };
}

function judgeSilence(spec: HeartbeatSpec, { component, silentMs }: ComponentSample): Judgement {
  if (silentMs === null) return nothingKnown;
  const summary = `No heartbeat from ${component} for ${spanText(silentMs)}`;
  return { reading: silentMs >= (spec.aboveMs ?? DEFAULT_SILENT_MS) ? "holds" : "clears", summary };
}

function judgeMemory(spec: ResourceSpec, sample: ComponentSample): Judgement {
  const { component, rssBytes, memoryLimitBytes } = sample;
  const bytes = (absolute: number | undefined, ratio: number | undefined): number | undefined => {
    if (absolute !== undefined || ratio === undefined) return absolute;
    return memoryLimitBytes === null ? undefined : memoryLimitBytes * ratio;
  };
  const ratio = spec.aboveRatio ?? (spec.aboveBytes === undefined ? 1 : undefined);
  const above = bytes(spec.aboveBytes, ratio);
  if (rssBytes === null || above === undefined) return nothingKnown;
  const clear = bytes(spec.clearBytes, spec.clearRatio) ?? above * CLEAR_SHARE;
  const summary = `${component} uses ${sizeText(rssBytes)} of memory, more than ${sizeText(above)}`;
  if (rssBytes > above) return { reading: "holds", summary };
  return { reading: rssBytes <= clear ? "clears" : "between", summary };
}
