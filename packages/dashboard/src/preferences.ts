/** How this person likes to see the page; kept by the browser where it lets us. */

import { useState } from "react";

import { originShelf } from "./browser.ts";
import type { Zone } from "./words.ts";

export type Theme = "auto" | "dark" | "light";
export type Density = "comfortable" | "compact";

export interface Preferences {
  readonly theme: Theme;
  readonly density: Density;
  readonly zone: Zone;
}

const KEY = "kintsugi.preferences";

/** The values of each, in the order in which a key goes through them; the first is the default. */
const choices = {
  theme: ["auto", "dark", "light"],
  density: ["comfortable", "compact"],
  zone: ["local", "utc"],
} as const;

export function usePreferences(): [Preferences, (which: keyof Preferences) => void] {
  const [preferences, setPreferences] = useState(kept);
  const next = (which: keyof Preferences): void => {
    setPreferences((now) => {
      const chosen = { ...now, [which]: after(choices[which], now[which]) };
      originShelf.set(KEY, JSON.stringify(chosen));
      return chosen;
    });
  };
  return [preferences, next];
}

function kept(): Preferences {
  const stored = parsed(originShelf.get(KEY));
  const choice = <Which extends keyof Preferences>(which: Which): Preferences[Which] => {
    const all: readonly unknown[] = choices[which];
    const found = all.includes(stored[which]) ? stored[which] : all[0];
    return found as Preferences[Which];
  };
  return { theme: choice("theme"), density: choice("density"), zone: choice("zone") };
}

function parsed(text: string | null): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? "{}");
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {}; // Somebody else wrote it.
  }
}

const after = (all: readonly string[], now: string): string =>
  all[(all.indexOf(now) + 1) % all.length] ?? now;
