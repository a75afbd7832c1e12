/** One look at a runtime after the other, for the board. Remembers what need not be read again. */

import type { ErrorReporter } from "@kintsugi/policy/base";

import { type IncidentView, PLAYBOOK_PREFIX } from "../../heal/index.ts";
import type { Fact } from "../../store/index.ts";
import type { RunView, StepView } from "../../workflow/index.ts";
import type { RuntimeForServer, StatusView } from "../runtime-port.ts";
import type { BoardViews } from "./board-state.ts";
import { chosenRuns, MOST_DEAD } from "./chosen-runs.ts";
import { healingTotals } from "./healing-totals.ts";
import {
  type HealingTotals,
  type LiveIncident,
  type LiveProgram,
  type LiveRun,
  MOST_MARKS,
} from "./views.ts";

export interface ViewReaderOptions {
  readonly runtime: RuntimeForServer;
  /** Hears of a view that cannot be read; once, until it can be read again. */
  readonly onError: ErrorReporter;
}

const NEWEST_INCIDENTS = 30;
/** Of each status that is open. */
const MOST_OPEN = 100;
/** Incidents that the totals are taken from: the newest. */
const MOST_COUNTED = 1_000;
/** They are not read more often than this, however many there are. */
const COUNTED_EVERY_MS = 1_000;
/** Runs of each status that are looked at; playbooks and children are among them. */
const MOST_READ = { running: 100, completed: 100, cancelled: 20 } as const;
/** Longer than any playbook. */
const MOST_PLAYBOOK_STEPS = 100;

export class ViewReader {
  readonly #runtime: RuntimeForServer;
  readonly #onError: ErrorReporter;
  readonly #failing = new Set<string>();
  readonly #runSteps: StepReader;
  readonly #playbookSteps: StepReader;
  /** Runs of playbooks that have ended, and will not change. */
  #endedPlaybooks: ReadonlyMap<string, RunView> = new Map();
  /** How many facts told of runs: what was read of ended ones before the newest is old. */
  #runFacts = 0;
  #ended: { readonly asOf: number; readonly runs: readonly RunView[] } = { asOf: -1, runs: [] };
  #shown: ReadonlyMap<string, { readonly run: RunView; readonly row: LiveRun }> = new Map();
  #totals: HealingTotals = { opened: 0, healed: 0, escalated: 0, medianMs: null };
  #totalsOf = "";
  #counted: {
    readonly of: string;
    readonly atMs: number;
    readonly incidents: readonly IncidentView[];
  } = { of: "", atMs: Number.NEGATIVE_INFINITY, incidents: [] };

  constructor({ runtime, onError }: ViewReaderOptions) {
    this.#runtime = runtime;
    this.#onError = onError;
    this.#runSteps = new StepReader(runtime, MOST_MARKS);
    this.#playbookSteps = new StepReader(runtime, MOST_PLAYBOOK_STEPS);
  }

  /** Something has happened, and may be seen in the next look. */
  hear({ type }: Fact): void {
    if (type.startsWith("run.")) this.#runFacts += 1;
  }

  /** Never throws: what cannot be read is reported, and missing. */
  async read(): Promise<BoardViews> {
    const runtime = this.#runtime;
    const [status, components, incidents, runs, trust, series] = await Promise.all([
      this.#look("status", () => runtime.status()),
      this.#look("components", () => runtime.components()),
      this.#look("incidents", () => this.#incidents()),
      this.#look("runs", () => this.#runs()),
      this.#look("trust", () => runtime.trust()),
      this.#look("series", () => runtime.series()),
    ]);
    if (incidents) await this.#look("totals", () => this.#count(incidents));
    const program = status && (await this.#look("watchdog", () => this.#program(status)));
    return { program, components, incidents, runs, calls: status?.calls, trust, series };
  }

  async #look<View>(name: string, read: () => Promise<View> | View): Promise<View | undefined> {
    try {
      const view = await read();
      this.#failing.delete(name);
      return view;
    } catch (error) {
      if (!this.#failing.has(name)) this.#onError(error);
      this.#failing.add(name);
      return undefined;
    }
  }

  #program(status: StatusView): LiveProgram {
    const { name, version, instance, pid, startedAtMs, health, readiness, store, runs } = status;
    const watchdog = this.#runtime.watchdog() ?? null;
    const healing = this.#totals;
    const identity = { name, version, instance, pid, startedAtMs };
    return { ...identity, health, readiness, store, watchdog, runs, healing };
  }

  async #incidents(): Promise<readonly LiveIncident[]> {
    const runtime = this.#runtime;
    const lists = await Promise.all([
      ...(["opened", "healing", "verifying"] as const).map((status) =>
        runtime.incidents({ status, limit: MOST_OPEN }),
      ),
      runtime.incidents({ limit: NEWEST_INCIDENTS }),
    ]);
    const byId = new Map(lists.flat().map((incident) => [incident.id, incident]));
    const incidents = [...byId.values()].toSorted(
      (a, b) => b.openedAtMs - a.openedAtMs || (a.id < b.id ? 1 : -1),
    );
    const ended = new Map<string, RunView>();
    const playbooks = await Promise.all(
      incidents.map(async ({ actions }) => {
        const id = actions.findLast(({ run }) => run !== undefined)?.run;
        const run = id && (this.#endedPlaybooks.get(id) ?? (await runtime.run(id)));
        if (run && run.status !== "running") ended.set(run.id, run);
        return run || undefined;
      }),
    );
    this.#endedPlaybooks = ended;
    const steps = await this.#playbookSteps.of(playbooks.flatMap((run) => run ?? []));
    return incidents.map((incident, index) => ({
      ...asTold(incident),
      steps: steps.get(playbooks[index]?.id ?? "") ?? [],
    }));
  }

  /**
   * Only where an incident came, ended or grew too old to count. Those that are shown count as they
   * are shown, also between two readings: the numbers on top agree with the rows under them.
   */
  async #count(shown: readonly LiveIncident[]): Promise<void> {
    const { clock } = this.#runtime;
    const minute = Math.floor(clock.epochMs() / 60_000);
    const key = [minute, ...shown.map(({ id, status }) => `${id} ${status}`)].join("\n");
    const atMs = clock.monotonicMs();
    const isDue = key !== this.#counted.of && atMs - this.#counted.atMs >= COUNTED_EVERY_MS;
    if (isDue) {
      const incidents = await this.#runtime.incidents({ limit: MOST_COUNTED });
      this.#counted = { of: key, atMs, incidents };
    }
    if (!isDue && key === this.#totalsOf) return;
    const counted = new Map([...this.#counted.incidents, ...shown].map((each) => [each.id, each]));
    this.#totals = healingTotals([...counted.values()], clock.epochMs());
    this.#totalsOf = key;
  }

  async #runs(): Promise<readonly LiveRun[]> {
    const runtime = this.#runtime;
    const lists = await Promise.all([
      runtime.runs({ status: "running", limit: MOST_READ.running }),
      this.#endedRuns(),
    ]);
    const found = new Map(lists.flat().map((run) => [run.id, run]));
    // Lists go by the time at which runs were started: one that ended just now may be too old for them.
    await this.#find(found, [...this.#shown.keys()]);
    const parents = [...found.values()].flatMap(({ parentId }) => parentId ?? []);
    await this.#find(found, parents);
    const isPlaybook = ({ workflow }: RunView): boolean => workflow.startsWith(PLAYBOOK_PREFIX);
    const chosen = chosenRuns([...found.values()].filter((run) => !isPlaybook(run)));
    const marks = await this.#runSteps.of(chosen);
    this.#shown = new Map(chosen.map((run) => [run.id, this.#shownRun(run, marks.get(run.id))]));
    return [...this.#shown.values()].map(({ row }) => row);
  }

  /** Read again only after a fact of a run: each end of one is a fact. */
  async #endedRuns(): Promise<readonly RunView[]> {
    const asOf = this.#runFacts;
    if (this.#ended.asOf === asOf) return this.#ended.runs;
    const lists = await Promise.all([
      this.#runtime.runs({ status: "dead", limit: MOST_DEAD }),
      ...(["completed", "cancelled"] as const).map((status) =>
        this.#runtime.runs({ status, limit: MOST_READ[status] }),
      ),
    ]);
    this.#ended = { asOf, runs: lists.flat() };
    return this.#ended.runs;
  }

  /** The same row where nothing was read anew: the board need not compare it then. */
  #shownRun(run: RunView, marks: readonly StepView[] = []) {
    const before = this.#shown.get(run.id);
    return before?.run === run && before.row.marks === marks
      ? before
      : { run, row: { ...run, marks } };
  }

  /** Adds the runs of these ids that are not there yet. */
  async #find(found: Map<string, RunView>, ids: readonly string[]): Promise<void> {
    const missing = [...new Set(ids)].filter((id) => !found.has(id));
    const runs = await Promise.all(missing.map((id) => this.#runtime.run(id)));
    for (const run of runs) if (run) found.set(run.id, run);
  }
}

/** Steps of runs; read again only where a run has recorded more, or began or ceased to wait. */
class StepReader {
  readonly #runtime: RuntimeForServer;
  readonly #limit: number;
  #known: ReadonlyMap<string, { readonly state: string; readonly steps: readonly StepView[] }> =
    new Map();

  constructor(runtime: RuntimeForServer, limit: number) {
    this.#runtime = runtime;
    this.#limit = limit;
  }

  /** By run. Those of other runs are forgotten. */
  async of(runs: readonly RunView[]): Promise<ReadonlyMap<string, readonly StepView[]>> {
    const known = await Promise.all(
      runs.map(async ({ id, status, waiting, stepsRecorded }) => {
        const state = `${status} ${waiting} ${stepsRecorded}`;
        const before = this.#known.get(id);
        if (before?.state === state) return [id, before] as const;
        return [id, { state, steps: await this.#runtime.steps(id, this.#limit) }] as const;
      }),
    );
    this.#known = new Map(known);
    return new Map(known.map(([id, { steps }]) => [id, steps]));
  }
}

/** What the healer keeps beside is its own. */
function asTold(incident: IncidentView): IncidentView {
  const { id, key, component, severity, status, summary, trigger, playbook, why } = incident;
  const { occurrences, openedAtMs, endedAtMs, actions } = incident;
  return {
    id,
    key,
    component,
    class: incident.class,
    severity,
    status,
    summary,
    trigger,
    playbook,
    occurrences,
    openedAtMs,
    endedAtMs,
    ...(typeof why === "string" && { why }),
    actions,
  };
}
