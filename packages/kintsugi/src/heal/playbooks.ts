/**
 * Playbooks: what to do about an incident, and how to know that it helped. Each is compiled into a
 * workflow, so that a crash in the middle of healing resumes where it was and does nothing twice.
 */

import { type Clock, numberBetween, sleep, toError, wholeNumber } from "@kintsugi/policy/base";
import type { Components } from "../supervise/index.ts";
import { defineWorkflow, type Workflow, type WorkflowContext } from "../workflow/index.ts";
import { shortText, spanText } from "./words.ts";

/** `restart`: down, by force if it does not answer, and up again. `collect-evidence`: looks only. */
export type PlaybookAction = "restart" | "collect-evidence";

export interface PlaybookStep {
  readonly action: PlaybookAction;
  /**
   * `health`: the component must be healthy and the trigger's clear condition must hold. The playbook
   * ends with the first step whose verification says so. @defaultValue nothing is verified
   */
  readonly verify?: "health";
  /** Time for the action, and as much again for its verification. */
  readonly timeoutMs: number;
}

export interface Playbook {
  readonly name: string;
  /** Tried in order, the gentlest first. */
  readonly steps: readonly PlaybookStep[];
  /** What it costs those who use the program: 0 nothing, 10 all. */
  readonly disruption: number;
}

/** What a run of a playbook is told. */
export interface HealingOrder {
  readonly incident: string;
  readonly component: string;
}

/** How a playbook ended; `cured` is null where nothing was to be verified. */
export interface HealingOutcome {
  readonly cured: boolean | null;
  /** In words: what helped, or why nothing did. */
  readonly detail: string;
}

/** What a playbook may ask of the healer. */
export interface PlaybookPort {
  readonly clock: Clock;
  readonly components: Components;
  /** The action is done, and health is awaited. */
  verifying(order: HealingOrder): Promise<void>;
  /** Whether the component is healthy, and what the incident was opened for is over. */
  isWell(order: HealingOrder): boolean;
}

/** Begins the name of each workflow that was a playbook. */
export const PLAYBOOK_PREFIX = "heal.";

const MAX_STEPS = 20;
const MAX_DISRUPTION = 10;

/** How often verification looks. Health is told from beats, and they come every second or so. */
const LOOK_EVERY_MS = 100;

/** Evidence is kept in the journal of the run; more than this says no more. */
const MAX_EVIDENCE_CHARACTERS = 16_384;

/**
 * @example
 * const calm = definePlaybook({
 *   name: "look_then_restart",
 *   steps: [
 *     { action: "collect-evidence", timeoutMs: 5_000 },
 *     { action: "restart", verify: "health", timeoutMs: 15_000 },
 *   ],
 *   disruption: 2,
 * });
 *
 * @throws {@link RangeError} when it has no name or no steps, or a number makes no sense.
 */
export function definePlaybook(playbook: Playbook): Playbook {
  const { name, steps, disruption } = playbook;
  if (name === "") throw new RangeError("A playbook needs a name, got an empty text");
  const place = `of the playbook ${name}`;
  numberBetween(`number of steps ${place}`, steps.length, 1, MAX_STEPS);
  numberBetween(`disruption ${place}`, disruption, 0, MAX_DISRUPTION);
  for (const { timeoutMs } of steps) wholeNumber(`timeoutMs ${place}`, timeoutMs, 1);
  return Object.freeze({ ...playbook });
}

/** By its own limits, in milliseconds: each step has its time twice, to act and to verify. */
export const longestMs = (playbook: Playbook | undefined): number =>
  playbook?.steps.reduce((sum, { timeoutMs }) => sum + 2 * timeoutMs, 0) ?? 0;

/** The workflow of a playbook; its steps are named by their place, so that a replay finds them. */
export function compilePlaybook(
  playbook: Playbook,
  port: PlaybookPort,
): Workflow<HealingOrder, HealingOutcome> {
  return defineWorkflow(
    `${PLAYBOOK_PREFIX}${playbook.name}`,
    async (ctx: WorkflowContext, order: HealingOrder): Promise<HealingOutcome> => {
      const failures: string[] = [];
      const done: string[] = [];
      for (const [index, step] of playbook.steps.entries()) {
        const outcome = await doStep(ctx, port, order, step, index + 1);
        if (outcome.cured) return outcome;
        (outcome.cured === null ? done : failures).push(outcome.detail);
      }
      return failures.length > 0
        ? { cured: false, detail: shortText(failures.join("; ")) }
        : { cured: null, detail: shortText(done.join("; ")) };
    },
  );
}

async function doStep(
  ctx: WorkflowContext,
  port: PlaybookPort,
  order: HealingOrder,
  step: PlaybookStep,
  place: number,
): Promise<HealingOutcome> {
  const { action, verify, timeoutMs } = step;
  const named = (part: string): string => `${place} ${action} ${part}`;
  const lifeBefore = await ctx.step(named("look"), () => lifeOf(port, order));
  let done: string;
  try {
    const act = (signal: AbortSignal): Promise<string> =>
      action === "restart"
        ? restart(port, order, lifeBefore, signal)
        : collectEvidence(port, order);
    done = await ctx.step(named("act"), ({ signal }) => act(signal), { timeout: timeoutMs });
  } catch (error) {
    if (ctx.signal.aborted) throw error;
    return { cured: false, detail: `${action} failed: ${toError(error).message}` };
  }
  if (verify === undefined) return { cured: null, detail: done };
  const spentMs = await ctx.step(named("verify"), ({ signal }) =>
    untilWell(port, order, timeoutMs, signal),
  );
  return spentMs === null
    ? { cured: false, detail: `${action} did not help within ${spanText(timeoutMs)}` }
    : { cured: true, detail: `${done}, well again after ${spanText(spentMs)}` };
}

/** Which life of the component there is; 0 for what is no component of ours. */
const lifeOf = ({ components }: PlaybookPort, { component }: HealingOrder): number =>
  components.get(component)?.incarnation ?? 0;

/** A restart that a crash of the runtime cut short may have happened: another life is proof of it. */
async function restart(
  { components }: PlaybookPort,
  order: HealingOrder,
  lifeBefore: number,
  signal: AbortSignal,
): Promise<string> {
  const view = components.get(order.component);
  const isAnotherLife = view !== undefined && view.incarnation > lifeBefore;
  if (isAnotherLife && (view.phase === "running" || view.phase === "starting")) {
    return "it had been restarted already";
  }
  await components.restart(order.component, `incident ${order.incident}`, signal);
  return "restarted";
}

async function collectEvidence(
  { components }: PlaybookPort,
  { component }: HealingOrder,
): Promise<string> {
  // Calls may have a name that no component has: then the state of all is what there is to see.
  const evidence = components.get(component)
    ? await components.evidence(component)
    : { components: components.list().map(({ name, phase, health }) => ({ name, phase, health })) };
  return `collected ${shortText(JSON.stringify(evidence), MAX_EVIDENCE_CHARACTERS)}`;
}

/** Milliseconds that it took; null when the time was up. */
async function untilWell(
  port: PlaybookPort,
  order: HealingOrder,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<number | null> {
  await port.verifying(order);
  const startMs = port.clock.monotonicMs();
  for (;;) {
    const spentMs = port.clock.monotonicMs() - startMs;
    if (port.isWell(order)) return spentMs;
    if (spentMs >= timeoutMs) return null;
    await sleep(port.clock, LOOK_EVERY_MS, signal);
  }
}
