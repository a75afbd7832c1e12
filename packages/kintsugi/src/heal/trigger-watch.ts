/** Holds every trigger against what is measured, and tells once when one fires and once when it is over. */

import { type Clock, numberBetween, wholeNumber } from "@kintsugi/policy/base";
import type { ComponentSample } from "../supervise/index.ts";
import { CallWindow } from "./call-window.ts";
import {
  type BurstSpec,
  DEFAULT_WINDOW_MS,
  type Judgement,
  judgeCalls,
  judgeSample,
} from "./readings.ts";
import {
  afterReading,
  idle,
  isAlerting,
  type Reading,
  type TriggerLimits,
  type TriggerState,
} from "./trigger-state.ts";
import type { TriggerSpec } from "./types.ts";

interface TriggerWatchOptions {
  readonly triggers: readonly TriggerSpec[];
  readonly clock: Clock;
  readonly onFired: (alert: Alert) => void;
  readonly onCleared: (alert: Alert) => void;
}

export interface Alert {
  readonly trigger: TriggerSpec;
  /** The component, or the name of the calls. */
  readonly component: string;
  /** What was seen. */
  readonly summary: string;
}

/** How a trigger stands for one component; `unknown` when no reading says so. */
export type Standing = "firing" | "clear" | "unknown";

interface Watched {
  readonly trigger: TriggerSpec;
  readonly limits: TriggerLimits;
  readonly component: string;
  readonly window: CallWindow | null;
  state: TriggerState;
  reading: Reading;
}

/** Names of calls and of components that are watched; more than these are a mistake of the caller. */
const MAX_WATCHED = 10_000;

const DEFAULT_COOLDOWN_MS = 10_000;

export class TriggerWatch {
  readonly #triggers: readonly TriggerSpec[];
  readonly #clock: Clock;
  readonly #onFired: (alert: Alert) => void;
  readonly #onCleared: (alert: Alert) => void;
  readonly #watched = new Map<string, Watched>();

  /** @throws {@link RangeError} when a number of a trigger makes no sense, or two have one name. */
  constructor(options: TriggerWatchOptions) {
    this.#triggers = checkTriggers(options.triggers);
    this.#clock = options.clock;
    this.#onFired = options.onFired;
    this.#onCleared = options.onCleared;
  }

  sample(sample: ComponentSample): void {
    for (const trigger of this.#triggers) {
      if (trigger.type === "error-burst" || !fits(trigger, sample)) continue;
      this.#take(this.#watch(trigger, sample.component), judgeSample(trigger, sample));
    }
  }

  /** @param atMs - epoch milliseconds of the call's end */
  call(name: string, failed: boolean, atMs: number): void {
    for (const trigger of this.#triggers) {
      if (trigger.type !== "error-burst" || (trigger.component ?? name) !== name) continue;
      const watched = this.#watch(trigger, name);
      watched?.window?.record(failed, atMs);
      this.#readCalls(watched, trigger);
    }
  }

  /** Lets the windows of calls slide on while no call comes. */
  tick(): void {
    for (const watched of this.#watched.values()) {
      if (watched.trigger.type === "error-burst") this.#readCalls(watched, watched.trigger);
    }
  }

  /** Whether the latest reading shows the clear condition, and no alert stands. */
  standing(trigger: string, component: string): Standing {
    const watched = this.#watched.get(keyOf(trigger, component));
    if (!watched || watched.reading === "unknown") return "unknown";
    return watched.reading === "clears" && !isAlerting(watched.state) ? "clear" : "firing";
  }

  /** Whether there is a trigger of that name; an incident may be older than the configuration. */
  has(trigger: string): boolean {
    return this.#triggers.some(({ name }) => name === trigger);
  }

  #readCalls(watched: Watched | undefined, trigger: BurstSpec): void {
    if (!watched?.window) return;
    const counts = watched.window.counts(this.#clock.epochMs());
    this.#take(watched, judgeCalls(trigger, watched.component, counts));
  }

  #watch(trigger: TriggerSpec, component: string): Watched | undefined {
    const key = keyOf(trigger.name, component);
    const known = this.#watched.get(key);
    if (known || this.#watched.size >= MAX_WATCHED) return known;
    const watched: Watched = {
      trigger,
      limits: {
        forMs: trigger.forMs ?? 0,
        keepForMs: trigger.keepForMs ?? 0,
        cooldownMs: trigger.cooldownMs ?? DEFAULT_COOLDOWN_MS,
      },
      component,
      window:
        trigger.type === "error-burst"
          ? new CallWindow(trigger.windowMs ?? DEFAULT_WINDOW_MS)
          : null,
      state: idle,
      reading: "unknown",
    };
    this.#watched.set(key, watched);
    return watched;
  }

  #take(watched: Watched | undefined, { reading, summary }: Judgement): void {
    if (!watched) return;
    const { trigger, limits, component, state: before } = watched;
    watched.state = afterReading(before, limits, reading, this.#clock.monotonicMs());
    watched.reading = reading;
    if (isAlerting(watched.state) === isAlerting(before)) return;
    const tell = isAlerting(before) ? this.#onCleared : this.#onFired;
    tell({ trigger, component, summary });
  }
}

const keyOf = (trigger: string, component: string): string => `${trigger}\n${component}`;

const fits = (trigger: TriggerSpec, { component, kind }: ComponentSample): boolean =>
  (trigger.component ?? component) === component && (trigger.componentKind ?? kind) === kind;

function checkTriggers(triggers: readonly TriggerSpec[]): readonly TriggerSpec[] {
  const names = new Set<string>();
  for (const trigger of triggers) {
    if (names.has(trigger.name)) throw new RangeError(`Two triggers are named ${trigger.name}`);
    names.add(trigger.name);
    checkNumbers(trigger);
  }
  return triggers;
}

function checkNumbers(trigger: TriggerSpec): void {
  const option = (name: string): string => `${name} of the trigger ${trigger.name}`;
  const whole = (name: string, value: number | undefined, min: number): void => {
    if (value !== undefined) wholeNumber(option(name), value, min);
  };
  const share = (name: string, value: number | undefined): void => {
    if (value !== undefined) numberBetween(option(name), value, 0, 1);
  };
  whole("forMs", trigger.forMs, 0);
  whole("keepForMs", trigger.keepForMs, 0);
  whole("cooldownMs", trigger.cooldownMs, 0);
  switch (trigger.type) {
    case "heartbeat-failure":
      whole("aboveMs", trigger.aboveMs, 1);
      break;
    case "resource-spike":
      whole("aboveBytes", trigger.aboveBytes, 1);
      whole("clearBytes", trigger.clearBytes, 0);
      share("aboveRatio", trigger.aboveRatio);
      share("clearRatio", trigger.clearRatio);
      break;
    case "error-burst":
      whole("above", trigger.above, 1);
      whole("clear", trigger.clear, 0);
      whole("windowMs", trigger.windowMs, 1);
      share("ratio", trigger.ratio);
      break;
  }
}
