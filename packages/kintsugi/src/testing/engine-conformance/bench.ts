/** What the cases of the suite stand on. */

import assert from "node:assert/strict";

import type { Engine, QueueOptions, RunHandle, RunView, Workflow } from "../../workflow/index.ts";

export type AnyWorkflow = Workflow<never, unknown>;

/** An engine that runs, and the time that it lives in. */
export interface EngineBench {
  readonly engine: Engine;
  /** Lets time go by: moves a manual clock, or waits. Zero is enough for what is under way to go on. */
  pass(ms: number): Promise<void>;
  /** Ends what runs and removes all traces. */
  dispose(): Promise<void>;
  /**
   * Ends the engine as a crash of its process would, or in order, and starts the next one on the same
   * state. Missing where an engine cannot be crashed without its tests.
   */
  reopen?(end: "crash" | "stop", workflows: readonly AnyWorkflow[]): Promise<void>;
  /** Sets the wall clock on by so much, or back when negative. Missing where no test can do that. */
  setClock?(ms: number): void;
}

export interface OpenOptions {
  /** Also after it was opened again. @defaultValue only the queue "default", without limits */
  readonly queues?: Readonly<Record<string, QueueOptions>>;
}

export type OpenEngine = (
  workflows: readonly AnyWorkflow[],
  options?: OpenOptions,
) => Promise<EngineBench>;

/** Sentences, and what proves them. */
export type EngineCases = Readonly<Record<string, (open: OpenEngine) => Promise<void>>>;

/** Looks at a promise so often before it is given up, with `PATIENCE_MS` in between. */
const LOOKS = 3_000;
const PATIENCE_MS = 5;

/** What the work comes to, with as much time as it takes. */
export async function settle<T>(bench: EngineBench, work: Promise<T>): Promise<T> {
  let isSettled = false;
  const settled = (): void => {
    isSettled = true;
  };
  work.then(settled, settled);
  await until(bench, () => isSettled);
  return work;
}

/** Lets time go by until `condition` holds. */
export async function until(
  bench: EngineBench,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  await bench.pass(0);
  for (let look = 0; look < LOOKS; look += 1) {
    if (await condition()) return;
    await bench.pass(PATIENCE_MS);
  }
  assert.fail("What the case waits for has not come");
}

/** A case on an engine with these workflows, which is disposed of at its end. */
export async function onEngine(
  open: OpenEngine,
  workflows: readonly AnyWorkflow[],
  check: (bench: EngineBench) => Promise<void>,
  options?: OpenOptions,
): Promise<void> {
  const bench = await open(workflows, options);
  try {
    await check(bench);
  } finally {
    await bench.dispose();
  }
}

export function start<Input, Output>(
  bench: EngineBench,
  workflow: Workflow<Input, Output>,
  input: Input,
  id?: string,
): Promise<RunHandle<Output>> {
  return settle(bench, bench.engine.run(workflow, input, id === undefined ? {} : { id }));
}

export async function resultOf<Input, Output>(
  bench: EngineBench,
  workflow: Workflow<Input, Output>,
  input: Input,
  id?: string,
): Promise<Output> {
  const handle = await start(bench, workflow, input, id);
  return settle(bench, handle.result());
}

/** Starts the workflow alone on an engine of its own, and compares what it comes to. */
export async function comesTo<Output>(
  open: OpenEngine,
  workflow: Workflow<undefined, Output>,
  expected: unknown,
  others: readonly AnyWorkflow[] = [],
): Promise<void> {
  await onEngine(open, [workflow, ...others], async (bench) => {
    assert.deepEqual(await resultOf(bench, workflow, undefined), expected);
  });
}

export async function viewOf(bench: EngineBench, id: string): Promise<RunView> {
  const view = await settle(bench, bench.engine.get(id));
  assert.ok(view, `there is no run "${id}"`);
  return view;
}

/** Waits until the run does nothing but wait. */
export async function untilItWaits(bench: EngineBench, id: string): Promise<void> {
  await until(bench, async () => (await viewOf(bench, id)).waiting);
}

export async function failureOf(work: Promise<unknown>): Promise<Error & { code?: unknown }> {
  const error = await work.then(
    () => assert.fail("It did not fail"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof Error);
  return error;
}

/** What never ends: a step that is in flight when its process crashes. */
export const forever = (): Promise<never> => new Promise(() => {});
