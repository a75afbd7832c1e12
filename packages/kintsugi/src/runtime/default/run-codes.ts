/** Workflows that are only names: the code of each run is given with the run, again in each process. */

import { defineWorkflow, type Workflow } from "../../workflow/index.ts";

export type Code = Workflow<unknown, unknown>["run"];

export class RunCodes {
  readonly #workflows = new Map<string, Workflow<unknown, unknown>>();
  readonly #codes = new Map<string, AwaitedCode>();

  /** One for each name, as an engine wants it. */
  workflow(name: string): Workflow<unknown, unknown> {
    const known = this.#workflows.get(name);
    if (known) return known;
    const made = defineWorkflow<unknown, unknown>(name, async (ctx, input) => {
      // A run of an earlier process, for which nobody has asked yet, waits until somebody does.
      const code = await this.#codeOf(ctx.runId).code.promise;
      return code(ctx, input);
    });
    this.#workflows.set(name, made);
    return made;
  }

  give(runId: string, code: Code): void {
    const awaited = this.#codeOf(runId);
    awaited.askers += 1;
    awaited.code.resolve(code);
  }

  /** Once for each time that it was given: another who asked for the same run may still wait for it. */
  forget(runId: string): void {
    const awaited = this.#codeOf(runId);
    awaited.askers -= 1;
    if (awaited.askers <= 0) this.#codes.delete(runId);
  }

  #codeOf(runId: string): AwaitedCode {
    const known = this.#codes.get(runId) ?? { code: Promise.withResolvers<Code>(), askers: 0 };
    this.#codes.set(runId, known);
    return known;
  }
}

interface AwaitedCode {
  readonly code: PromiseWithResolvers<Code>;
  /** Who has given it and still waits for the run. */
  askers: number;
}
