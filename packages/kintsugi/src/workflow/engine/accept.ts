/** How a run is accepted: its input checked, its row made. */

import { InputRefusedError } from "../errors.ts";
import { type RunState, toColumns } from "../run-state.ts";
import type { Attributes } from "../run-types.ts";
import type { RunRow } from "../tables.ts";
import type { Workflow } from "../types.ts";
import { encode } from "../value/codec.ts";
import { type Order, rankOf } from "./queues/order.ts";

/**
 * The input as the workflow's schema gives it back.
 *
 * @throws {@link InputRefusedError} naming each issue and where it stands.
 */
export async function checkInput<Input>(
  { name, input: schema }: Workflow<Input, unknown>,
  input: Input,
): Promise<Input> {
  const result = await schema?.["~standard"].validate(input);
  if (!result) return input;
  if (!result.issues) return result.value as Input;
  const issues = result.issues.map(({ message, path = [] }) => {
    const keys = path.map((part) =>
      typeof part === "object" && part !== null && "key" in part ? part.key : part,
    );
    return keys.length === 0 ? message : `${keys.join(".")}: ${message}`;
  });
  throw new InputRefusedError(name, issues);
}

/** @throws {@link RangeError} when no run can be called so. */
export function checkId(id: string): string {
  if (id === "") throw new RangeError("A run needs an id, got an empty text");
  if (!id.isWellFormed()) {
    throw new RangeError(`A run's id must be well-formed Unicode, got ${JSON.stringify(id)}`);
  }
  return id;
}

export interface NewRun {
  readonly id: string;
  readonly workflow: Workflow<never, unknown>;
  readonly input: unknown;
  readonly parentId: string | null;
  readonly order: Order;
  /** Epoch milliseconds; `NEVER_MS` for none. */
  readonly deadlineMs: number;
  readonly attributes: Attributes | null;
  readonly state: RunState;
  readonly atMs: number;
}

/** @throws {@link UnrecordableError} naming the path in the input. */
export function newRow({
  id,
  workflow,
  input,
  parentId,
  order,
  deadlineMs,
  attributes,
  state,
  atMs,
}: NewRun): RunRow {
  return {
    id,
    workflow: workflow.name,
    version: workflow.version,
    ...toColumns(state, atMs),
    suspectStep: null,
    parentId,
    input: encode(input, "input", `run "${id}"`),
    outcome: null,
    error: null,
    culprits: null,
    progress: null,
    stepsRecorded: 0,
    createdAtMs: atMs,
    endedAtMs: null,
    queue: order.queue,
    priority: order.priority,
    rank: rankOf(order.priority, atMs),
    uniqueKey: order.key ?? null,
    deadlineMs,
    ending: null,
    cause: null,
    attributes,
    generation: 0,
    rewinds: null,
    forkedFrom: null,
  };
}
