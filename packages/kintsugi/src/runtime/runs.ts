/** What users of a runtime ask of its runs. */

import { type Engine, RunUnknownError } from "../workflow/index.ts";

export interface Runs extends Pick<Engine, "get" | "list" | "handle" | "fork" | "rewind"> {
  /**
   * Ends a run at its next call, or at once when it waits. One that has ended stays as it is.
   *
   * @throws {@link RunUnknownError}
   */
  cancel(id: string): Promise<void>;
  /**
   * Sends a run a signal, which is kept until the run asks for it.
   *
   * @throws {@link RunUnknownError}, {@link RunStatusError} when the run has ended.
   */
  signal(id: string, name: string, payload?: unknown): Promise<void>;
}

export function runsOf(engine: Engine): Runs {
  const handleOf = async (id: string) => {
    const handle = await engine.handle(id);
    if (handle) return handle;
    throw new RunUnknownError(id);
  };
  return {
    get: (id) => engine.get(id),
    list: (filter) => engine.list(filter),
    handle: (id) => engine.handle(id),
    fork: (id, options) => engine.fork(id, options),
    rewind: (id, options) => engine.rewind(id, options),
    cancel: async (id) => (await handleOf(id)).cancel(),
    signal: async (id, name, payload) => (await handleOf(id)).signal(name, payload),
  };
}
