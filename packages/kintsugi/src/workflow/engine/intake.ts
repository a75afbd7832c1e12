/** The way in for new runs: their input is checked, and their first row is durable, before they are anybody's. */

import { type Clock, durationMs, type Random } from "@kintsugi/policy/base";

import { type Change, ConflictError, insert, type Store, update } from "../../store/index.ts";
import { EngineOverloadedError, RunIdTakenError } from "../errors.ts";
import { accepted, NEVER_MS, next, type RunState } from "../run-state.ts";
import type { Attributes, StartOptions } from "../run-types.ts";
import { type RunRow, runKeys, runs } from "../tables.ts";
import type { Workflow } from "../types.ts";
import { encode } from "../value/codec.ts";
import { checkId, checkInput, newRow } from "./accept.ts";
import { attributeChanges, withAttributes } from "./attributes.ts";
import { startedFact } from "./facts.ts";
import { type Order, orderOf } from "./queues/order.ts";
import type { RunPool } from "./run-pool.ts";
import type { RunRows } from "./run-rows.ts";

export interface IntakeOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly pool: RunPool;
  readonly rows: RunRows;
  readonly isUrgent: (workflowName: string) => boolean;
}

export type StartInside = StartOptions & {
  readonly parentId?: string;
  /** That of the parent, epoch milliseconds: a child has at most that time. */
  readonly deadlineMs?: number;
};

/** A run that is being accepted. */
interface Applicant {
  readonly id: string;
  readonly workflow: Workflow<never, unknown>;
  readonly input: unknown;
  readonly parentId: string | null;
  readonly order: Order;
  readonly deadlineMs: number;
  readonly attributes: Attributes | null;
}

/** Runs whose first row is on its way to the disk: a full disk must not fill the memory. */
const MAX_BEING_ACCEPTED = 10_000;

export class Intake {
  readonly #options: IntakeOptions;
  #beingAccepted = 0;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Gives the id of the run, its own or that of the one it would double, when that is durable. */
  async take<Input>(
    workflow: Workflow<Input, unknown>,
    input: Input,
    options: StartInside,
  ): Promise<string> {
    const { clock, pool, random, isUrgent } = this.#options;
    const order = orderOf(options, workflow, clock.epochMs());
    pool.mustHaveQueue(order.queue);
    const id = checkId(options.id ?? random.uuid());
    const live = pool.find(id);
    if (live) return sameRun(live.row, workflow);

    const checked = workflow.input ? await checkInput(workflow, input) : input;
    const isFull = this.#beingAccepted >= MAX_BEING_ACCEPTED;
    if (isFull && !isUrgent(workflow.name)) throw new EngineOverloadedError();
    this.#beingAccepted += 1;
    try {
      const room = pool.roomFor(workflow.name);
      if (room) await room;
      const { parentId = null } = options;
      const attributes = options.attributes ? withAttributes(null, options.attributes) : null;
      const deadlineMs = deadlineOf(options, clock.epochMs());
      const applicant = { id, workflow, input: checked, parentId, order, deadlineMs, attributes };
      const { key } = order;
      return await (key === undefined
        ? this.#accept(applicant)
        : this.#acceptUnlessThere(applicant, key));
    } finally {
      this.#beingAccepted -= 1;
    }
  }

  /** The run that has the key where it is open, or else this one. */
  async #acceptUnlessThere(applicant: Applicant, key: string): Promise<string> {
    const { store, rows } = this.#options;
    const { id, workflow } = applicant;
    for (;;) {
      const holder = await store.get(runKeys, workflow.name, key);
      const held = holder && (await rows.find(holder.runId));
      const claim = holder
        ? update(runKeys, [workflow.name, key], { runId: id }, { runId: holder.runId })
        : insert(runKeys, { workflow: workflow.name, key, runId: id });
      try {
        if (held?.status === "running" && (await this.#joins(held, applicant))) return held.id;
        return await this.#accept(applicant, [claim]);
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error; // Somebody was faster: look again.
      }
    }
  }

  /** Whether the open run does for this one as well. One that is put off takes the newer input. */
  async #joins(held: RunRow, { input, order }: Applicant): Promise<boolean> {
    const { debounce, beginsAtMs } = order;
    if (!debounce || beginsAtMs === undefined) return true;
    if (held.phase !== "waiting" || held.boot > 0) return false;
    const position = Math.min(beginsAtMs, held.createdAtMs + debounce.maxWaitMs);
    const newer = { input: encode(input, "input", `run "${held.id}"`), position };
    const asItWas = { phase: held.phase, position: held.position };
    await this.#options.rows.commit([update(runs, [held.id], newer, asItWas)]);
    this.#options.pool.waits(position);
    return true;
  }

  async #accept(applicant: Applicant, more: readonly Change[] = []): Promise<string> {
    const { clock, pool, rows } = this.#options;
    const { id, workflow, order } = applicant;
    const life = pool.mustBeOpen();
    const atMs = clock.epochMs();
    const seat = { id, workflow: workflow.name, queue: order.queue, boot: 0 };
    const mayRun = order.beginsAtMs === undefined && pool.tryEnter(seat);
    try {
      const state = mayRun ? next(accepted, { kind: "let run", life }) : firstState(order);
      const row = newRow({ ...applicant, state, atMs });
      const starts = mayRun ? pool.startChanges(seat, atMs) : [];
      await rows.commit([
        insert(runs, row),
        startedFact(row),
        ...attributeChanges(row, row.attributes),
        ...starts,
        ...more,
      ]);
      pool.endsBy(row.deadlineMs);
      if (mayRun) pool.launch(row, workflow);
      else if (order.beginsAtMs === undefined) pool.queued(workflow.name);
      else pool.waits(order.beginsAtMs);
      return id;
    } catch (error) {
      if (mayRun) pool.leave(seat);
      const found = error instanceof ConflictError ? await rows.find(id) : undefined;
      if (!found) throw error;
      return sameRun(found, workflow);
    }
  }
}

/** @throws {@link RangeError} when the deadline is no duration. */
function deadlineOf({ deadline, deadlineMs = NEVER_MS }: StartInside, atMs: number): number {
  if (deadline === undefined) return deadlineMs;
  return Math.min(deadlineMs, atMs + durationMs(deadline));
}

function firstState({ beginsAtMs }: Order): RunState {
  if (beginsAtMs === undefined) return accepted;
  return { kind: "waiting", crashes: 0, boot: 0, wakeAtMs: beginsAtMs, onChild: false };
}

function sameRun(row: RunRow, { name }: Workflow<never, unknown>): string {
  if (row.workflow !== name) throw new RunIdTakenError(row.id, row.workflow, `run of "${name}"`);
  return row.id;
}
