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
import { BranchLostError } from "./errors.ts";
import type { StepContext, UndoableStep } from "./step-types.ts";
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

/** Without an engine there is no store. */
export class TablesUnreachableError extends KintsugiError {
  override readonly name = "TablesUnreachableError";
  readonly code = "KINTSUGI_TABLES_UNREACHABLE";

  constructor(transaction: string) {
    super(
      `There are no tables for the transaction "${transaction}" of a workflow that runs straight through`,
    );
  }
}

/** Runs the code of a workflow as it stands: its steps have one attempt each, and no time limit. */
export async function runStraight<Input, Output>(
  workflow: Workflow<Input, Output>,
  input: Input,
  options: StraightOptions,
): Promise<Output> {
  const checked = await checkInput(workflow, input);
  const undos: (() => Promise<void> | void)[] = [];
  try {
    return await workflow.run(new StraightContext(options, { calls: 0, undos }), checked);
  } catch (error) {
    for (const undo of undos.reverse()) await undo();
    throw error;
  }
}

interface Shared {
  /** Calls that the code has made. */
  calls: number;
  /** How what the code has done is undone, in the order in which it was done. */
  readonly undos: (() => Promise<void> | void)[];
}

class StraightContext implements WorkflowContext {
  readonly runId: string;
  readonly signal: AbortSignal;
  readonly #options: StraightOptions;
  /** What all contexts of the run share. */
  readonly #shared: Shared;
  #hasLost = false;

  constructor(options: StraightOptions, shared: Shared) {
    this.runId = options.runId;
    this.signal = options.signal;
    this.#options = options;
    this.#shared = shared;
  }

  step<T>(
    _name: string,
    work: ((context: StepContext) => Promise<T> | T) | UndoableStep<T>,
  ): Promise<T> {
    return this.#unlessLost(async () => {
      const idempotencyKey = `${this.runId}:${this.#nextCall()}`;
      this.signal.throwIfAborted();
      const context = { signal: this.signal, attempt: 1, idempotencyKey };
      if (typeof work === "function") return work(context);
      const result = await work.run(context);
      this.#shared.undos.push(() =>
        work.undo(result, { ...context, idempotencyKey: `${idempotencyKey}:undo` }),
      );
      return result;
    });
  }

  async all<T>(
    branches: readonly ((ctx: WorkflowContext) => Promise<T>)[],
    { concurrency = branches.length }: { readonly concurrency?: number } = {},
  ): Promise<T[]> {
    const ends: PromiseSettledResult<T>[] = [];
    const left = branches.entries();
    const lane = async (): Promise<void> => {
      for (const [index, branch] of left) {
        [ends[index]] = (await Promise.allSettled([branch(this)])) as [PromiseSettledResult<T>];
      }
    };
    await Promise.all(Array.from({ length: Math.min(concurrency, branches.length) }, lane));
    return ends.map((end) => {
      if (end.status === "rejected") throw end.reason;
      return end.value;
    });
  }

  async race<T>(branches: readonly ((ctx: WorkflowContext) => Promise<T>)[]): Promise<T> {
    if (branches.length === 0) throw new RangeError("ctx.race needs at least one branch, got none");
    const sides = branches.map((branch) => {
      const end = new AbortController();
      const signal = AbortSignal.any([this.signal, end.signal]);
      const ctx = new StraightContext({ ...this.#options, signal }, this.#shared);
      return { branch, end, ctx };
    });
    const lose = (winner: StraightContext): void => {
      for (const { ctx, end } of sides) if (ctx !== winner) ctx.#lose(end);
    };
    return this.#unlessLost(() =>
      Promise.race(
        sides.map(async ({ branch, ctx }) => {
          try {
            return await branch(ctx);
          } finally {
            if (!ctx.#hasLost) lose(ctx);
          }
        }),
      ),
    );
  }

  sleep(duration: Duration): Promise<void> {
    return this.#unlessLost(() => sleep(this.#options.clock, durationMs(duration), this.signal));
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
    return this.#unlessLost(() => {
      const runId = `${this.runId}/${this.#nextCall()}`;
      return runStraight(workflow, input, { ...this.#options, signal: this.signal, runId });
    });
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

  async transact<T>(name: string): Promise<T> {
    throw new TablesUnreachableError(name);
  }

  async emit(): Promise<void> {}

  async tag(): Promise<void> {}

  async patched(): Promise<boolean> {
    return true;
  }

  progress(): void {}

  // --- private parts -----------------------------------------------------------------------------

  #nextCall(): number {
    this.#shared.calls += 1;
    return this.#shared.calls - 1;
  }

  #lose(end: AbortController): void {
    this.#hasLost = true;
    end.abort(new BranchLostError(this.runId));
  }

  /** Calls of a branch that has lost its race come to nothing, and so do those that it waits for. */
  #unlessLost<T>(call: () => Promise<T>): Promise<T> {
    if (this.#hasLost) return new Promise(() => {});
    return new Promise((resolve, reject) => {
      call().then(
        (value) => {
          if (!this.#hasLost) resolve(value);
        },
        (error: unknown) => {
          if (!this.#hasLost) reject(error);
        },
      );
    });
  }
}
