/** Calls a person: the notifier hears of the incident, and a file about it is written. */

import { type ErrorReporter, notify } from "@kintsugi/policy/base";
import type { AlertFiles } from "./alert-files.ts";
import type { IncidentBook } from "./incident-book.ts";
import { incidentView } from "./incident-facts.ts";
import type { IncidentRow } from "./tables.ts";
import type { Notifier } from "./types.ts";

interface AlarmOptions {
  readonly book: IncidentBook;
  readonly notifier: Notifier | undefined;
  readonly files: AlertFiles | undefined;
  readonly report: ErrorReporter;
}

/** Alert files that are kept; the oldest go. */
const MAX_ALERT_FILES = 200;

export class Alarm {
  readonly #options: AlarmOptions;

  constructor(options: AlarmOptions) {
    this.#options = options;
  }

  /** Gives the alerts that a crash came before. */
  async giveDue(): Promise<void> {
    const due = await this.#options.book.alerted("due", MAX_ALERT_FILES);
    for (const row of due.toReversed()) await this.give(row);
  }

  /** A person is told at least once: it is noted as told afterwards. */
  async give(row: IncidentRow): Promise<void> {
    const { book, notifier, files, report } = this.#options;
    try {
      files?.write(row);
    } catch (error) {
      report(error); // A full disk must not keep the notifier from hearing of it.
    }
    if (notifier) {
      const why = row.why ?? row.summary;
      notify((view) => notifier.notify(view, why), incidentView(row), report);
    }
    await book.mark(row, "given");
    const given = await book.alerted("given", MAX_ALERT_FILES + 1);
    for (const old of given.slice(MAX_ALERT_FILES)) {
      files?.remove(old.id);
      await book.mark(old, "none");
    }
  }
}
