/**
 * The judge: hears, in order, all that can be seen of a program from outside, and says what must not be.
 *
 * Nothing in it trusts the program. Each effect was answered with a nonce that nobody can guess, and the
 * code of the workflow quotes, with each effect, the nonces of what came before it. So a quoted nonce
 * proves that the result which it is was recorded, and from then on that step must never be seen again.
 * The step that is in flight at a crash may be seen again, once for each life; nothing else may.
 */

import { type Order, orderOf, type Plan } from "./plan.ts";
import type { Effect, Told, Violation, ViolationKind } from "./told.ts";

interface Nonce {
  readonly run: string;
  readonly step: string;
  readonly life: number;
  readonly isRefused: boolean;
  readonly isAnswered: boolean;
}

interface StepSeen {
  /** All nonces that it got, the oldest first. */
  readonly nonces: string[];
  readonly key: string;
  /** The nonce that its dependants quote, and who quoted it first. */
  recorded: { readonly nonce: string; readonly by: string } | undefined;
}

interface RunSeen {
  readonly order: Order;
  readonly start: string;
  readonly signals: Map<string, string>;
  readonly values: Map<string, string>;
  /** Who won each race that is decided, and in which life that was first seen. */
  readonly races: Map<string, { readonly winner: string; readonly life: number }>;
  readonly steps: Map<string, StepSeen>;
  isAccepted: boolean;
  mayBeCancelled: boolean;
  /** The life that first said that it is cancelled. */
  cancelledIn: number | undefined;
  result: readonly string[] | undefined;
  /** The life that gave the result. */
  endedIn: number;
}

export class Judge {
  /** In the order in which they were found. */
  readonly violations: Violation[] = [];
  /** Grows with whatever is new: a run, an end, the first effect of a step. */
  progress = 0;
  effects = 0;
  /** Effects of steps that had been seen before and may run again. */
  repeats = 0;
  accepted = 0;
  ended = 0;
  readonly #runs = new Map<string, RunSeen>();
  readonly #nonces = new Map<string, Nonce>();
  readonly #owners = new Set<number>();
  #newestOwner = 0;

  hear(told: Told): void {
    switch (told.kind) {
      case "submitted":
        this.#submitted(told.run, told.start, told.plan);
        break;
      case "accepted":
        this.#accepted(told.run);
        break;
      case "signal":
        this.#runs.get(told.run)?.signals.set(told.name, told.nonce);
        break;
      case "to be cancelled":
        this.#mayBeCancelled(told.run);
        break;
      case "owns":
        this.#owns(told.life);
        break;
      case "gone":
        this.#owners.delete(told.life);
        break;
      case "effect":
        this.#effect(told);
        break;
      case "seen":
        this.#seen(told.run, told.status, told.why, told.life);
        break;
      case "ended":
        this.#ended(told.run, told.result, told.life);
        break;
      case "over":
        this.#over();
        break;
    }
  }

  /** Accepted, and not ended. */
  openRuns(): readonly string[] {
    const isOpen = (run: RunSeen): boolean =>
      run.isAccepted && !run.result && run.cancelledIn === undefined;
    return [...this.#runs].filter(([, run]) => isOpen(run)).map(([id]) => id);
  }

  // --- runs --------------------------------------------------------------------------------------

  #submitted(id: string, start: string, plan: Plan): void {
    if (this.#runs.has(id)) return; // The same run again: its fate was not known.
    this.#runs.set(id, {
      order: orderOf(plan),
      start,
      signals: new Map(),
      values: new Map(),
      races: new Map(),
      steps: new Map(),
      isAccepted: false,
      mayBeCancelled: false,
      cancelledIn: undefined,
      result: undefined,
      endedIn: 0,
    });
  }

  #accepted(id: string): void {
    const run = this.#runs.get(id);
    if (!run) {
      this.#found("invented", `Run ${id} was accepted though nobody asked for it`);
      return;
    }
    if (run.isAccepted) return;
    run.isAccepted = true;
    this.accepted += 1;
    this.progress += 1;
  }

  #seen(id: string, status: string, why: string, life: number): void {
    const run = this.#runs.get(id);
    if (!run) {
      this.#found("invented", `Run ${id} is there though nobody asked for it`);
      return;
    }
    if (status === "unknown") {
      if (run.isAccepted)
        this.#found("lost", `Run ${id} was accepted and life ${life} has no such run`);
      return;
    }
    const before =
      run.cancelledIn === undefined
        ? `ended in life ${run.endedIn}`
        : `been cancelled in life ${run.cancelledIn}`;
    if (status === "cancelled" && run.mayBeCancelled && !run.result) {
      if (run.cancelledIn === undefined) [run.cancelledIn, this.ended] = [life, this.ended + 1];
    } else if (status === "dead" || status === "cancelled") {
      this.#found("died", `Run ${id} is ${status} though nothing in it should end it: ${why}`);
    } else if (run.cancelledIn !== undefined || (status !== "completed" && run.result)) {
      this.#found("unstable", `Run ${id} had ${before} and is ${status} in life ${life}`);
    }
  }

  #mayBeCancelled(id: string): void {
    const run = this.#runs.get(id);
    if (run) run.mayBeCancelled = true;
  }

  #ended(id: string, result: readonly string[], life: number): void {
    const run = this.#runs.get(id);
    if (!run) {
      this.#found("invented", `Run ${id} ended though nobody asked for it`);
      return;
    }
    if (run.result === undefined) {
      this.ended += 1;
      this.progress += 1;
      run.result = result;
      run.endedIn = life;
      this.#quoted(id, run, run.order.last, result, `the result in life ${life}`);
    } else if (run.result.join() !== result.join()) {
      const was = `[${run.result}], and in life ${life} [${result}]`;
      this.#found("unstable", `Run ${id} had ended with ${was}`);
    }
  }

  #over(): void {
    for (const id of this.openRuns()) {
      this.#found("lost", `Run ${id} was accepted and never ended`);
    }
  }

  // --- owners ------------------------------------------------------------------------------------

  #owns(life: number): void {
    for (const other of this.#owners) {
      this.#found("zombie", `Life ${life} got the folder while life ${other}, its owner, lived`);
    }
    this.#owners.add(life);
    this.#newestOwner = Math.max(this.#newestOwner, life);
  }

  // --- effects -----------------------------------------------------------------------------------

  #effect(effect: Effect): void {
    const { run: id, step, life, nonce, isRefused, isAnswered } = effect;
    this.effects += 1;
    this.#nonces.set(nonce, { run: id, step, life, isRefused, isAnswered });
    const where = `Step ${step} of run ${id}`;
    if (life !== this.#newestOwner) {
      const owner = `life ${this.#newestOwner} has the folder`;
      this.#found("zombie", `${where} had an effect in life ${life} though ${owner}`);
      return;
    }
    const run = this.#runs.get(id);
    const source = run?.order.sources.get(step);
    if (!run || source?.kind !== "step") {
      this.#found("invented", `${where} had an effect and is in no plan`);
      return;
    }
    const seen = this.#stepOf(run, step, effect);
    this.#mayRun(where, run, seen, effect);
    const race = source.race === undefined ? undefined : run.races.get(source.race);
    if (race && life > race.life) {
      const decided = `though its race was decided in life ${race.life}`;
      this.#found("repeated", `${where} ran in life ${life} ${decided}`);
    }
    this.#mayTry(where, source.attempts, seen, effect);
    seen.nonces.push(nonce);
    this.#quoted(id, run, source.after, effect.quotes, `step ${step} in life ${life}`);
  }

  #stepOf(run: RunSeen, step: string, { key }: Effect): StepSeen {
    const known = run.steps.get(step);
    if (known) return known;
    this.progress += 1;
    const seen: StepSeen = { nonces: [], key, recorded: undefined };
    run.steps.set(step, seen);
    return seen;
  }

  #mayRun(where: string, run: RunSeen, seen: StepSeen, { life }: Effect): void {
    if (run.result) {
      this.#found("repeated", `${where} ran in life ${life} though the run had ended`);
      return;
    }
    if (run.cancelledIn !== undefined && life > run.cancelledIn) {
      const end = `though the run was cancelled in life ${run.cancelledIn}`;
      this.#found("unstable", `${where} ran in life ${life} ${end}`);
      return;
    }
    if (seen.recorded) {
      const proof = `though ${seen.recorded.by} had quoted its result`;
      this.#found("repeated", `${where} ran again in life ${life} ${proof}`);
      return;
    }
    const before = this.#noncesOf(seen).find((one) => one.life === life && !one.isRefused);
    if (before) this.#found("repeated", `${where} ran twice in life ${life} without a failure`);
    else if (this.#noncesOf(seen).some((one) => one.life !== life)) this.repeats += 1;
  }

  #mayTry(where: string, attempts: number, seen: StepSeen, effect: Effect): void {
    const { life, attempt, key } = effect;
    const refused = this.#noncesOf(seen).filter((one) => one.isRefused && one.isAnswered);
    const here = refused.filter((one) => one.life === life).length;
    if (here >= attempts) {
      this.#found(
        "attempts",
        `${where} was tried ${here + 1} times in life ${life}, not ${attempts}`,
      );
    }
    // What was refused in an earlier life may be remembered or not; a crash is no attempt in any case.
    if (attempt < here + 1 || attempt > refused.length + 1) {
      const said = `called itself attempt ${attempt} in life ${life}`;
      this.#found("attempts", `${where} ${said} after ${refused.length} told failures`);
    }
    if (key !== seen.key) {
      this.#found("unstable", `${where} had the key ${seen.key}, and ${key} in life ${life}`);
    }
  }

  #noncesOf({ nonces }: StepSeen): readonly Nonce[] {
    return nonces.flatMap((nonce) => this.#nonces.get(nonce) ?? []);
  }

  // --- quotes ------------------------------------------------------------------------------------

  #quoted(
    id: string,
    run: RunSeen,
    names: readonly string[],
    quotes: readonly string[],
    by: string,
  ): void {
    if (quotes.length !== names.length) {
      const held = `${quotes.length} results where ${names.length} come before it`;
      this.#found("reordered", `In run ${id}, ${by} held ${held}`);
      return;
    }
    for (const [index, name] of names.entries()) {
      this.#quote(id, run, name, quotes[index] ?? "", by);
    }
  }

  #quote(id: string, run: RunSeen, name: string, quote: string, by: string): void {
    const where = `In run ${id}, ${by} held`;
    switch (run.order.sources.get(name)?.kind) {
      case "start":
        if (quote !== run.start) this.#wrong(where, "the input", quote);
        return;
      case "signal":
        if (quote !== run.signals.get(name)) this.#wrong(where, `signal ${name}`, quote);
        return;
      case "value": {
        const before = run.values.get(name);
        run.values.set(name, before ?? quote);
        if (before === undefined || before === quote) return;
        this.#found("unstable", `${where} ${quote} as value ${name}, which was ${before}`);
        return;
      }
      case "race":
        this.#quoteOfRace(where, run, name, quote, by);
        return;
      default: {
        this.#quoteOfStep(where, run, name, quote, by);
        return;
      }
    }
  }

  #quoteOfRace(where: string, run: RunSeen, name: string, quote: string, by: string): void {
    const candidates = run.order.sources.get(name)?.candidates ?? [];
    const winner = candidates.find((one) => run.steps.get(one)?.nonces.includes(quote));
    if (winner === undefined) {
      this.#wrong(where, `race ${name}`, quote);
      return;
    }
    const before = run.races.get(name);
    if (before && before.winner !== winner) {
      const other = `which ${before.winner} had won`;
      this.#found("unstable", `${where} the result of ${winner} as that of race ${name}, ${other}`);
    }
    run.races.set(name, before ?? { winner, life: this.#newestOwner });
    this.#quoteOfStep(where, run, winner, quote, by);
  }

  #quoteOfStep(where: string, run: RunSeen, name: string, quote: string, by: string): void {
    const seen = run.steps.get(name);
    if (!seen) {
      this.#found("reordered", `${where} a result of step ${name}, which had not run yet`);
      return;
    }
    if (!seen.nonces.includes(quote)) {
      this.#wrong(where, `step ${name}`, quote);
      return;
    }
    if (seen.recorded && seen.recorded.nonce !== quote) {
      const before = `${seen.recorded.by} had held ${seen.recorded.nonce}`;
      const now = `${quote} as the result of step ${name}`;
      this.#found("unstable", `${where} ${now}; ${before}`);
      return;
    }
    if (this.#nonces.get(quote)?.isAnswered === false) {
      this.#found("invented", `${where} a nonce of step ${name} that was never told`);
      return;
    }
    if (seen.recorded) return;
    seen.recorded = { nonce: quote, by };
    if (quote !== seen.nonces.at(-1)) {
      this.#found("repeated", `${where} a result of step ${name}, which had run again after that`);
    }
    this.#mustHaveFailed(where, run, name, quote);
  }

  /** A failure is recorded when all attempts were told that they failed: a crash uses up none. */
  #mustHaveFailed(where: string, run: RunSeen, name: string, quote: string): void {
    if (!this.#nonces.get(quote)?.isRefused) return;
    const seen = run.steps.get(name);
    const refused = seen ? this.#noncesOf(seen).filter((one) => one.isRefused) : [];
    const told = refused.filter((one) => one.isAnswered).length;
    const attempts = run.order.sources.get(name)?.attempts ?? 0;
    if (told >= attempts) return;
    const early = `after ${told} told failures of ${attempts} attempts`;
    this.#found("attempts", `${where} a failure of step ${name} ${early}`);
  }

  /** Not what it was: of something else, or of nothing. */
  #wrong(where: string, what: string, quote: string): void {
    const nonce = this.#nonces.get(quote);
    const isSignal = [...this.#runs.values()].some((run) =>
      [...run.signals.values()].includes(quote),
    );
    const isStart = [...this.#runs.values()].some((run) => run.start === quote);
    if (nonce) {
      const from = `the result of step ${nonce.step} of run ${nonce.run}`;
      this.#found("swapped", `${where} ${from} as that of ${what}`);
    } else if (isSignal || isStart) {
      this.#found("swapped", `${where} ${quote}, which belongs elsewhere, as that of ${what}`);
    } else
      this.#found("invented", `${where} "${quote}" as that of ${what}, which nobody ever gave`);
  }

  #found(kind: ViolationKind, sentence: string): void {
    this.violations.push({ kind, sentence });
  }
}
