/** The runs that were asked for, as whoever asked for them knows them; and the ledger's answers to their steps. */

import { randomBytes } from "node:crypto";

import { type Order, orderOf, type Plan, START } from "./plan.ts";
import type { Errand } from "./wire.ts";

export interface AskedRun {
  readonly id: string;
  readonly errand: Errand;
  readonly order: Order;
  /** The nonce that came with its input. */
  readonly start: string;
  readonly signals: ReadonlyMap<string, AskedSignal>;
  isAccepted: boolean;
  isEnded: boolean;
  /** Whether it is to be cancelled, and the program has not said yet that it is. */
  isToBeCancelled: boolean;
  /** Crashes in a row, as the program counts them. */
  crashes: number;
}

interface AskedSignal {
  readonly nonce: string;
  /** The program said that it has it. */
  isKept: boolean;
}

/** Crashes in a row from which on a run is spared; ten would quarantine it, as they should. */
const SPARED_CRASHES = 5;

const nonce = (): string => randomBytes(9).toString("base64url");

export class AskedRuns {
  readonly #runs = new Map<string, AskedRun>();
  readonly #refusals = new Map<string, number>();

  get size(): number {
    return this.#runs.size;
  }

  get areEnded(): boolean {
    return this.all().every(({ isEnded }) => isEnded);
  }

  all(): readonly AskedRun[] {
    return [...this.#runs.values()];
  }

  find(id: string): AskedRun | undefined {
    return this.#runs.get(id);
  }

  add(plan: Plan, isToBeCancelled: boolean): AskedRun {
    const id = `run-${this.#runs.size + 1}`;
    const start = `${START}-${nonce()}`;
    const order = orderOf(plan);
    const names = [...order.sources].filter(([, { kind }]) => kind === "signal");
    const signals = new Map(names.map(([name]) => [name, { nonce: nonce(), isKept: false }]));
    const errand: Errand = { root: id, plan, inHand: [start] };
    const nothingYet = { isAccepted: false, isEnded: false, isToBeCancelled, crashes: 0 };
    const run: AskedRun = { id, errand, order, start, signals, ...nothingYet };
    this.#runs.set(id, run);
    return run;
  }

  /** What the ledger says to a step: it refuses as often as the plan wants, whoever asks. */
  answer(run: string, step: string): { readonly nonce: string; readonly isRefused: boolean } {
    const key = `${run} ${step}`;
    const refused = this.#refusals.get(key) ?? 0;
    const isRefused = refused < (this.#runs.get(run)?.order.sources.get(step)?.refusals ?? 0);
    if (isRefused) this.#refusals.set(key, refused + 1);
    return { nonce: nonce(), isRefused };
  }

  /** Those that have crashed so often in a row that the next fault should find them further on. */
  suspects(): readonly AskedRun[] {
    return this.all().filter(({ isEnded, crashes }) => !isEnded && crashes >= SPARED_CRASHES);
  }
}
