/** What can be seen of a program that does all as promised and is killed often: a model, for the judge's tests. */

import { type Random, seededRandom } from "@kintsugi/policy/base";
import { makePlan, type Order, orderOf, type Plan, type Source } from "./plan.ts";
import type { Told } from "./told.ts";

/** One run to its end. */
export const soundHistory = (seed: number): readonly Told[] => {
  const random = seededRandom(seed);
  return new SoundProgram(makePlan(random), random).play();
};

class SoundProgram {
  readonly told: Told[] = [];
  readonly #order: Order;
  readonly #random: Random;
  readonly #recorded = new Map<string, string>();
  readonly #refusals = new Map<string, number>();
  /** Told failures of steps in this life. */
  #here = new Map<string, number>();
  #ran = new Set<string>();
  #life = 1;
  #nonces = 0;

  constructor(plan: Plan, random: Random) {
    this.#random = random;
    this.#order = orderOf(plan);
    this.told.push({ kind: "submitted", run: "r", start: "the input", plan });
    this.told.push({ kind: "owns", life: 1 }, { kind: "accepted", run: "r", life: 1 });
    this.#recorded.set("start", "the input");
  }

  play(): readonly Told[] {
    for (;;) {
      const ready = [...this.#order.sources].filter((one) => this.#isReady(...one));
      const [name, source] = ready[Math.floor(this.#random.next() * ready.length)] ?? [];
      if (name === undefined || source === undefined) break;
      if (source.kind === "step") this.#step(name, source);
      else if (source.kind === "race") this.#recorded.set(name, this.#won(source) ?? "");
      else this.#given(name, source.kind);
      if (this.#random.next() < 0.2) this.#crash();
    }
    const result = this.#order.last.map((name) => this.#recorded.get(name) ?? "");
    this.told.push({ kind: "ended", run: "r", life: this.#life, result });
    this.told.push({ kind: "seen", run: "r", life: this.#life, status: "completed", why: "" });
    this.told.push({ kind: "over" });
    return this.told;
  }

  #isReady(name: string, source: Source): boolean {
    if (this.#recorded.has(name)) return false;
    if (source.race !== undefined && this.#recorded.has(source.race)) return false;
    if (source.kind === "race") return this.#won(source) !== undefined;
    return source.after.every((one) => this.#recorded.has(one));
  }

  /** The nonce of a branch that has ended. */
  #won({ candidates }: Source): string | undefined {
    const winner = candidates.find((one) => this.#recorded.has(one));
    return winner === undefined ? undefined : this.#recorded.get(winner);
  }

  #given(name: string, kind: Source["kind"]): void {
    this.#recorded.set(name, `${kind} ${name}`);
    if (kind !== "signal") return;
    this.told.push({ kind: "signal", run: "r", name, nonce: `${kind} ${name}` });
  }

  #step(name: string, { after, attempts, refusals }: Source): void {
    if (this.#ran.has(name)) {
      this.#record(name); // Its answer is in hand, and now on the disk.
      return;
    }
    const here = this.#here.get(name) ?? 0;
    const before = this.#refusals.get(name) ?? 0;
    const isRefused = before < refusals;
    const isAnswered = this.#random.next() < 0.9;
    const nonce = `nonce ${++this.#nonces}`;
    const quotes = after.map((one) => this.#recorded.get(one) ?? "");
    const [life, attempt, key] = [this.#life, here + 1, `key of ${name}`];
    const place = { run: "r", step: name, key, life, attempt };
    this.told.push({ kind: "effect", ...place, quotes, nonce, isRefused, isAnswered });
    if (!isAnswered) {
      this.#crash();
      return;
    }
    if (isRefused) {
      this.#here.set(name, here + 1);
      this.#refusals.set(name, before + 1);
      if (here + 1 < attempts) return;
    }
    this.#ran.add(name);
    this.#answers.set(name, nonce);
    if (this.#random.next() < 0.5) this.#record(name);
  }

  readonly #answers = new Map<string, string>();

  #record(name: string): void {
    this.#recorded.set(name, this.#answers.get(name) ?? "");
  }

  #crash(): void {
    this.told.push({ kind: "gone", life: this.#life });
    this.#life += 1;
    this.#ran = new Set();
    this.#here = new Map();
    this.told.push({ kind: "owns", life: this.#life });
    this.told.push({ kind: "seen", run: "r", life: this.#life, status: "running", why: "" });
  }
}
