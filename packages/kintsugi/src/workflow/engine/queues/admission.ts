/**
 * Who may run: at most so many at once, each queue within its own limits, and suspects one after another.
 *
 * A queue is rows of the table of runs, read in pages: the highest priority first, then the oldest. The queues
 * take turns, so that none starves another. Suspects stand in no queue, but take a place in theirs.
 *
 * Urgent runs are what the others rest on: they heal what those wait for. So they stand in no queue of
 * theirs, take no place, and wait for no trial; a crash counts against them as against all.
 */

import { type Cancel, wholeNumber } from "@kintsugi/policy/base";

import { type Change, insert } from "../../../store/index.ts";
import type { RunState } from "../../run-state.ts";
import { queueStarts, queues, type RunRow, runs } from "../../tables.ts";
import { listAll } from "../list-all.ts";
import type { AdmissionOptions } from "./admission-options.ts";
import { LANE_PAGE, Lane } from "./lane.ts";
import { NO_LIMITS } from "./queue-options.ts";
import { Suspects } from "./suspects.ts";
import { UrgentAdmission } from "./urgent-admission.ts";

/** Where a run stands: what tells which rules are its own. */
export type Seat = Pick<RunRow, "id" | "workflow" | "queue" | "boot">;

export class Admission {
  readonly #options: AdmissionOptions;
  readonly #urgent: UrgentAdmission;
  readonly #suspects: Suspects;
  readonly #lanes = new Map<string, Lane>();
  /** Runs whose code runs, those aside that are urgent. */
  readonly #busy = new Set<string>();
  /** The queue that had its turn last. */
  #turn = 0;
  #isFilling = false;
  #isOpen = false;
  #cancelTimer: Cancel = () => {};

  constructor(options: AdmissionOptions) {
    wholeNumber("maxLive", options.maxLive, 1);
    this.#options = options;
    this.#urgent = new UrgentAdmission(options);
    this.#suspects = new Suspects(options);
  }

  knows(queue: string): boolean {
    return this.#lanes.has(queue);
  }

  /** Names of all queues, those aside that are no longer configured. */
  get names(): readonly string[] {
    return [...this.#options.queues.keys()];
  }

  /** Begins to let runs in. */
  async open(): Promise<void> {
    await this.#openLanes();
    this.#isOpen = true;
    this.#urgent.open();
    this.queued();
  }

  /** Lets nobody in any more. */
  close(): void {
    this.#isOpen = false;
    this.#cancelTimer();
    this.#urgent.close();
    for (const lane of this.#lanes.values()) lane.close();
  }

  /** True when a new run may begin at once: it is urgent, or there is room and nobody waits for it. */
  tryEnter(seat: Seat): boolean {
    const { isUrgent, isHeld, maxLive } = this.#options;
    if (isUrgent(seat.workflow)) return this.#isOpen;
    if (!this.#isOpen || isHeld() || this.#busy.size >= maxLive) return false;
    const lane = this.#laneOf(seat.queue);
    if (lane.hasQueue || !lane.tryEnter(seat)) return false;
    this.#busy.add(seat.id);
    return true;
  }

  /** To be committed with the first start of a run. */
  startChanges({ workflow, queue, boot }: Seat, atMs: number): readonly Change[] {
    const isCounted = boot === 0 && !this.#options.isUrgent(workflow);
    return isCounted ? this.#laneOf(queue).startChanges(atMs) : [];
  }

  /** For code that goes on: undefined when its queue lets it, else to be awaited. */
  turnOf({ id, workflow, queue }: Seat): Promise<void> | undefined {
    if (this.#options.isUrgent(workflow)) return undefined;
    return this.#laneOf(queue).turnOf(id);
  }

  /** The queues have grown: by runs of this workflow, or of any. */
  queued(workflow?: string): void {
    const isUrgent = workflow !== undefined && this.#options.isUrgent(workflow);
    if (isUrgent || workflow === undefined) this.#urgent.queued();
    if (isUrgent) return;
    for (const lane of this.#lanes.values()) lane.grown();
    this.#suspects.grown();
    void this.#fill();
  }

  moved(seat: Seat, state: RunState): void {
    if (this.#options.isUrgent(seat.workflow)) return;
    if (state.kind === "busy") this.#busy.add(seat.id);
    else {
      this.#busy.delete(seat.id);
      this.#laneOf(seat.queue).release(seat.id);
    }
    this.#suspects.moved(seat.id, state);
    if (!this.#isFilling && this.#isAnybodyWaiting()) void this.#fill();
  }

  /** The run is not in memory any more, however it went. */
  left(seat: Seat): void {
    this.moved(seat, { kind: "completed" });
  }

  /** A queue that is no longer configured has no limits, so that what stands in it is not forgotten. */
  async #openLanes(): Promise<void> {
    const { store, clock } = this.#options;
    const known = await listAll(store, queues, {});
    const starts = Map.groupBy(await listAll(store, queueStarts, {}), ({ queue }) => queue);
    const names = new Set([...this.#options.queues.keys(), ...known.map(({ name }) => name)]);
    const added = [...names].filter((name) => !known.some((queue) => queue.name === name));
    if (added.length > 0) await store.commit(added.map((name) => insert(queues, { name })));
    for (const name of names) {
      const limits = this.#options.queues.get(name) ?? NO_LIMITS;
      this.#lanes.set(name, new Lane({ name, limits, clock, starts: starts.get(name) ?? [] }));
    }
  }

  #laneOf(queue: string): Lane {
    const lane = this.#lanes.get(queue);
    if (!lane) throw new RangeError(`There is no queue "${queue}"`);
    return lane;
  }

  #isAnybodyWaiting(): boolean {
    if (this.#suspects.mayHaveOne) return true;
    for (const lane of this.#lanes.values()) if (lane.hasQueue) return true;
    return false;
  }

  async #fill(): Promise<void> {
    if (this.#isFilling) return;
    this.#isFilling = true;
    try {
      const { isHeld, maxLive, begin } = this.#options;
      while (this.#isOpen && !isHeld() && this.#busy.size < maxLive) {
        const unread = this.#unread();
        await Promise.all(unread);
        const rows = this.#next();
        if (rows.length > 0) await begin(rows);
        else if (unread.length === 0) break;
      }
      this.#setTimer();
    } catch (error) {
      this.#options.failed(error);
    } finally {
      this.#isFilling = false;
    }
  }

  /** A suspect, or else those of one queue that may run now, whose turn it is. */
  #next(): readonly RunRow[] {
    const suspect = this.#suspects.take((row) => this.#laneOf(row.queue).tryEnter(row));
    if (suspect) return [suspect];
    const lanes = [...this.#lanes.values()];
    for (let step = 1; step <= lanes.length; step += 1) {
      const at = (this.#turn + step) % lanes.length;
      const lane = lanes[at] as Lane;
      const rows = lane.take(this.#options.maxLive - this.#busy.size);
      if (rows.length === 0) continue;
      this.#turn = at;
      return rows;
    }
    return [];
  }

  /** Begins to read what has to be read. */
  #unread(): readonly Promise<void>[] {
    const lanes = [...this.#lanes.values()].filter((lane) => lane.isUnread);
    const reads = lanes.map((lane) => this.#read(lane));
    return this.#suspects.isUnread ? [...reads, this.#suspects.read()] : reads;
  }

  async #read(lane: Lane): Promise<void> {
    lane.reading();
    const { store, workflows, isUrgent, isLive } = this.#options;
    const workflow = workflows().filter((name) => !isUrgent(name));
    const rows = await store.list(runs, {
      where: { phase: "queued", queue: lane.name, workflow },
      orderBy: "rank",
      limit: LANE_PAGE,
    });
    lane.read(rows, isLive);
  }

  /** Looks again when the first of those may begin that only the limit of their queue's starts holds back. */
  #setTimer(): void {
    const { clock } = this.#options;
    const times = [...this.#lanes.values()].flatMap((lane) => lane.opensAtMs() ?? []);
    this.#cancelTimer();
    if (times.length === 0 || !this.#isOpen) return;
    const ms = Math.max(1, Math.min(...times) - clock.epochMs());
    this.#cancelTimer = clock.after(ms, () => void this.#fill());
  }
}
