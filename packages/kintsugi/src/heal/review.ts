/** What an open incident needs next, seen from how things are now and not from how they came to be so. */

import { type GuardLimits, type GuardSituation, judge } from "./guard.ts";
import { type Incident, type IncidentInput, isUnderPlaybook } from "./incident-state.ts";
import { countText, spanText } from "./words.ts";

export interface ReviewLimits extends GuardLimits {
  /** Time for health to return after a restart by the supervisor's or the watchdog's own rule. */
  readonly verifyTimeoutMs: number;
  /** Time that an incident may be held, or go on after diagnostics, before a person is called. */
  readonly patienceMs: number;
  /** Playbooks for one incident. */
  readonly attempts: number;
}

export interface ReviewSituation extends GuardSituation {
  /** The component is healthy, and what the incident was opened for is over. */
  readonly isWell: boolean;
  /** Start of its present life; epoch milliseconds, null while there is none. */
  readonly upSinceMs: number | null;
}

interface Next {
  readonly input: IncidentInput;
  /** A person is to be told. */
  readonly alert: boolean;
}

/** A reason to wait that is over sooner is not worth a fact. */
const HOLD_SHOWN_AFTER_MS = 1_000;

/** Null when there is nothing to do but wait. @param nowMs - epoch milliseconds */
export function nextOf(
  incident: Incident,
  situation: ReviewSituation,
  limits: ReviewLimits,
  nowMs: number,
): Next | null {
  if (isUnderPlaybook(incident)) return null; // Its run decides, and has a deadline.
  switch (incident.status) {
    case "opened":
      return nextOfOpened(incident, situation, limits, nowMs);
    case "verifying":
      return nextOfVerifying(incident, situation, limits, nowMs);
    case "healing":
    case "resolved":
    case "escalated":
    case "suppressed":
      return null;
  }
}

/** Whether so much time has passed since then; also when the wall clock was set back meanwhile. */
const isOver = (sinceMs: number, spanMs: number, nowMs: number): boolean =>
  Math.abs(nowMs - sinceMs) >= spanMs;

function nextOfOpened(
  incident: Incident,
  situation: ReviewSituation,
  limits: ReviewLimits,
  nowMs: number,
): Next | null {
  const { attempts, statusAtMs, actions, playbook } = incident;
  const wasActedOn = actions.length > 0;
  if (wasActedOn && situation.isWell) return resolve("well again, later than expected");
  if (attempts >= maxAttempts(incident, limits)) {
    return escalate(`${countText(attempts, "playbook")} did not help: ${incident.why}`);
  }
  if (playbook === null) return escalate("no playbook is known for it");
  const verdict = judge(situation, limits, nowMs);
  switch (verdict.kind) {
    case "go": {
      const run = `heal/${incident.id}/${attempts + 1}`;
      return { input: { kind: "heal", playbook, run }, alert: false };
    }
    case "refuse":
      return { input: { kind: "suppress", why: verdict.why }, alert: verdict.alert };
    case "hold":
      if (isOver(statusAtMs, limits.patienceMs, nowMs)) {
        return escalate(`Nothing was done for ${spanText(limits.patienceMs)}: ${verdict.why}`);
      }
      if (incident.why === verdict.why || !isOver(statusAtMs, HOLD_SHOWN_AFTER_MS, nowMs)) {
        return null;
      }
      return { input: { kind: "hold", why: verdict.why }, alert: false };
  }
}

function nextOfVerifying(
  incident: Incident,
  situation: ReviewSituation,
  limits: ReviewLimits,
  nowMs: number,
): Next | null {
  const { component, statusAtMs } = incident;
  const { phase } = situation;
  if (situation.isWell) return resolve(`well again after ${spanText(nowMs - statusAtMs)}`);
  switch (incident.actions.at(-1)?.by) {
    case "playbook":
      return isOver(statusAtMs, limits.patienceMs, nowMs)
        ? escalate(`${component} is no better ${spanText(limits.patienceMs)} after its playbook`)
        : null;
    case "watchdog":
      return isOver(statusAtMs, limits.verifyTimeoutMs, nowMs)
        ? escalate(
            `${component} was not ready ${spanText(limits.verifyTimeoutMs)} after its restart`,
          )
        : null;
    case "supervisor":
    case undefined:
      if (phase === "gave-up") return fail(`the supervisor gave up on ${component}`);
      if (phase === "crash-looping") return fail(`${component} is crash-looping`);
      if (phase === "backing-off") return null;
      // A restart after a long back-off has as much time as one that came at once.
      return isOver(Math.max(statusAtMs, situation.upSinceMs ?? 0), limits.verifyTimeoutMs, nowMs)
        ? fail(`${component} was not healthy ${spanText(limits.verifyTimeoutMs)} after its restart`)
        : null;
  }
}

/** After a crash the supervisor has had its tries already: one playbook, then a person. */
const maxAttempts = (incident: Incident, limits: ReviewLimits): number =>
  incident.class === "crash" ? 1 : limits.attempts;

const resolve = (why: string): Next => ({ input: { kind: "resolve", why }, alert: false });
const fail = (why: string): Next => ({ input: { kind: "fail", why }, alert: false });
const escalate = (why: string): Next => ({ input: { kind: "escalate", why }, alert: true });
