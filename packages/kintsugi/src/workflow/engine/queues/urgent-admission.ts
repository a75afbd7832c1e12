/** The way in for urgent runs: all of them, as soon as the table shows them. */

import { type RunRow, runs } from "../../tables.ts";
import type { AdmissionOptions } from "./admission-options.ts";

/** Rows that are let run in one go. */
const PAGE = 256;

/**
 * Reads on its own, past however many others wait, and begins on its own: what keeps those from
 * beginning must not keep these.
 */
export class UrgentAdmission {
  readonly #options: AdmissionOptions;
  #isStale = false;
  #isFilling = false;
  #isOpen = false;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  open(): void {
    this.#isOpen = true;
  }

  close(): void {
    this.#isOpen = false;
  }

  /** There may be urgent rows that were not there when the table was last read. */
  queued(): void {
    this.#isStale = true;
    void this.#fill();
  }

  async #fill(): Promise<void> {
    if (this.#isFilling) return;
    this.#isFilling = true;
    try {
      while (this.#isOpen && this.#isStale) {
        this.#isStale = false;
        await this.#beginAll();
      }
    } catch (error) {
      this.#options.failed(error);
    } finally {
      this.#isFilling = false;
    }
  }

  async #beginAll(): Promise<void> {
    const { store, workflows, isUrgent, isLive, begin } = this.#options;
    const workflow = workflows().filter(isUrgent);
    let after: RunRow | undefined;
    while (this.#isOpen && workflow.length > 0) {
      const page: readonly RunRow[] = await store.list(runs, {
        where: { phase: ["queued", "suspect"], workflow },
        orderBy: "position",
        limit: PAGE,
        ...(after && { after }),
      });
      const rows = page.filter(({ id }) => !isLive(id));
      if (rows.length > 0) await begin(rows);
      if (page.length < PAGE) return;
      after = page.at(-1);
    }
  }
}
