/** What every part of the page may ask for. */

import { systemClock } from "@kintsugi/policy/base";
import { type Context, createContext, useContext, useEffect, useState } from "react";

import { LiveClock } from "./live-clock.ts";
import { claimed, clockTime, dateTime, type Zone } from "./words.ts";

export interface PageContext {
  readonly clock: LiveClock;
  readonly zone: Zone;
  /** Since when nothing was heard, by the server's clock; null while the page is live. */
  readonly staleSinceMs: number | null;
}

export const Surroundings: Context<PageContext> = createContext<PageContext>({
  clock: new LiveClock(systemClock),
  zone: "local",
  staleSinceMs: null,
});

/** A value of the server's time, asked for at each beat; the part is drawn only when it changes. */
export function useOfNow<Value extends string | number | boolean>(
  of: (nowMs: number) => Value,
): Value {
  const { clock } = useContext(Surroundings);
  const [, setSeen] = useState<Value>();
  useEffect(() => clock.subscribe(() => setSeen(of(clock.nowMs()))), [clock, of]);
  return of(clock.nowMs());
}

/** Milliseconds after which what comes onto the page is no news any more. */
const FRESH_MS = 2_000;

/** Whether a row came onto the page just after what it tells of: such a row is lit up once. */
export function useFreshness(atMs: number): boolean {
  const { clock } = useContext(Surroundings);
  const [isFresh] = useState(() => clock.nowMs() - atMs < FRESH_MS);
  return isFresh;
}

export interface Times {
  /** `05:34:57`. */
  at(epochMs: number): string;
  /** With the day, for a title. */
  full(epochMs: number): string;
}

export function useTimes(): Times {
  const { zone } = useContext(Surroundings);
  return {
    at: (epochMs) => clockTime(epochMs, zone),
    full: (epochMs) => dateTime(epochMs, zone),
  };
}

/** Says what is so, or since when it is not known: a page that hears nothing claims nothing. */
export function useClaims(): (claim: string) => string {
  const { zone, staleSinceMs } = useContext(Surroundings);
  return (claim) => claimed(claim, staleSinceMs, zone);
}
