/** A run in the place of a call: what it has recorded is not done again, whatever happens to the process. */

import { callRegistry } from "@kintsugi/policy";
import { aSwitch, aText, checkOptions, type Needs } from "@kintsugi/policy/base";

import {
  runStraight,
  type StepContext,
  type StepOptions,
  type Workflow,
} from "../../workflow/index.ts";
import type { Kintsugi } from "../kintsugi.ts";
import { type DefaultRuntime, defaultRuntime } from "./default-runtime.ts";
import {
  inOrder,
  type NodeEnds,
  NodesFailedError,
  type NodeWorkflow,
  runNodes,
  type WorkflowNode,
} from "./nodes.ts";
import type { Code } from "./run-codes.ts";

/** A plain function is one step: after a crash it runs again, with the same idempotency key. */
export type PlainWorkflow<Input, Output> = (
  input: Input,
  context: StepContext,
) => Promise<Output> | Output;

interface RunRequest<Input> {
  /** JSON, dates, maps, sets, bytes and errors. A run that resumes has the input that it began with. */
  readonly workflowInput: Input;
  /** Names the run: the same id is the same run, in this process and in later ones. @defaultValue a UUID */
  readonly workflowInvocationId?: string;
  /**
   * Whether a run of that id goes on where it was left, and one that has ended gives what it ended with,
   * or tries again what it failed at. With `false` a new run begins, beside the old one.
   * @defaultValue true
   */
  readonly resumeFromCheckpoint?: boolean;
  /** Ends the wait; the run stays where it is, for the next call with its id. @defaultValue nobody does */
  readonly signal?: AbortSignal;
}

export interface QueueRun<Input, Output> extends RunRequest<Input> {
  readonly workflow: Workflow<Input, Output> | PlainWorkflow<Input, Output>;
}

export interface NodeQueueRun extends RunRequest<unknown> {
  readonly workflow: NodeWorkflow | readonly WorkflowNode[];
}

const needs: Needs<QueueRun<unknown, unknown>> = {
  workflow: {
    words: "a workflow, a function, a list of nodes or an object with nodes",
    fits: (value) => {
      const { kind, nodes = value } = Object(value) as { kind?: unknown; nodes?: unknown };
      return typeof value === "function" || kind !== undefined || Array.isArray(nodes);
    },
    isRequired: true,
  },
  workflowInput: { words: "anything", fits: () => true, isRequired: true },
  workflowInvocationId: aText,
  resumeFromCheckpoint: aSwitch,
  signal: { words: "an AbortSignal", fits: (value) => value instanceof AbortSignal },
};

/**
 * Runs a workflow in the default runtime, and returns what it returns. Steps are tried again as
 * `updateResilienceConfig({ retry })` says. While policies are off, the workflow runs straight through:
 * nothing is recorded, each step has one attempt, and no folder is opened.
 *
 * @throws {@link RangeError} naming the option that is of a wrong kind, or not known, before anything is
 * recorded; what the workflow throws, as it was recorded; {@link NodesFailedError} where nodes failed;
 * {@link FolderOwnedError} when another process has the folder.
 * @example
 * const report = await resilientQueueRun({
 *   workflow: research,
 *   workflowInput: { topic: "kintsugi" },
 *   workflowInvocationId: "research-7",
 * });
 */
export function resilientQueueRun<Input, Output>(params: QueueRun<Input, Output>): Promise<Output>;
export function resilientQueueRun(params: NodeQueueRun): Promise<Readonly<Record<string, unknown>>>;
export async function resilientQueueRun(
  params: QueueRun<unknown, unknown> | NodeQueueRun,
): Promise<unknown> {
  checkOptions("resilientQueueRun()", params, needs);
  const runtime = defaultRuntime();
  const ends: NodeEnds = { outputs: {}, failures: {}, skipped: [] };
  const job = jobOf(params.workflow, runtime, ends);
  try {
    return await (callRegistry.isEnabled
      ? runtime.use(({ kintsugi }) => recorded(runtime, kintsugi, job, params))
      : straight(runtime, job, params));
  } catch (error) {
    const haveFailed = Object.keys(ends.failures).length > 0 && !params.signal?.aborted;
    throw haveFailed ? new NodesFailedError(ends, error) : error;
  }
}

interface Job {
  readonly workflow: Workflow<unknown, unknown>;
  /** The code of this very run, where the workflow is only a name for it. */
  readonly code: Code | undefined;
}

function jobOf(
  workflow: QueueRun<unknown, unknown>["workflow"] | NodeQueueRun["workflow"],
  { settings, codes }: DefaultRuntime,
  ends: NodeEnds,
): Job {
  const { maxAttempts, initialDelayMs: retryDelay } = settings.retry;
  const tries: StepOptions = { maxAttempts, retryDelay };
  if (typeof workflow === "function") {
    const code: Code = (ctx, input) => ctx.step("run", (step) => workflow(input, step), tries);
    return { workflow: codes.workflow(`${workflow.name || "anonymous"}()`), code };
  }
  if ("kind" in workflow) return { workflow, code: undefined };
  const { name = "nodes", nodes } = "nodes" in workflow ? workflow : { nodes: workflow };
  inOrder(nodes); // Refuses here what would only fail as a run.
  const code: Code = (ctx, input) => runNodes(ctx, nodes, input, tries, ends);
  return { workflow: codes.workflow(`${name}[]`), code };
}

async function recorded(
  { host, codes }: DefaultRuntime,
  kintsugi: Kintsugi,
  { workflow, code }: Job,
  { workflowInput, workflowInvocationId, resumeFromCheckpoint = true, signal }: RunRequest<unknown>,
): Promise<unknown> {
  const wanted = workflowInvocationId ?? host.random.uuid();
  const id = resumeFromCheckpoint ? wanted : await freeId(kintsugi, wanted);
  if (code) codes.give(id, code);
  try {
    const before = await kintsugi.runs.get(id);
    const handle = await kintsugi.start(workflow, workflowInput, { id });
    const run = before?.status === "dead" ? await kintsugi.deadLetters.replay(id) : handle;
    return await run.result(signal);
  } finally {
    if (code) codes.forget(id);
  }
}

/** The next id that no run has: `research-7`, `research-7~2`, `research-7~3`. */
async function freeId(kintsugi: Kintsugi, wanted: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const id = number === 1 ? wanted : `${wanted}~${number}`;
    if (!(await kintsugi.runs.get(id))) return id;
  }
}

async function straight(
  { host }: DefaultRuntime,
  { workflow, code }: Job,
  { workflowInput, workflowInvocationId, signal }: RunRequest<unknown>,
): Promise<unknown> {
  const { clock, random } = host;
  const runId = workflowInvocationId ?? random.uuid();
  const options = { runId, clock, random, signal: signal ?? new AbortController().signal };
  return runStraight(code ? { ...workflow, run: code } : workflow, workflowInput, options);
}
