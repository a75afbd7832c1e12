/** The way in for new runs: their input is checked, and their first row is durable, before they are anybody's. */

import type { Clock, Random } from "@kintsugi/policy/base";

import { ConflictError, insert } from "../../store/index.ts";
import { EngineOverloadedError, RunIdTakenError } from "../errors.ts";
import { accepted, next } from "../run-state.ts";
import type { StartOptions } from "../run-types.ts";
import { type RunRow, runs } from "../tables.ts";
import type { Workflow } from "../types.ts";
import { checkInput, newRow } from "./accept.ts";
import { startedFact } from "./facts.ts";
import type { RunPool } from "./run-pool.ts";
import type { RunRows } from "./run-rows.ts";

export interface IntakeOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly pool: RunPool;
  readonly rows: RunRows;
  readonly isUrgent: (workflowName: string) => boolean;
}

export type StartInside = StartOptions & { readonly parentId?: string };

/** Runs whose first row is on its way to the disk: a full disk must not fill the memory. */
const MAX_BEING_ACCEPTED = 10_000;

export class Intake {
  readonly #options: IntakeOptions;
  #beingAccepted = 0;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Gives the run's id when it is durable. The workflow must be known. */
  async take<Input>(
    workflow: Workflow<Input, unknown>,
    input: Input,
    options: StartInside,
  ): Promise<string> {
    const { pool, random, isUrgent } = this.#options;
    const id = options.id ?? random.uuid();
    if (id === "") throw new RangeError("A run needs an id, got an empty text");
    const live = pool.find(id);
    if (live) return sameRun(live.row, workflow);

    const checked = workflow.input ? await checkInput(workflow, input) : input;
    const isFull = this.#beingAccepted >= MAX_BEING_ACCEPTED;
    if (isFull && !isUrgent(workflow.name)) throw new EngineOverloadedError();
    this.#beingAccepted += 1;
    try {
      const room = pool.roomFor(workflow.name);
      if (room) await room;
      return await this.#accept(id, workflow, checked, options.parentId ?? null);
    } finally {
      this.#beingAccepted -= 1;
    }
  }

  async #accept<Input>(
    id: string,
    workflow: Workflow<Input, unknown>,
    input: Input,
    parentId: string | null,
  ): Promise<string> {
    const { clock, pool, rows } = this.#options;
    const life = pool.mustBeOpen();
    const atMs = clock.epochMs();
    const mayRun = pool.tryEnter(id, workflow.name);
    try {
      const state = mayRun ? next(accepted, { kind: "let run", life }) : accepted;
      const row = newRow({ id, workflow, input, parentId, state, atMs });
      await rows.commit([insert(runs, row), startedFact(row)]);
      if (mayRun) pool.launch(row, workflow);
      else pool.queued(workflow.name);
      return id;
    } catch (error) {
      if (mayRun) pool.leave(id, workflow.name);
      if (!(error instanceof ConflictError)) throw error;
      return sameRun(await rows.get(id), workflow);
    }
  }
}

function sameRun(row: RunRow, { name }: Workflow<never, unknown>): string {
  if (row.workflow !== name) throw new RunIdTakenError(row.id, row.workflow, name);
  return row.id;
}
