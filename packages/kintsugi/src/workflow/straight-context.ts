/** The context of a workflow that runs without an engine: nothing is recorded, and each step is done once. */

import {
  type Clock,
  type Duration,
  durationMs,
  KintsugiError,
  type Random,
  sleep,
} from "@kintsugi/policy/base";

import { checkInput } from "./engine/accept.ts";
import type { StepContext } from "./step-types.ts";
import type { Workflow, WorkflowContext } from "./types.ts";

export interface StraightOptions {
  readonly runId: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/** Nobody could ever send what the workflow waits for. */
export class SignalUnreachableError extends KintsugiError {
  override readonly name = "SignalUnreachableError";
  readonly code = "KINTSUGI_SIGNAL_UNREACHABLE";

  constructor(signal: string) {
    super(`Nobody can send the signal "${signal}" to a workflow that runs straight through`);
  }
}

/** Runs the code of a workflow as it stands: its steps have one attempt each, and no time limit. */
export async function runStraight<Input, Output>(
  workflow: Workflow<Input, Output>,
  input: Input,
  options: StraightOptions,
): Promise<Output> {
  const checked = await checkInput(workflow, input);
  return workflow.run(new StraightContext(options), checked);
}

class StraightContext implements WorkflowContext {
  readonly runId: string;
  readonly signal: AbortSignal;
  readonly #options: StraightOptions;
  #calls = 0;

  constructor(options: StraightOptions) {
    this.runId = options.runId;
    this.signal = options.signal;
    this.#options = options;
  }

  async step<T>(_name: string, fn: (context: StepContext) => Promise<T> | T): Promise<T> {
    const idempotencyKey = `${this.runId}:${this.#calls}`;
    this.#calls += 1;
    this.signal.throwIfAborted();
    return fn({ signal: this.signal, attempt: 1, idempotencyKey });
  }

  async all<T>(
    branches: readonly (() => Promise<T>)[],
    { concurrency = branches.length }: { readonly concurrency?: number } = {},
  ): Promise<T[]> {
    const ends: PromiseSettledResult<T>[] = [];
    const left = branches.entries();
    const lane = async (): Promise<void> => {
      for (const [index, branch] of left) {
        [ends[index]] = (await Promise.allSettled([branch()])) as [PromiseSettledResult<T>];
      }
    };
    await Promise.all(Array.from({ length: Math.min(concurrency, branches.length) }, lane));
    return ends.map((end) => {
      if (end.status === "rejected") throw end.reason;
      return end.value;
    });
  }

  sleep(duration: Duration): Promise<void> {
    return sleep(this.#options.clock, durationMs(duration), this.signal);
  }

  async waitFor<T>(
    signal: string,
    { timeout }: { readonly timeout?: Duration } = {},
  ): Promise<T | null> {
    if (timeout === undefined) throw new SignalUnreachableError(signal);
    await this.sleep(timeout);
    return null;
  }

  child<Input, Output>(workflow: Workflow<Input, Output>, input: Input): Promise<Output> {
    const runId = `${this.runId}/${this.#calls}`;
    this.#calls += 1;
    return runStraight(workflow, input, { ...this.#options, runId });
  }

  async now(): Promise<number> {
    return this.#options.clock.epochMs();
  }

  async random(): Promise<number> {
    return this.#options.random.next();
  }

  async uuid(): Promise<string> {
    return this.#options.random.uuid();
  }

  progress(): void {}
}
