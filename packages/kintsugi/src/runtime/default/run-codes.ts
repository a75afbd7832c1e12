/** Workflows that are only names: the code of each run is given with the run, again in each process. */

import { defineWorkflow, type Workflow } from "../../workflow/index.ts";

export type Code = Workflow<unknown, unknown>["run"];

export class RunCodes {
  readonly #workflows = new Map<string, Workflow<unknown, unknown>>();
  readonly #codes = new Map<string, PromiseWithResolvers<Code>>();

  /** One for each name, as an engine wants it. */
  workflow(name: string): Workflow<unknown, unknown> {
    const known = this.#workflows.get(name);
    if (known) return known;
    const made = defineWorkflow<unknown, unknown>(name, async (ctx, input) => {
      // A run of an earlier process, for which nobody has asked yet, waits until somebody does.
      const code = await this.#codeOf(ctx.runId).promise;
      return code(ctx, input);
    });
    this.#workflows.set(name, made);
    return made;
  }

  give(runId: string, code: Code): void {
    this.#codeOf(runId).resolve(code);
  }

  forget(runId: string): void {
    this.#codes.delete(runId);
  }

  #codeOf(runId: string): PromiseWithResolvers<Code> {
    const known = this.#codes.get(runId) ?? Promise.withResolvers<Code>();
    this.#codes.set(runId, known);
    return known;
  }
}
