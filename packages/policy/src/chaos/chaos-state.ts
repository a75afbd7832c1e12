/**
 * What is done to a call on purpose, drawn from chance.
 *
 *     call ── latency? ──▶ one of: error, result, abort ── else ──▶ the call itself
 *
 * Five numbers are drawn for each call, used or not, so that a rate that is changed does not change what
 * happens to the calls after it.
 */

import type { Random } from "../base/index.ts";

export interface ChaosRates {
  readonly latencyRate: number;
  readonly latencyMinMs: number;
  readonly latencyMaxMs: number;
  readonly errorRate: number;
  readonly resultRate: number;
  readonly abortRate: number;
}

export interface ChaosPlan {
  /** Milliseconds before anything else; undefined for no wait. */
  readonly latencyMs: number | undefined;
  readonly end: "call" | "error" | "result" | "abort";
}

export function draw(rates: ChaosRates, random: Random): ChaosPlan {
  const isSlow = random.next() < rates.latencyRate;
  const share = random.next();
  const isError = random.next() < rates.errorRate;
  const isResult = random.next() < rates.resultRate;
  const isAbort = random.next() < rates.abortRate;
  const spanMs = rates.latencyMaxMs - rates.latencyMinMs;
  return {
    latencyMs: isSlow ? rates.latencyMinMs + share * spanMs : undefined,
    end: endOf(isError, isResult, isAbort),
  };
}

function endOf(isError: boolean, isResult: boolean, isAbort: boolean): ChaosPlan["end"] {
  if (isError) return "error";
  if (isResult) return "result";
  return isAbort ? "abort" : "call";
}
