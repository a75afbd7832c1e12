/** What of a breaker can be set, and changed while it works. */

import {
  aNumber,
  type Needs,
  numberBetween,
  oneOf,
  optionsIn,
  refused,
  wholeNumber,
} from "../base/index.ts";
import type { CircuitLimits } from "./circuit-state.ts";
import type { WindowLimits } from "./window-state.ts";

/**
 * The limits of a circuit. A window of calls opens it by `failureThreshold`, or by `failureRate` where
 * that is given, and besides by `slowCallRate` where `slowCallMs` is.
 */
export interface CircuitThresholds {
  /**
   * What it remembers of its calls: failures since the last success, the last `windowSize` calls, or the
   * calls of the last `windowMs`. @defaultValue "consecutive"
   */
  readonly window?: "consecutive" | "count" | "time";
  /** Failures that open it: in a row, or in the window where there is no `failureRate`. Whole, from 1. @defaultValue 5 */
  readonly failureThreshold?: number;
  /** Calls in a count window; whole, 1 to 1,000,000. @defaultValue 100 */
  readonly windowSize?: number;
  /** Milliseconds of a time window, forgotten by tenths; whole, from 10. @defaultValue 10_000 */
  readonly windowMs?: number;
  /** Share of failures in the window that opens it; above 0, up to 1. @defaultValue none: they are counted */
  readonly failureRate?: number;
  /** Calls that must be in the window before a rate says something; whole, from 1. @defaultValue 10, or `windowSize` if less */
  readonly minimumCalls?: number;
  /** Milliseconds from which on a call is slow, counted from the start of its attempt; whole, from 1. @defaultValue none is */
  readonly slowCallMs?: number;
  /** Share of slow calls in the window that opens it; above 0, up to 1. @defaultValue 1 */
  readonly slowCallRate?: number;
  /** Trials that must succeed to close it; no more than this many run at once. Whole, from 1. @defaultValue 2 */
  readonly successThreshold?: number;
  /** Milliseconds that an open circuit rejects calls before it admits a trial; whole, from 1. @defaultValue 30_000 */
  readonly timeout?: number;
  /** Factor on `timeout` each time that it opens without having closed between; 1 to 100. @defaultValue 1 */
  readonly openMultiplier?: number;
  /**
   * Milliseconds that it is open at most, also where the failure that opened it asks for more in its
   * `Retry-After`; whole, from `timeout`. @defaultValue 10 * timeout
   */
  readonly maxOpenMs?: number;
  /** Milliseconds after which a trial that has not settled loses its place; whole, from 1. @defaultValue 2 * timeout */
  readonly leaseMs?: number;
  /** What becomes of calls for which a half-open circuit, or a ramp, has no place. @defaultValue "reject" */
  readonly halfOpenCallers?: "reject" | "wait";
  /** How many may wait; whole, 1 to 10,000. @defaultValue 1_000 */
  readonly maxQueue?: number;
  /** Milliseconds that each may wait; whole, from 1. @defaultValue timeout */
  readonly queueTimeoutMs?: number;
  /**
   * Calls that must succeed before a closed circuit admits all; until then as many run at once as have
   * succeeded, trials included. Whole, 0 to 10,000. @defaultValue 0, or `maxQueue` where callers wait
   */
  readonly rampCalls?: number;
  /** Milliseconds from its making in which no failure opens it; whole, from 0. @defaultValue 0 */
  readonly warmUpMs?: number;
  /**
   * Whether it refuses calls. `"metrics-only"` learns and tells of its states, and refuses nothing;
   * `"disabled"` does not even learn. Isolation holds in every mode. @defaultValue "normal"
   */
  readonly mode?: "normal" | "metrics-only" | "disabled";
}

/** With nothing left open. */
export interface BreakerLimits extends CircuitLimits, WindowLimits {
  readonly mode: NonNullable<CircuitThresholds["mode"]>;
  /** 0 where nobody waits. */
  readonly maxQueue: number;
  readonly queueTimeoutMs: number;
}

export const thresholdNeeds: Needs<CircuitThresholds> = {
  window: oneOf(["consecutive", "count", "time"]),
  failureThreshold: aNumber,
  windowSize: aNumber,
  windowMs: aNumber,
  failureRate: aNumber,
  minimumCalls: aNumber,
  slowCallMs: aNumber,
  slowCallRate: aNumber,
  successThreshold: aNumber,
  timeout: aNumber,
  openMultiplier: aNumber,
  maxOpenMs: aNumber,
  leaseMs: aNumber,
  halfOpenCallers: oneOf(["reject", "wait"]),
  maxQueue: aNumber,
  queueTimeoutMs: aNumber,
  rampCalls: aNumber,
  warmUpMs: aNumber,
  mode: oneOf(["normal", "metrics-only", "disabled"]),
};

/** What describes a window, or a queue, goes with it. */
const PARTS = {
  window: ["windowSize", "windowMs", "failureRate", "minimumCalls", "slowCallMs", "slowCallRate"],
  queue: ["maxQueue", "queueTimeoutMs"],
} as const satisfies Readonly<Record<string, readonly (keyof CircuitThresholds)[]>>;

/** Those that mean nothing without another: what each needs, and whether it is there. */
const RELATIONS: readonly (readonly [
  keyof CircuitThresholds,
  string,
  (thresholds: CircuitThresholds) => boolean,
])[] = [
  ["windowSize", 'window: "count"', ({ window }) => window === "count"],
  ["windowMs", 'window: "time"', ({ window }) => window === "time"],
  ["failureRate", 'window: "count" or "time"', hasCalls],
  ["slowCallMs", 'window: "count" or "time"', hasCalls],
  ["slowCallRate", "slowCallMs", ({ slowCallMs }) => slowCallMs !== undefined],
  ["minimumCalls", "failureRate or slowCallMs", hasRate],
  ["maxQueue", 'halfOpenCallers: "wait"', waits],
  ["queueTimeoutMs", 'halfOpenCallers: "wait"', waits],
];

/**
 * @param bornMs When the circuit was made, in monotonic milliseconds.
 * @throws {@link RangeError} naming what is out of its range, or means nothing beside the others.
 */
export function limitsOf(thresholds: CircuitThresholds, bornMs: number): BreakerLimits {
  const warmUpMs = wholeNumber("warmUpMs", thresholds.warmUpMs ?? 0, 0);
  const limits = {
    ...windowLimitsOf(thresholds),
    ...openLimitsOf(thresholds),
    ...halfOpenLimitsOf(thresholds),
    warmUntilMs: warmUpMs > 0 ? bornMs + warmUpMs : -Infinity,
    mode: thresholds.mode ?? "normal",
  };
  for (const [option, need, isMet] of RELATIONS) {
    if (thresholds[option] === undefined || isMet(thresholds)) continue;
    throw new RangeError(`${option} needs ${need}`);
  }
  return shared(limits);
}

/** Those that were made last: of them there is one object, however many circuits have them. */
let latest: BreakerLimits | undefined;

/** Circuits of many hosts or tenants mostly have the limits of their neighbour: it saves each 200 bytes. */
function shared(limits: BreakerLimits): BreakerLimits {
  const names = Object.keys(limits) as (keyof BreakerLimits)[];
  const before = latest;
  if (before && names.every((name) => limits[name] === before[name])) return before;
  latest = limits;
  return limits;
}

/** The thresholds alone, where they come with other options. */
export const thresholdsOf = (options: CircuitThresholds): CircuitThresholds =>
  optionsIn(options, thresholdNeeds);

/** Other thresholds over these. One that names another window leaves what described the old one. */
export function changed(
  thresholds: CircuitThresholds,
  changes: CircuitThresholds,
): CircuitThresholds {
  const named = thresholdsOf(changes);
  const { window, halfOpenCallers } = { ...thresholds, ...named };
  const base = { ...thresholds };
  const isOther = window !== (thresholds.window ?? window);
  if (isOther) for (const name of PARTS.window) delete base[name];
  if (halfOpenCallers === "reject") for (const name of PARTS.queue) delete base[name];
  return { ...base, ...named };
}

type WindowPart = Pick<
  BreakerLimits,
  | "window"
  | "windowSize"
  | "windowMs"
  | "failureThreshold"
  | "failureRate"
  | "minimumCalls"
  | "slowCallMs"
  | "slowCallRate"
>;

function windowLimitsOf(thresholds: CircuitThresholds): WindowPart {
  const { window = "consecutive", failureRate, slowCallMs, slowCallRate = 1 } = thresholds;
  const windowSize = wholeBetween("windowSize", thresholds.windowSize ?? 100, 1, 1_000_000);
  const most = window === "count" ? windowSize : Number.MAX_SAFE_INTEGER;
  return {
    window,
    windowSize,
    windowMs: wholeNumber("windowMs", thresholds.windowMs ?? 10_000, 10),
    failureThreshold: failureThresholdOf(thresholds, window === "count" ? windowSize : undefined),
    failureRate: failureRate === undefined ? undefined : rate("failureRate", failureRate),
    minimumCalls: wholeBetween(
      "minimumCalls",
      thresholds.minimumCalls ?? Math.min(10, most),
      1,
      most,
    ),
    slowCallMs: slowCallMs === undefined ? Infinity : wholeNumber("slowCallMs", slowCallMs, 1),
    slowCallRate: rate("slowCallRate", slowCallRate),
  };
}

/** More failures than the window holds would never open it. */
function failureThresholdOf(
  { failureThreshold = 5, failureRate }: CircuitThresholds,
  windowSize: number | undefined,
): number {
  const value = wholeNumber("failureThreshold", failureThreshold, 1);
  if (failureRate !== undefined || windowSize === undefined || value <= windowSize) return value;
  throw new RangeError(`failureThreshold must be at most windowSize, ${windowSize}, got ${value}`);
}

function openLimitsOf({
  timeout = 30_000,
  openMultiplier = 1,
  maxOpenMs,
  leaseMs,
}: CircuitThresholds): Pick<
  BreakerLimits,
  "timeoutMs" | "openMultiplier" | "maxOpenMs" | "leaseMs"
> {
  const timeoutMs = wholeNumber("timeout", timeout, 1);
  return {
    timeoutMs,
    openMultiplier: numberBetween("openMultiplier", openMultiplier, 1, 100),
    maxOpenMs: wholeNumber("maxOpenMs", maxOpenMs ?? 10 * timeoutMs, timeoutMs),
    leaseMs: wholeNumber("leaseMs", leaseMs ?? 2 * timeoutMs, 1),
  };
}

function halfOpenLimitsOf(
  thresholds: CircuitThresholds,
): Pick<BreakerLimits, "successThreshold" | "maxQueue" | "queueTimeoutMs" | "rampCalls"> {
  const isWaiting = waits(thresholds);
  const { timeout = 30_000, maxQueue = 1_000, queueTimeoutMs = timeout } = thresholds;
  const { successThreshold = 2, rampCalls = isWaiting ? maxQueue : 0 } = thresholds;
  const most = 10_000;
  const places = wholeBetween("maxQueue", maxQueue, 1, most);
  return {
    successThreshold: wholeNumber("successThreshold", successThreshold, 1),
    maxQueue: isWaiting ? places : 0,
    queueTimeoutMs: wholeNumber("queueTimeoutMs", queueTimeoutMs, 1),
    rampCalls: wholeBetween("rampCalls", rampCalls, 0, most),
  };
}

function hasCalls({ window }: CircuitThresholds): boolean {
  return window === "count" || window === "time";
}

function hasRate({ failureRate, slowCallMs }: CircuitThresholds): boolean {
  return failureRate !== undefined || slowCallMs !== undefined;
}

function waits({ halfOpenCallers }: CircuitThresholds): boolean {
  return halfOpenCallers === "wait";
}

function rate(option: string, value: number): number {
  if (typeof value === "number" && value > 0 && value <= 1) return value;
  throw refused(option, "a number above 0, up to 1", value);
}

function wholeBetween(option: string, value: number, min: number, max: number): number {
  return numberBetween(option, wholeNumber(option, value, min), min, max);
}
