/** The switch that takes all policies away: for who has to know whether it is they that do harm. */

/** Plain, for two copies of the package may hold the same one. */
export interface Switch {
  isOn: boolean;
  /** Grows with every change. */
  turns: number;
}

/** The words that switch off, in any case. */
const OFF = new Set(["false", "0", "off", "no"]);

/**
 * As `RESILIENCE_ENABLED` says; on where there is no environment, as in a browser. Nothing else of this
 * package reads the environment.
 */
export function readSwitch(): Switch {
  const { process: platform } = globalThis as {
    readonly process?: { readonly env?: Readonly<Record<string, string | undefined>> };
  };
  const word = platform?.env?.["RESILIENCE_ENABLED"] ?? "";
  return { isOn: !OFF.has(word.trim().toLowerCase()), turns: 0 };
}

export function turn(own: Switch, isOn: boolean): void {
  if (own.isOn === isOn) return;
  own.isOn = isOn;
  own.turns += 1;
}
