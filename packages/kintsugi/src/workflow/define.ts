/** The definition of a workflow: a name and code, nothing else. The runtime makes it known. */

import { durationMs, wholeNumber } from "@kintsugi/policy/base";

import type { Workflow, WorkflowContext, WorkflowOptions } from "./types.ts";

type Code<Input, Output> = (ctx: WorkflowContext, input: Input) => Promise<Output>;

/**
 * @example
 * const greet = defineWorkflow("greet", async (ctx, name: string) => {
 *   const text = await ctx.step("ask", () => askModel(`Greet ${name}`));
 *   await ctx.step("send", ({ idempotencyKey }) => send(text, idempotencyKey));
 * });
 *
 * @throws {@link RangeError} when the name is empty, the version is no whole number from 1, or the
 * retention no duration.
 */
export function defineWorkflow<Input, Output>(
  name: string,
  run: Code<Input, Output>,
): Workflow<Input, Output>;
export function defineWorkflow<Input, Output>(
  name: string,
  options: WorkflowOptions<Input>,
  run: Code<Input, Output>,
): Workflow<Input, Output>;
export function defineWorkflow<Input, Output>(
  name: string,
  second: WorkflowOptions<Input> | Code<Input, Output>,
  third?: Code<Input, Output>,
): Workflow<Input, Output> {
  const options = typeof second === "function" ? {} : second;
  const run = typeof second === "function" ? second : third;
  if (name === "") throw new RangeError("A workflow needs a name, got an empty text");
  if (!run) throw new TypeError(`Workflow "${name}" needs a function to run`);
  return Object.freeze({
    kind: "workflow",
    name,
    version: wholeNumber("version", options.version ?? 1, 1),
    queue: options.queue,
    retentionMs: options.retention === undefined ? undefined : durationMs(options.retention),
    input: options.input,
    run,
  });
}
