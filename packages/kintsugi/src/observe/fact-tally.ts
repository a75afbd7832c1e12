/** What is counted of stored facts: incidents, recoveries, playbooks and runs. */

import { PLAYBOOK_PREFIX } from "../heal/index.ts";
import type { Fact } from "../store/index.ts";
import { type Figures, MOST_SERIES } from "./figures.ts";

/** A component and a class of trouble with it. */
export interface Trouble {
  readonly component: string;
  readonly class: string;
}

/** Fields of a payload; users publish facts of any type, so nothing is taken for granted. */
type Fields = Readonly<Record<string, unknown>>;

/** Runs of playbooks that are followed to their ends; more are not under way at once. */
const MOST_FOLLOWED = 1_000;

export class FactTally {
  readonly #figures: Figures;
  /** Of which there was an incident in this life; the gauge of those that are over is 0. */
  readonly #troubles = new Map<string, Trouble>();
  /** Runs of playbooks of which the end has not been counted. */
  readonly #followed = new Set<string>();

  constructor(figures: Figures) {
    this.#figures = figures;
  }

  get troubles(): readonly Trouble[] {
    return [...this.#troubles.values()];
  }

  hear({ type, payload }: Fact): void {
    const fields = payload as Fields;
    switch (type) {
      case "incident.opened":
        this.#opened(fields);
        break;
      case "incident.resolved":
      case "incident.escalated":
      case "incident.suppressed":
        this.#ended(fields, type.slice("incident.".length));
        break;
      case "run.started":
        this.#follow(fields);
        break;
      case "run.resumed":
        this.#follow(fields);
        this.#figures
          .tallies("kintsugi_workflow_resumes_total")
          .at(word(fields, "workflow")).value += 1;
        break;
      case "run.completed":
      case "run.dead":
      case "run.cancelled":
        this.#runEnded(fields, type.slice("run.".length));
    }
    if (type.startsWith("incident.")) this.#playbookEnded(fields);
  }

  #opened(fields: Fields): void {
    const [component, kind] = [word(fields, "component"), word(fields, "class")];
    const labels = [component, kind, word(fields, "severity"), word(fields, "trigger")];
    this.#figures.tallies("kintsugi_incidents_total").at(...labels).value += 1;
    if (this.#troubles.size >= MOST_SERIES) return;
    this.#troubles.set(JSON.stringify([component, kind]), { component, class: kind });
  }

  #ended(fields: Fields, outcome: string): void {
    const { openedAtMs, endedAtMs } = fields;
    if (typeof openedAtMs !== "number" || typeof endedAtMs !== "number") return;
    const { by, name } = actionOf(fields);
    const playbook = by === "playbook" && typeof name === "string" ? name : NONE;
    // The wall clock may have been set back in between.
    const seconds = Math.max(0, endedAtMs - openedAtMs) / 1_000;
    const family = this.#figures.distributions("kintsugi_recovery_duration_seconds");
    family.at(playbook, outcome).observe(seconds);
  }

  /** A playbook that ended in an earlier life is told of again with its incident, and not counted again. */
  #follow(fields: Fields): void {
    const run = word(fields, "runId");
    if (!word(fields, "workflow").startsWith(PLAYBOOK_PREFIX)) return;
    if (this.#followed.size >= MOST_FOLLOWED) return;
    this.#followed.add(run);
  }

  #playbookEnded(fields: Fields): void {
    const action = actionOf(fields);
    const { by, run, name, outcome } = action;
    if (by !== "playbook" || typeof name !== "string") return;
    if (outcome !== "succeeded" && outcome !== "failed") return;
    if (typeof run !== "string" || !this.#followed.delete(run)) return;
    this.#figures.tallies("kintsugi_playbook_runs_total").at(name, outcome).value += 1;
  }

  #runEnded(fields: Fields, outcome: string): void {
    const workflow = word(fields, "workflow");
    this.#figures.tallies("kintsugi_workflow_runs_total").at(workflow, outcome).value += 1;
  }
}

/** What stands for an absent value. */
const NONE = "none";

function word(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === "string" ? value : NONE;
}

/** The newest action of an incident. */
function actionOf({ action }: Fields): Fields {
  return typeof action === "object" && action !== null ? (action as Fields) : {};
}
