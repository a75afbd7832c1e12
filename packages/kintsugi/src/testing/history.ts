import type { Engine, RunHistory } from "../workflow/index.ts";

/**
 * What is recorded of a run, as JSON: to be kept beside the code, and tried on each change of it with
 * `replayHistory`. It holds the run's input and the results of its steps in plain text.
 *
 * @throws {@link RunUnknownError}, and a TypeError where the engine cannot do that.
 */
export async function exportHistory(engine: Engine, runId: string): Promise<RunHistory> {
  if (!engine.can.history) {
    throw new TypeError(`The engine "${engine.name}" cannot give the history of a run`);
  }
  return engine.history(runId);
}
