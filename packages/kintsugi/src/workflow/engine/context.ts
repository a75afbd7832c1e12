/** The context of a run: what its code calls, over the run in memory. */

import { type Duration, durationMs, wholeNumber } from "@kintsugi/policy/base";

import type { StepContext, StepOptions } from "../step-types.ts";
import type { Workflow, WorkflowContext } from "../types.ts";
import { attemptStep } from "./attempts.ts";
import { childIdOf, idempotencyKeyOf } from "./generation.ts";
import type { LiveRun } from "./live-run.ts";
import { failure, type Outcome, success } from "./outcome.ts";
import type { Wait } from "./waits.ts";

const NO_OPTIONS: StepOptions = {};

const NO_DEADLINE = { deadlineMs: null };

const slept: Outcome = success(undefined);

const timeIsUp: Outcome = success(null);

/** Texts of progress are for a line on a screen. */
const MAX_NOTE_LENGTH = 500;

export class RunContext implements WorkflowContext {
  readonly runId: string;
  readonly #run: LiveRun;
  #controller: AbortController | undefined;

  constructor(run: LiveRun) {
    this.runId = run.id;
    this.#run = run;
  }

  get signal(): AbortSignal {
    this.#controller ??= this.#run.signals.open();
    return this.#controller.signal;
  }

  step<T>(
    name: string,
    fn: (context: StepContext) => Promise<T> | T,
    options: StepOptions = NO_OPTIONS,
  ): Promise<T> {
    return handedOut(this.#step(name, fn, options));
  }

  all<T>(
    branches: readonly (() => Promise<T>)[],
    options: { readonly concurrency?: number } = {},
  ): Promise<T[]> {
    return handedOut(this.#all(branches, options));
  }

  sleep(duration: Duration): Promise<void> {
    return handedOut(this.#sleep(duration));
  }

  waitFor<T = unknown>(
    signal: string,
    options: { readonly timeout?: Duration } = {},
  ): Promise<T | null> {
    return handedOut(this.#waitFor<T>(signal, options));
  }

  child<Input, Output>(
    workflow: Workflow<Input, Output>,
    input: Input,
    options: { readonly id?: string } = {},
  ): Promise<Output> {
    return handedOut(this.#child(workflow, input, options));
  }

  now(): Promise<number> {
    return handedOut(this.#value("now", () => this.#run.host.clock.epochMs()));
  }

  random(): Promise<number> {
    return handedOut(this.#value("random", () => this.#run.host.random.next()));
  }

  uuid(): Promise<string> {
    return handedOut(this.#value("uuid", () => this.#run.host.random.uuid()));
  }

  progress(done: number, total: number, note = ""): void {
    this.#run.progress({ done, total, note: note.slice(0, MAX_NOTE_LENGTH) });
  }

  // --- private parts -----------------------------------------------------------------------------

  async #step<T>(
    name: string,
    fn: (context: StepContext) => Promise<T> | T,
    options: StepOptions,
  ): Promise<T> {
    const run = this.#run;
    const entry = run.enter("step", name);
    if (!entry) return run.refuse();
    const recalled = run.recall<T>(entry);
    if (recalled) return recalled;

    const permit = run.permit(name);
    if (permit) await permit;
    if (run.isOver) return run.refuse();
    const { clock, isMeasured } = run.host;
    const startedMs = isMeasured ? clock.monotonicMs() : 0;
    const idempotencyKey = idempotencyKeyOf(run.row, entry.seq);
    const { signals } = run;
    const outcome = await attemptStep({ name, idempotencyKey, fn, options, clock, signals });
    if (isMeasured) this.#measure(name, outcome, clock.monotonicMs() - startedMs);
    return run.record(entry, outcome);
  }

  async #all<T>(
    branches: readonly (() => Promise<T>)[],
    options: { readonly concurrency?: number },
  ): Promise<T[]> {
    const concurrency = wholeNumber(
      "concurrency",
      options.concurrency ?? (branches.length || 1),
      1,
    );
    const results = new Array<PromiseSettledResult<T>>(branches.length);
    let started = 0;
    const lane = async (): Promise<void> => {
      for (let index = started++; index < branches.length; index = started++) {
        const branch = branches[index] as () => Promise<T>;
        results[index] = await settled(branch);
      }
    };
    await Promise.all(Array.from({ length: Math.min(concurrency, branches.length) }, lane));
    return this.#valuesOf(results);
  }

  async #sleep(duration: Duration): Promise<void> {
    const ms = durationMs(duration);
    const run = this.#run;
    const entry = run.enter("sleep", "");
    if (!entry) return run.refuse();
    const deadlineMs = run.host.clock.epochMs() + ms;
    return (
      run.recall<void>(entry) ??
      run.wait<void>(entry, { deadlineMs }, (wait) => run.waits.wakeWhenDue(wait, slept))
    );
  }

  async #waitFor<T>(signal: string, options: { readonly timeout?: Duration }): Promise<T | null> {
    const { timeout } = options;
    const timeoutMs = timeout === undefined ? null : durationMs(timeout);
    const run = this.#run;
    const entry = run.enter("wait", signal);
    if (!entry) return run.refuse();
    const deadlineMs = timeoutMs === null ? null : run.host.clock.epochMs() + timeoutMs;
    const begin = (wait: Wait): void => {
      const letter = run.waits.mail.take(signal); // A signal that came goes before a time that is up.
      if (letter) run.waits.hand(wait, letter);
      else run.waits.wakeWhenDue(wait, timeIsUp);
    };
    return run.recall<T | null>(entry) ?? run.wait<T | null>(entry, { deadlineMs }, begin);
  }

  async #child<Input, Output>(
    workflow: Workflow<Input, Output>,
    input: Input,
    options: { readonly id?: string },
  ): Promise<Output> {
    const run = this.#run;
    const entry = run.enter("child", workflow.name);
    if (!entry) return run.refuse();
    const childId = options.id ?? childIdOf(run.row, entry.seq);
    const begin = async (wait: Wait): Promise<void> => {
      run.waits.wake(wait, await this.#outcomeOf(workflow, input, childId));
    };
    return (
      run.recall<Output>(entry) ??
      run.wait<Output>({ ...entry, childId }, NO_DEADLINE, (wait) => void begin(wait))
    );
  }

  async #value<T>(name: string, make: () => T): Promise<T> {
    const run = this.#run;
    const entry = run.enter("value", name);
    if (!entry) return run.refuse();
    const recalled = run.recall<T>(entry);
    if (recalled) return recalled;
    const room = run.begin();
    if (room) await room;
    if (run.isOver) return run.refuse();
    return run.record(entry, success(make()));
  }

  async #outcomeOf<Input, Output>(
    workflow: Workflow<Input, Output>,
    input: Input,
    id: string,
  ): Promise<Outcome> {
    try {
      const options = { id, parentId: this.runId };
      const child = await this.#run.host.startChild(workflow, input, options);
      return success(await child.result());
    } catch (thrown) {
      return failure(thrown, workflow.name);
    }
  }

  /** The error of the first branch that failed is thrown; a replay has to run all that failed. */
  #valuesOf<T>(results: readonly PromiseSettledResult<T>[]): T[] {
    const failed = results.filter((result) => result.status === "rejected");
    const [first] = failed;
    if (!first) return results.map((result) => (result as PromiseFulfilledResult<T>).value);
    const { blame } = this.#run;
    const error: unknown = first.reason;
    if (failed.length > 1 && typeof error === "object" && error !== null) {
      blame.add(
        error,
        failed.flatMap(({ reason }) => blame.stepsOf(reason)),
      );
    }
    throw error;
  }

  #measure(step: string, { failed }: Outcome, durationMs: number): void {
    const { id: runId, workflow } = this.#run.row;
    const kind = "step ended";
    this.#run.host.measure({ kind, runId, workflow, step, failed: failed === 1, durationMs });
  }
}

/**
 * What code of the user gets, which it may await later or never. How the call ends is recorded, and
 * thrown to whoever awaits it; an error that nobody awaits must not end the whole process.
 */
function handedOut<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {}); // Nothing is lost: who awaits the promise still hears of it.
  return promise;
}

async function settled<T>(branch: () => Promise<T>): Promise<PromiseSettledResult<T>> {
  try {
    return { status: "fulfilled", value: await branch() };
  } catch (reason) {
    return { status: "rejected", reason };
  }
}
