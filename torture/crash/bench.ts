/** What a mode of the torture works on: a folder, the program in one file, and what was found so far. */

import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

import type { Violation } from "./told.ts";
import { Trial, type TrialOptions } from "./trial.ts";
import type { Orders } from "./wire.ts";

export interface Figures {
  lives: number;
  accepted: number;
  ended: number;
  effects: number;
  /** Of steps in flight at a fault: they may run again. */
  repeats: number;
  /** Faults by the kind of their moment. */
  readonly struck: Map<string, number>;
}

type Place = Pick<TrialOptions, "file" | "workload">;

export class Bench {
  readonly seed: string;
  readonly folder: string;
  readonly violations: Violation[] = [];
  readonly figures: Figures = {
    lives: 0,
    accepted: 0,
    ended: 0,
    effects: 0,
    repeats: 0,
    struck: new Map(),
  };
  readonly #bundle: string;
  readonly #broken: string | null;
  readonly #durability: Orders["durability"] = "power";

  constructor(options: { seed: string; folder: string; bundle: string; broken: string | null }) {
    this.seed = options.seed;
    this.folder = options.folder;
    this.#bundle = options.bundle;
    this.#broken = options.broken;
  }

  /** Does `work` on a program of its own, and adds up what it came to. False when that was bad. */
  async attempt(
    name: string,
    place: Place,
    work: (trial: Trial) => Promise<void>,
  ): Promise<boolean> {
    const trial = await Trial.begin({
      ...place,
      seed: this.seed,
      bundle: this.#bundle,
      broken: this.#broken,
      durability: this.#durability,
    });
    try {
      await work(trial);
    } finally {
      await trial.end();
      this.#add(name, place.file, trial);
    }
    if (trial.isGuilty) return false;
    const finding = wholeness(place.file);
    if (finding) this.violations.push({ kind: "broke", sentence: `${name}: ${finding}` });
    return finding === undefined;
  }

  #add(name: string, file: string, { judge, lives, struck }: Trial): void {
    const { figures } = this;
    figures.lives += lives;
    figures.accepted += judge.accepted;
    figures.ended += judge.ended;
    figures.effects += judge.effects;
    figures.repeats += judge.repeats;
    for (const [kind, count] of struck) {
      figures.struck.set(kind, (figures.struck.get(kind) ?? 0) + count);
    }
    for (const { kind, sentence } of judge.violations) {
      this.violations.push({ kind, sentence: `${name}: ${sentence}` });
    }
    if (judge.violations.some(({ kind }) => kind === "stuck")) {
      for (const sentence of openRows(file)) this.violations.push({ kind: "stuck", sentence });
    }
  }
}

/** What the rows say of the runs that have not ended, for whoever looks for the reason. */
function openRows(file: string): readonly string[] {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const rows = database
      .prepare(
        `SELECT id, phase, position, crashes,
           (SELECT count(*) FROM steps WHERE runId = id AND ordinal IS NOT NULL) AS recorded,
           (SELECT group_concat(kind || ' ' || name) FROM steps WHERE runId = id AND ordinal IS NULL) AS waits,
           (SELECT group_concat(name) FROM signals WHERE runId = id) AS kept
         FROM runs WHERE status = 'running' LIMIT 8`,
      )
      .all();
    return rows.map(
      ({ id, phase, position, crashes, recorded, waits, kept }) =>
        `${id} is ${phase} at ${position} with ${recorded} steps recorded and ${crashes} crashes; ` +
        `it waits for ${waits ?? "nothing that is written"}; signals kept: ${kept ?? "none"}`,
    );
  } catch (error) {
    return [`The rows cannot be read: ${error}`];
  } finally {
    database.close();
  }
}

/** What SQLite finds wrong with the file, now that nobody has it open. */
function wholeness(file: string): string | undefined {
  if (!existsSync(file)) return `there is no ${file}`;
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const { integrity_check: finding } = database.prepare("PRAGMA integrity_check").get() ?? {};
    return finding === "ok" ? undefined : `the file is corrupt: ${finding}`;
  } finally {
    database.close();
  }
}
