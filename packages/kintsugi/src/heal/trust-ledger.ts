/** Who is trusted how much: in memory, and stored with the end of the incident that moved it. */

import { type Change, fact, put, type Store } from "../store/index.ts";
import { trustTable } from "./tables.ts";
import {
  afterOutcome,
  type TrustState,
  trustMean,
  trustView,
  unknownTrust,
} from "./trust-state.ts";
import type { TrustView } from "./types.ts";

/** The healer as a whole, as seed 004 calls it. */
export const SELF_HEALING = "self_healing";

export const playbookSubject = (playbook: string): string => `playbook:${playbook}`;

/** A move that is not stored yet: commit `changes`, then call `keep`. */
export interface TrustMove {
  readonly changes: readonly Change[];
  keep(): void;
}

export class TrustLedger {
  readonly #store: Store;
  readonly #states = new Map<string, TrustState>();

  constructor(store: Store) {
    this.#store = store;
  }

  async load(): Promise<void> {
    const rows = await this.#store.list(trustTable, { limit: 10_000 });
    for (const { subject, ...state } of rows) this.#states.set(subject, state);
  }

  view(subject: string): TrustView {
    return trustView(subject, this.#states.get(subject) ?? unknownTrust);
  }

  all(): readonly TrustView[] {
    return [...this.#states.keys()].toSorted().map((subject) => this.view(subject));
  }

  move(subjects: readonly string[], isSuccess: boolean, reason: string, atMs: number): TrustMove {
    const moved = subjects.map((subject) => {
      const before = this.#states.get(subject) ?? unknownTrust;
      return { subject, before, after: afterOutcome(before, isSuccess) };
    });
    return {
      changes: moved.flatMap(({ subject, before, after }) => {
        const mean = trustMean(after);
        const delta = mean - trustMean(before);
        return [
          put(trustTable, { subject, ...after }),
          fact("trust.moved", atMs, { component: subject, delta, reason, mean }),
        ];
      }),
      keep: () => {
        for (const { subject, after } of moved) this.#states.set(subject, after);
      },
    };
  }
}
