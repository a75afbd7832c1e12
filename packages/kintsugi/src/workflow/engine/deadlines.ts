/** Ends runs whose deadline has come, wherever they are: one timer for all, set to the earliest. */

import type { Cancel, Clock } from "@kintsugi/policy/base";

import type { Store } from "../../store/index.ts";
import { NEVER_MS } from "../run-state.ts";
import { type RunRow, runs } from "../tables.ts";

export interface DeadlinesOptions {
  readonly clock: Clock;
  readonly store: Store;
  /** Resolves when the disk knows that the run ends, or has ended before. */
  readonly expire: (runId: string) => Promise<unknown>;
  readonly failed: (error: unknown) => void;
}

const PAGE = 256;

export class Deadlines {
  readonly #options: DeadlinesOptions;
  #ringsAtMs = Infinity;
  #cancel: Cancel = () => {};
  #isOpen = false;

  constructor(options: DeadlinesOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    this.#isOpen = true;
    await this.#ring();
  }

  close(): void {
    this.#isOpen = false;
    this.#cancel();
  }

  /** Rings at `epochMs` at the latest. */
  setFor(epochMs: number): void {
    if (!this.#isOpen || epochMs >= NEVER_MS || epochMs >= this.#ringsAtMs) return;
    this.#cancel();
    this.#ringsAtMs = epochMs;
    const { clock } = this.#options;
    this.#cancel = clock.after(Math.max(0, epochMs - clock.epochMs()), () => void this.#ring());
  }

  async #ring(): Promise<void> {
    this.#ringsAtMs = Infinity;
    try {
      await this.#expireDue();
    } catch (error) {
      this.#options.failed(error);
    }
  }

  /** Ends all whose time is up, and sets the timer for the first whose time is not. */
  async #expireDue(): Promise<void> {
    const { clock, store, expire } = this.#options;
    let after: RunRow | undefined;
    while (this.#isOpen) {
      const page: readonly RunRow[] = await store.list(runs, {
        where: { status: "running" },
        orderBy: "deadlineMs",
        limit: PAGE,
        ...(after && { after }),
      });
      const later = page.findIndex(({ deadlineMs }) => deadlineMs > clock.epochMs());
      const due = later < 0 ? page : page.slice(0, later);
      // Those that end already, and undo their steps, are told again: nothing comes of it.
      await Promise.all(due.map(({ id }) => expire(id)));
      if (later >= 0) return this.setFor(page[later]?.deadlineMs ?? NEVER_MS);
      after = page.at(-1);
      if (page.length < PAGE) return;
    }
  }
}
