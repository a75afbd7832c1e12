/** Those who wait for runs to end, and what they are told. */

import { RunCancelledError, RunDeadlineError, RunQuarantinedError } from "../errors.ts";
import type { RunRow } from "../tables.ts";
import { settle } from "./outcome.ts";

/** One promise for each run that somebody waits for, however many they are. */
export class Results {
  readonly #ended: (runId: string) => void;
  readonly #awaited = new Map<string, PromiseWithResolvers<unknown>>();

  /** `ended` hears of each run that is over, whether somebody waits for it or not. */
  constructor(ended: (runId: string) => void) {
    this.#ended = ended;
  }

  /** Resolves when {@link tell} is called for the run. */
  of(id: string): Promise<unknown> {
    let awaited = this.#awaited.get(id);
    if (!awaited) {
      awaited = Promise.withResolvers();
      awaited.promise.catch(() => {}); // Whoever waited may have gone; who waits still hears of it.
      this.#awaited.set(id, awaited);
    }
    return awaited.promise;
  }

  /** Tells those who wait what has become of the run, if it is over. */
  tell(row: RunRow): void {
    if (row.status !== "running") this.#ended(row.id);
    const awaited = this.#awaited.get(row.id);
    if (!awaited) return;
    const result = resultOf(row);
    if (!result) return;
    this.#awaited.delete(row.id);
    awaited.resolve(result);
  }

  /** Tells all that nothing more will come. */
  fail(error: unknown): void {
    for (const { reject } of this.#awaited.values()) reject(error);
    this.#awaited.clear();
  }
}

/** What a run has come to. Undefined while it is not over. */
function resultOf(row: RunRow): Promise<unknown> | undefined {
  const { id, status, outcome, deadReason } = row;
  if (status === "running") return undefined;
  if (status === "cancelled") return Promise.reject(new RunCancelledError(id));
  if (deadReason === "quarantined") {
    const { crashes, error, stepsRecorded } = row;
    const step = error?.step ?? null;
    return Promise.reject(new RunQuarantinedError(id, crashes, step, stepsRecorded));
  }
  if (deadReason === "deadline") return Promise.reject(new RunDeadlineError(id, row.deadlineMs));
  const failed = status === "dead" ? 1 : 0;
  return new Promise((resolve, reject) =>
    settle({ failed, text: outcome ?? "null" }, resolve, reject),
  );
}
