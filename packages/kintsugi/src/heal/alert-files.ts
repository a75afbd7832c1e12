/** One file for each incident that a person has to see: `<folder>/<incident>.json`, as in seed 004. */

import type { Files } from "../host/index.ts";
import { incidentView } from "./incident-facts.ts";
import type { Incident } from "./incident-state.ts";

export class AlertFiles {
  readonly #files: Files;
  readonly #folder: string;

  constructor(files: Files, folder: string) {
    this.#files = files;
    this.#folder = folder;
  }

  write(incident: Incident): void {
    const { openedAtMs, endedAtMs, why, ...view } = incidentView(incident);
    const alert = {
      incident: incident.id,
      why,
      openedAt: new Date(openedAtMs).toISOString(),
      ...(endedAtMs !== null && { endedAt: new Date(endedAtMs).toISOString() }),
      ...view,
    };
    this.#files.makeFolder(this.#folder, 0o700);
    this.#files.writeAtomic(
      this.#pathOf(incident.id),
      `${JSON.stringify(alert, null, 2)}\n`,
      0o600,
    );
  }

  remove(id: string): void {
    this.#files.remove(this.#pathOf(id));
  }

  #pathOf(id: string): string {
    return `${this.#folder}/${id}.json`;
  }
}
