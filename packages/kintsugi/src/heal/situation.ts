/** How things are around an incident: read off the components and the triggers whenever it is asked. */

import type { Clock } from "@kintsugi/policy/base";
import type { Components, ComponentView } from "../supervise/index.ts";
import { type GuardedAction, HOUR_MS, isStorm } from "./guard.ts";
import { type Incident, isUnderPlaybook } from "./incident-state.ts";
import type { ReviewSituation } from "./review.ts";
import type { Standing, TriggerWatch } from "./trigger-watch.ts";

interface SurroundingsOptions {
  readonly clock: Clock;
  readonly components: Components;
  readonly watch: TriggerWatch;
  /** The incidents that are not over. */
  readonly open: () => readonly Incident[];
}

/** What the incidents of the runtime's own death are opened for: it is no component of its own. */
export const RUNTIME = "runtime";

/** A component that has been up for less than this may be in the middle of its next crash. */
const SETTLED_AFTER_MS = 1_000;

export class Surroundings {
  readonly #options: SurroundingsOptions;
  #actions: GuardedAction[] = [];
  #stormAtMs: number | null = null;
  #isRuntimeReady = false;

  constructor(options: SurroundingsOptions) {
    this.#options = options;
  }

  runtimeIsReady(): void {
    this.#isRuntimeReady = true;
  }

  /** Notes the start of a playbook, for cooldowns and rates. */
  noteAction(action: GuardedAction): void {
    const nowMs = this.#options.clock.epochMs();
    const recent = this.#actions.filter(({ atMs }) => Math.abs(nowMs - atMs) < HOUR_MS);
    this.#actions = [...recent, action];
  }

  of(incident: Incident): ReviewSituation {
    const { clock, components, open } = this.#options;
    const { component, playbook } = incident;
    const underRepair = open().filter(isUnderPlaybook);
    const all = components.list().filter(({ phase }) => phase !== "stopped");
    const unhealthy = all.filter(
      (view) => isUnwell(view) || underRepair.some((other) => other.component === view.name),
    );
    if (isStorm(unhealthy.length, all.length)) this.#stormAtMs = clock.epochMs();
    const other = underRepair.find((row) => row.component === component && row.id !== incident.id);
    const view = components.get(component);
    const phase = view?.phase ?? null;
    const standing = this.#standingOf(incident);
    return {
      component,
      playbook: playbook ?? "no playbook",
      phase,
      // No trigger fires for a component that is starting, but the one for a start that is too long.
      isStuck: phase === "starting" && incident.trigger !== null && standing === "firing",
      standing,
      isWell: this.isWell(incident),
      upSinceMs: view?.startedAtMs ?? null,
      unhealthy: unhealthy.map(({ name }) => name),
      components: all.length,
      stormAtMs: this.#stormAtMs,
      actions: this.#actions,
      leasedBy: other?.class ?? null,
    };
  }

  /** The component is healthy, and what the incident was opened for is over. */
  isWell(incident: Incident): boolean {
    const { components, watch } = this.#options;
    const { component, trigger } = incident;
    if (component === RUNTIME) return this.#isRuntimeReady;
    const view = components.get(component);
    const isQuiet =
      trigger === null || !watch.has(trigger) || watch.standing(trigger, component) === "clear";
    // An incident of calls has no component: what the trigger says is all there is.
    return isQuiet && (view ? this.#isUpAndWell(view) : trigger !== null);
  }

  #isUpAndWell({ phase, health, startedAtMs }: ComponentView): boolean {
    if (phase !== "running" || health.kind !== "healthy") return false;
    if (startedAtMs === null) return true;
    const upMs = this.#options.clock.epochMs() - startedAtMs;
    return upMs < 0 || upMs >= SETTLED_AFTER_MS; // Below 0 when the wall clock was set back.
  }

  #standingOf(incident: Incident): Standing {
    const { watch } = this.#options;
    const { component, trigger } = incident;
    if (trigger !== null && watch.has(trigger)) return watch.standing(trigger, component);
    return this.isWell(incident) ? "clear" : "firing";
  }
}

const isUnwell = ({ phase, health }: ComponentView): boolean =>
  phase === "backing-off" ||
  phase === "crash-looping" ||
  phase === "gave-up" ||
  health.kind === "critical" ||
  health.kind === "failed";
