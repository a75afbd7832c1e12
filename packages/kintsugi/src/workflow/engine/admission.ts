/**
 * Who may run: at most so many at once, and suspects one after another.
 *
 * The queue is the table of runs, read in pages: fewest crashes first, then the oldest. A suspect, a
 * run whose code was running when earlier lives crashed, is on trial until it has recorded a step,
 * waits, or has ended; until then no other suspect starts.
 *
 * Urgent runs are what the others rest on: they heal what those wait for. So they stand in no queue of
 * theirs, take no place, and wait for no trial; a crash counts against them as against all.
 */

import { isOnTrial, type RunState } from "../run-state.ts";
import { type RunRow, runs } from "../tables.ts";
import type { AdmissionOptions } from "./admission-options.ts";
import { UrgentAdmission } from "./urgent-admission.ts";

/** Rows that are read ahead. */
const PAGE = 256;

export class Admission {
  readonly #options: AdmissionOptions;
  readonly #urgent: UrgentAdmission;
  /** Runs whose code runs, those aside that are urgent. */
  readonly #busy = new Set<string>();
  #ahead: RunRow[] = [];
  /** The table may hold queued runs that were not there when it was last read. */
  #isStale = false;
  /** The last page was full, so there are more. */
  #hasMore = false;
  #onTrial: string | undefined;
  #isFilling = false;
  #isOpen = false;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#urgent = new UrgentAdmission(options);
  }

  /** Begins to let runs in. */
  open(): void {
    this.#isOpen = true;
    this.#urgent.open();
    this.queued();
  }

  /** Lets nobody in any more. */
  close(): void {
    this.#isOpen = false;
    this.#urgent.close();
  }

  /** True when a new run may begin at once: it is urgent, or there is room and nobody waits for it. */
  tryEnter(runId: string, workflow: string): boolean {
    if (this.#options.isUrgent(workflow)) return this.#isOpen;
    const isQueue = this.#isStale || this.#hasMore || this.#ahead.length > 0;
    if (
      !this.#isOpen ||
      this.#options.isHeld() ||
      isQueue ||
      this.#busy.size >= this.#options.maxLive
    )
      return false;
    this.#busy.add(runId);
    return true;
  }

  /** The queue has grown: by runs of this workflow, or of any. */
  queued(workflow?: string): void {
    const isUrgent = workflow !== undefined && this.#options.isUrgent(workflow);
    if (isUrgent || workflow === undefined) this.#urgent.queued();
    if (isUrgent) return;
    this.#isStale = true;
    void this.#fill();
  }

  moved(runId: string, workflow: string, state: RunState): void {
    if (this.#options.isUrgent(workflow)) return;
    if (state.kind === "busy") this.#busy.add(runId);
    else this.#busy.delete(runId);
    if (this.#onTrial === runId && !isOnTrial(state)) this.#onTrial = undefined;
    if (this.#isFilling || (this.#ahead.length === 0 && !this.#hasMore && !this.#isStale)) return;
    void this.#fill();
  }

  /** The run is not in memory any more, however it went. */
  left(runId: string, workflow: string): void {
    this.moved(runId, workflow, { kind: "completed" });
  }

  async #fill(): Promise<void> {
    if (this.#isFilling) return;
    this.#isFilling = true;
    try {
      const { isHeld, maxLive } = this.#options;
      while (this.#isOpen && !isHeld() && this.#busy.size < maxLive) {
        if (this.#isStale || (this.#ahead.length === 0 && this.#hasMore)) await this.#read();
        const rows = this.#take();
        if (rows.length > 0) await this.#options.begin(rows);
        else if (!this.#isStale) return;
      }
    } catch (error) {
      this.#options.failed(error);
    } finally {
      this.#isFilling = false;
    }
  }

  async #read(): Promise<void> {
    this.#isStale = false;
    const { workflows, isUrgent } = this.#options;
    const rows = await this.#options.store.list(runs, {
      where: { phase: "queued", workflow: workflows().filter((name) => !isUrgent(name)) },
      orderBy: "position",
      limit: PAGE,
    });
    this.#ahead = rows.filter(({ id }) => !this.#options.isLive(id));
    this.#hasMore = rows.length === PAGE;
  }

  /** Those who may run now: all who are no suspects, as far as there is room, or else one suspect. */
  #take(): readonly RunRow[] {
    const room = this.#options.maxLive - this.#busy.size;
    const suspect = this.#ahead.findIndex(({ crashes }) => crashes > 0);
    const count = Math.min(room, suspect < 0 ? this.#ahead.length : suspect);
    if (count > 0) return this.#ahead.splice(0, count);
    if (this.#onTrial !== undefined || room <= 0) return [];
    const suspects = this.#ahead.splice(0, 1);
    this.#onTrial = suspects[0]?.id;
    return suspects;
  }
}
