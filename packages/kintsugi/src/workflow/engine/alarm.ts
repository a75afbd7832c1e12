/** Wakes runs that wait as rows: one timer for all of them, set to the earliest. */

import type { Cancel, Clock } from "@kintsugi/policy/base";

import type { Store } from "../../store/index.ts";
import { NEVER_MS } from "../run-state.ts";
import { type RunRow, runs } from "../tables.ts";

export interface AlarmOptions {
  readonly clock: Clock;
  readonly store: Store;
  /** Runs in memory have timers of their own. */
  readonly isLive: (runId: string) => boolean;
  /** Resolves when the disk knows that these are due. */
  readonly wake: (rows: readonly RunRow[]) => Promise<unknown>;
  readonly failed: (error: unknown) => void;
}

const PAGE = 256;

export class Alarm {
  readonly #options: AlarmOptions;
  #ringsAtMs = Infinity;
  #cancel: Cancel = () => {};
  #isOpen = false;

  constructor(options: AlarmOptions) {
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
      await this.#wakeDue();
    } catch (error) {
      this.#options.failed(error);
    }
  }

  /** Wakes all whose time has come, and sets the timer for the first whose time has not. */
  async #wakeDue(): Promise<void> {
    const { clock, store, isLive, wake } = this.#options;
    let after: RunRow | undefined;
    while (this.#isOpen) {
      const page: readonly RunRow[] = await store.list(runs, {
        where: { phase: "waiting" },
        orderBy: "position",
        limit: PAGE,
        ...(after && { after }),
      });
      const parked = page.filter(({ id }) => !isLive(id));
      const later = parked.findIndex(({ position }) => position > clock.epochMs());
      await wake(later < 0 ? parked : parked.slice(0, later));
      if (later >= 0) return this.setFor(parked[later]?.position ?? NEVER_MS);
      after = page.at(-1);
      if (page.length < PAGE) return;
    }
  }
}
