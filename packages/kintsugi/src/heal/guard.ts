/**
 * The guard rails: everything that may forbid a playbook, looked at in one order before any action.
 *
 * Healing has to be on, and not a dry run; no storm; the component has had its rest; there is budget
 * for the hour; nobody else acts on the component; and what the playbook is for is still true. What
 * forbids it for good ends the incident as suppressed; what will pass holds it, and it is judged again.
 * Either says why, in a sentence for the person who asks why nothing was done.
 */

import type { ComponentPhase } from "../supervise/index.ts";
import type { Standing } from "./trigger-watch.ts";
import { countText, spanText } from "./words.ts";

export interface GuardLimits {
  readonly enabled: boolean;
  readonly dryRun: boolean;
  readonly cooldownMs: number;
  readonly actionsPerHour: number;
  readonly actionsPerTargetPerHour: number;
}

/** What is known at the moment of the incident's component, and of all others. */
export interface GuardSituation {
  readonly component: string;
  readonly playbook: string;
  /** Null where no component has that name: the incident is one of calls. */
  readonly phase: ComponentPhase | null;
  /** It is starting and gives no sign of life: nobody acts on it, the supervisor only waits. */
  readonly isStuck: boolean;
  /** `clear` means that there is nothing left to heal. */
  readonly standing: Standing;
  /** Names of the components that are not well, those under repair included. */
  readonly unhealthy: readonly string[];
  readonly components: number;
  /** When a storm was last seen; null when never. */
  readonly stormAtMs: number | null;
  /** Playbooks that were started in the last hour. */
  readonly actions: readonly GuardedAction[];
  /** Class of another incident of the component whose playbook is at work. */
  readonly leasedBy: string | null;
}

export interface GuardedAction {
  readonly component: string;
  readonly atMs: number;
}

type Verdict = Readonly<
  | { kind: "go" }
  /** It will pass: judge again. */
  | { kind: "hold"; why: string }
  /** It will not. `alert` where a person should hear of it. */
  | { kind: "refuse"; why: string; alert: boolean }
>;

export const HOUR_MS = 3_600_000;

/** When half of at least three components are not well, the trouble is not in each of them. */
const STORM_COMPONENTS = 3;
const STORM_SHARE = 0.5;
/** A storm counts as over when none was seen for so long: healing does not start up in its eye. */
const STORM_CALM_MS = 10_000;

export const isStorm = (unhealthy: number, components: number): boolean =>
  components >= STORM_COMPONENTS && unhealthy / components >= STORM_SHARE;

/** @param nowMs - epoch milliseconds */
export function judge(situation: GuardSituation, limits: GuardLimits, nowMs: number): Verdict {
  return (
    judgeSwitches(situation, limits) ??
    judgeStorm(situation, nowMs) ??
    judgeCooldown(situation, limits, nowMs) ??
    judgeRates(situation, limits, nowMs) ??
    judgeLease(situation) ??
    judgeNeed(situation) ?? { kind: "go" }
  );
}

function judgeSwitches(situation: GuardSituation, limits: GuardLimits): Verdict | undefined {
  const { component, playbook } = situation;
  if (!limits.enabled) return refuse("Healing is switched off in the configuration");
  if (limits.dryRun) return refuse(`Dry run: ${playbook} would have been started on ${component}`);
  return undefined;
}

function judgeStorm(situation: GuardSituation, nowMs: number): Verdict | undefined {
  const { unhealthy, components, stormAtMs } = situation;
  if (isStorm(unhealthy.length, components)) {
    return hold(
      `Storm: ${unhealthy.length} of ${components} components are not well (${unhealthy.join(", ")}), ` +
        "so the cause is likely one for all, and no playbook is started",
    );
  }
  const isRecent = stormAtMs !== null && Math.abs(nowMs - stormAtMs) < STORM_CALM_MS;
  return isRecent
    ? hold(`A storm is just over; healing waits until it was calm for ${spanText(STORM_CALM_MS)}`)
    : undefined;
}

function judgeCooldown(
  { component, actions }: GuardSituation,
  { cooldownMs }: GuardLimits,
  nowMs: number,
): Verdict | undefined {
  const isResting = actions.some(
    (action) => action.component === component && Math.abs(nowMs - action.atMs) < cooldownMs,
  );
  return isResting
    ? hold(`${component} was acted on less than ${spanText(cooldownMs)} ago, and has its cooldown`)
    : undefined;
}

function judgeRates(
  { component, actions }: GuardSituation,
  limits: GuardLimits,
  nowMs: number,
): Verdict | undefined {
  const recent = actions.filter(({ atMs }) => Math.abs(nowMs - atMs) < HOUR_MS);
  const { actionsPerHour, actionsPerTargetPerHour } = limits;
  if (recent.length >= actionsPerHour) {
    const done = countText(recent.length, "playbook");
    return refuse(`${done} in the last hour: actionsPerHour is ${actionsPerHour}`, true);
  }
  const own = recent.filter((action) => action.component === component).length;
  if (own < actionsPerTargetPerHour) return undefined;
  return refuse(
    `${countText(own, "playbook")} on ${component} in the last hour: ` +
      `actionsPerTargetPerHour is ${actionsPerTargetPerHour}`,
    true,
  );
}

function judgeLease({ component, phase, isStuck, leasedBy }: GuardSituation): Verdict | undefined {
  if (leasedBy !== null) {
    return hold(`Another incident of ${component} (${leasedBy}) is being healed: one at a time`);
  }
  if (isStuck) return undefined;
  switch (phase) {
    case "starting":
    case "stopping":
    case "backing-off":
      return hold(`The supervisor is restarting ${component}: one at a time`);
    case "stopped":
      return hold(`${component} is stopped`);
    case "running":
    case "crash-looping":
    case "gave-up":
    case null:
      return undefined;
  }
}

function judgeNeed({ component, standing }: GuardSituation): Verdict | undefined {
  switch (standing) {
    case "firing":
      return undefined;
    case "clear":
      return refuse(`It was over before anything was done: ${component} is well again`);
    case "unknown":
      return hold(`Nothing is known of ${component} at the moment`);
  }
}

const hold = (why: string): Verdict => ({ kind: "hold", why });

const refuse = (why: string, alert = false): Verdict => ({ kind: "refuse", why, alert });
