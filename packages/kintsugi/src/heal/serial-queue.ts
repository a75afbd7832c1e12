/** One thing after the other: whoever changes incidents sees what the one before has left. */

import { type ErrorReporter, toError } from "@kintsugi/policy/base";

/** More waiting than this means that nothing moves: a full disk, mostly. What comes then is let go. */
const MAX_WAITING = 10_000;

export class SerialQueue {
  readonly #report: ErrorReporter;
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;
  #isClosed = false;

  constructor(report: ErrorReporter) {
    this.#report = report;
  }

  /**
   * Does `task` in its turn. Never rejects: its error is reported. Nothing is done after `close`.
   *
   * @param onLetGo - called when too much waits, and the task will not be done
   */
  add(task: () => Promise<void>, onLetGo: () => void = () => {}): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    if (this.#waiting >= MAX_WAITING) {
      this.#report(new Error(`${MAX_WAITING} changes of incidents wait: one was let go`));
      onLetGo();
      return Promise.resolve();
    }
    this.#waiting += 1;
    this.#tail = this.#tail.then(() => this.#do(task));
    return this.#tail;
  }

  /** Lets the task in hand end, and starts no other. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#tail;
  }

  async #do(task: () => Promise<void>): Promise<void> {
    this.#waiting -= 1;
    if (this.#isClosed) return;
    try {
      await task();
    } catch (error) {
      this.#report(toError(error));
    }
  }
}
