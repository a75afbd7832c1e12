/** A program under torture with all that is outside of it: ledger, judge, and whoever starts runs. */

import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type Random, seededRandom } from "@kintsugi/policy/base";

import { Judge } from "./judge.ts";
import { type Life, Nursery } from "./lives.ts";
import type { Moment } from "./moments.ts";
import { makePlan, orderOf, type Plan, START, signalsOf } from "./plan.ts";
import type { Errand, Orders, ToDriver } from "./wire.ts";

export interface TrialOptions {
  readonly seed: string;
  /** The program, in one file. */
  readonly bundle: string;
  readonly file: string;
  readonly durability: Orders["durability"];
  readonly broken: string | null;
  /** These runs and no others; else there are always a few. */
  readonly workload?: readonly Plan[];
}

/** What is done to a life at its moment. Resolves when the next one may start. */
export type Strike = (life: Life) => Promise<void>;

/** Runs that are open at a time. */
const OPEN_RUNS = 5;

/** Of those that have ended, so many are asked for in each life: their results must stay. */
const ASKED_AGAIN = 2;

/** Nobody waits so long for anything new. */
const PATIENCE_MS = 30_000;

/** A life in which nothing leads to its moment is struck all the same. */
const LONGEST_LIFE_MS = 3_000;

/** Crashes in a row from which on a run is let go on; ten would quarantine it, as they should. */
const SPARED_CRASHES = 5;

interface RunAsked {
  readonly errand: Errand;
  readonly signals: Map<string, { readonly nonce: string; isKept: boolean }>;
  readonly refusals: Map<string, number>;
  isAccepted: boolean;
  isEnded: boolean;
  crashes: number;
}

/** A life that waits for its moment. */
interface Watch {
  readonly life: Life;
  readonly moment: Moment;
  readonly strike: () => void;
  effects: number;
  acceptances: number;
  /** Answers of this life; and the runs that quoted one, which proves that they recorded something. */
  readonly answers: Set<string>;
  readonly moved: Set<string>;
}

export class Trial {
  readonly judge: Judge = new Judge();
  /** How often a life was struck, by the kind of its moment. */
  readonly struck: Map<string, number> = new Map();
  /** What the newest boots took, from the start of the process to the engine that takes runs. */
  bootMs = 200;
  readonly #options: TrialOptions;
  readonly #random: Random;
  readonly #runs = new Map<string, RunAsked>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #nursery!: Nursery;
  #watch: Watch | undefined;
  #mayAskForMore = true;
  #seenProgress = 0;
  #progressAtMs = performance.now();

  private constructor(options: TrialOptions) {
    this.#options = options;
    this.#random = seededRandom(`${options.seed}: runs`);
  }

  static async begin(options: TrialOptions): Promise<Trial> {
    const trial = new Trial(options);
    const { bundle, file, durability, broken, seed } = options;
    const orders = { file, durability, broken, seed };
    trial.#nursery = await Nursery.open(bundle, orders, (life, line) => trial.#hear(life, line));
    return trial;
  }

  get lives(): number {
    return this.#nursery.started;
  }

  get isGuilty(): boolean {
    return this.judge.violations.length > 0;
  }

  /** Runs that crashed so often in a row that the next crash should not find them. */
  get hasSuspects(): boolean {
    return [...this.#runs.values()].some((run) => isSpared(run));
  }

  start(env: Readonly<Record<string, string>> = {}): Life {
    const life = this.#nursery.start(env);
    const startedMs = performance.now();
    void life.gone.then(() => this.judge.hear({ kind: "gone", life: life.number }));
    this.#startedMs.set(life, startedMs);
    return life;
  }

  readonly #startedMs = new WeakMap<Life, number>();

  /** One life, struck at its moment. */
  async live(moment: Moment, strike: Strike, life: Life = this.start()): Promise<void> {
    const struck = Promise.withResolvers<void>();
    const watch: Watch = {
      life,
      moment,
      strike: () => struck.resolve(),
      effects: 0,
      acceptances: 0,
      answers: new Set(),
      moved: new Set(),
    };
    this.#watch = watch;
    if (moment.kind === "in boot") this.#later(moment.afterMs, watch.strike);
    const first = await Promise.race([
      struck.promise.then(() => "struck"),
      life.gone.then(() => "gone"),
      sleep(PATIENCE_MS, "late", { ref: false }),
    ]);
    this.#watch = undefined;
    if (first === "gone") this.#endedByItself(life);
    if (first === "late") this.#stuck(`life ${life.number} was not ready to take runs`);
    this.struck.set(moment.kind, (this.struck.get(moment.kind) ?? 0) + 1);
    await strike(life);
    this.#mustMove();
  }

  /** A life that ends when all runs have; true when it did, false when it was killed from within. */
  async liveToTheEnd(env: Readonly<Record<string, string>> = {}): Promise<boolean> {
    const life = this.start(env);
    while (!life.isGone && !this.isGuilty && !this.#isDone()) {
      await Promise.race([life.gone, sleep(2)]);
      if (this.#mustMove()) await life.kill();
    }
    if (!life.isGone) life.send({ kind: "stop" });
    await Promise.race([life.gone, sleep(PATIENCE_MS, undefined, { ref: false })]);
    if (!life.isGone) {
      this.#stuck(`life ${life.number} was told to end, and did not`);
      await life.kill();
    }
    if (life.exit?.code === 0) return this.#isDone();
    if (life.exit?.signal !== "SIGKILL") this.#endedByItself(life);
    return false;
  }

  /** Lets all runs end; and, unless it is told not to, asks a last life for every result once more. */
  async finish(isAskedAgain = true): Promise<void> {
    this.#mayAskForMore = false;
    if (this.isGuilty) return; // What is found now would follow from that.
    if (!(await this.liveToTheEnd())) this.#stuck("the last life did not end");
    this.judge.hear({ kind: "over" });
    if (this.isGuilty || !isAskedAgain) return;
    for (const run of this.#runs.values()) run.isEnded = false; // To be told once more.
    await this.liveToTheEnd();
  }

  async end(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#nursery.close();
  }

  // --- what the lives say ------------------------------------------------------------------------

  #hear(life: Life, line: ToDriver): void {
    const { number } = life;
    switch (line.kind) {
      case "hello":
      case "waits":
        if (line.kind === "waits") life.isWaiting = true;
        break;
      case "owns":
        this.judge.hear({ kind: "owns", life: number });
        break;
      case "ready":
        this.#ready(life);
        break;
      case "accepted":
        this.judge.hear({ kind: "accepted", life: number, run: line.run });
        this.#accepted(life, line.run);
        break;
      case "signalled":
        this.#kept(line.run, line.name);
        break;
      case "seen":
        this.judge.hear({ ...line, life: number });
        this.#seen(line.run, line.crashes);
        break;
      case "ended":
        this.judge.hear({ ...line, life: number });
        this.#ended(life, line.run);
        break;
      case "effect":
        this.#effect(life, line);
        break;
    }
  }

  #ready(life: Life): void {
    life.isReady = true;
    this.bootMs = performance.now() - (this.#startedMs.get(life) ?? 0);
    for (const [run, { isAccepted, isEnded, errand }] of this.#runs) {
      if (isEnded) continue;
      if (isAccepted) life.send({ kind: "ask", run });
      else life.send({ kind: "submit", run, errand }); // Its fate is not known: the same id again.
    }
    for (const run of this.#endedRuns(ASKED_AGAIN)) life.send({ kind: "ask", run });
    for (const run of this.#runs.keys()) this.#sendSignals(life, run);
    this.#askForMore(life);
    const watch = this.#watchOf(life);
    if (!watch) return;
    if (watch.moment.kind === "any time") this.#later(watch.moment.afterMs, watch.strike);
    else if (watch.moment.kind !== "never") this.#later(LONGEST_LIFE_MS, watch.strike);
  }

  #effect(life: Life, told: ToDriver & { readonly kind: "effect" }): void {
    const { id, run, step, attempt, key, quotes } = told;
    const asked = this.#runs.get(run);
    const nonce = randomBytes(9).toString("base64url");
    const refusals = asked?.refusals.get(step) ?? 0;
    const source = asked && orderOf(asked.errand.plan).sources.get(step);
    const isRefused = refusals < (source?.refusals ?? 0);
    if (isRefused) asked?.refusals.set(step, refusals + 1);

    const watch = this.#watchOf(life);
    if (watch) {
      watch.effects += 1;
      if (quotes.some((quote) => watch.answers.has(quote))) watch.moved.add(run);
      watch.answers.add(nonce);
    }
    const moment = watch?.moment;
    const isDue = moment && "nth" in moment && watch?.effects === moment.nth;
    const isAnswered = !(isDue && moment.kind === "before a reply");
    const effect = { life: life.number, run, step, attempt, key, quotes, nonce };
    this.judge.hear({ kind: "effect", ...effect, isRefused, isAnswered });
    if (!isAnswered) {
      watch?.strike();
      return;
    }
    const answer = (): void => {
      life.send({ kind: "answer", id, nonce, isRefused });
      if (!watch) return;
      if (isDue && moment.kind === "after a reply") this.#later(moment.afterMs, watch.strike);
      this.#strikeWhenCalm(watch);
    };
    // Answers that take their time let more steps be in flight at once.
    if (this.#random.next() < 0.5) answer();
    else this.#later(1 + this.#random.next() * 4, answer);
  }

  #accepted(life: Life, run: string): void {
    const asked = this.#runs.get(run);
    if (asked) asked.isAccepted = true;
    this.#sendSignals(life, run);
    const watch = this.#watchOf(life);
    if (watch?.moment.kind !== "after an acceptance") return;
    watch.acceptances += 1;
    if (watch.acceptances === watch.moment.nth) this.#later(watch.moment.afterMs, watch.strike);
  }

  #ended(life: Life, run: string): void {
    const asked = this.#runs.get(run);
    if (asked) asked.isEnded = true;
    this.#askForMore(life);
    const watch = this.#watchOf(life);
    if (watch) this.#strikeWhenCalm(watch);
  }

  #kept(run: string, name: string): void {
    const signal = this.#runs.get(run)?.signals.get(name);
    if (signal) signal.isKept = true;
  }

  #seen(run: string, crashes: number): void {
    const asked = this.#runs.get(run);
    if (asked) asked.crashes = crashes;
  }

  // --- what is asked of the lives ----------------------------------------------------------------

  #askForMore(life: Life): void {
    const { workload } = this.#options;
    const open = [...this.#runs.values()].filter(({ isEnded }) => !isEnded).length;
    const all = workload?.length ?? Number.POSITIVE_INFINITY;
    const wanted = workload ? all : OPEN_RUNS - open;
    if (!life.isReady || !(this.#mayAskForMore || workload)) return;
    for (let more = 0; more < wanted && this.#runs.size < all; more += 1) this.#submit(life);
  }

  #submit(life: Life): void {
    const run = `run-${this.#runs.size + 1}`;
    const plan = this.#options.workload?.[this.#runs.size] ?? makePlan(this.#random);
    const start = `${START}-${randomBytes(6).toString("base64url")}`;
    const errand: Errand = { root: run, plan, inHand: [start] };
    const signals = new Map(
      signalsOf(plan).map((name) => [
        name,
        { nonce: randomBytes(9).toString("base64url"), isKept: false },
      ]),
    );
    const nothingYet = { isAccepted: false, isEnded: false, crashes: 0 };
    this.#runs.set(run, { errand, signals, refusals: new Map(), ...nothingYet });
    this.judge.hear({ kind: "submitted", run, start, plan });
    for (const [name, { nonce }] of signals) this.judge.hear({ kind: "signal", run, name, nonce });
    life.send({ kind: "submit", run, errand });
  }

  /** Early or late: a signal that comes before anybody waits is kept. */
  #sendSignals(life: Life, run: string): void {
    const asked = this.#runs.get(run);
    if (!asked?.isAccepted || asked.isEnded) return;
    for (const [name, { nonce, isKept }] of asked.signals) {
      if (isKept) continue;
      const send = (): void => life.send({ kind: "signal", run, name, nonce });
      this.#later(this.#random.next() * 60, send);
    }
  }

  #endedRuns(most: number): readonly string[] {
    const ended = [...this.#runs].filter(([, { isEnded }]) => isEnded).map(([run]) => run);
    const from = Math.floor(this.#random.next() * Math.max(1, ended.length - most));
    return ended.slice(from, from + most);
  }

  // --- private parts -----------------------------------------------------------------------------

  #watchOf(life: Life): Watch | undefined {
    return this.#watch?.life === life ? this.#watch : undefined;
  }

  #strikeWhenCalm({ moment, moved, strike }: Watch): void {
    if (moment.kind !== "calm") return;
    const waitsFor = [...this.#runs].filter(([id, run]) => isSpared(run) && !moved.has(id));
    if (waitsFor.length === 0) this.#later(moment.afterMs, strike);
  }

  #later(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, ms);
    this.#timers.add(timer);
  }

  #isDone(): boolean {
    const { workload } = this.#options;
    const areThere = !workload || this.#runs.size === workload.length;
    return areThere && [...this.#runs.values()].every(({ isEnded }) => isEnded);
  }

  #endedByItself(life: Life): void {
    const { code, signal } = life.exit ?? { code: null, signal: null };
    const end = `Life ${life.number} ended by itself (${signal ?? `code ${code}`})`;
    this.judge.violations.push({ kind: "broke", sentence: `${end}: ${life.said}` });
  }

  /** True when nothing has moved for longer than anybody waits. */
  #mustMove(): boolean {
    const { progress } = this.judge;
    const nowMs = performance.now();
    if (progress !== this.#seenProgress)
      [this.#seenProgress, this.#progressAtMs] = [progress, nowMs];
    if (nowMs - this.#progressAtMs < PATIENCE_MS) return false;
    this.#stuck(`nothing new happened for ${PATIENCE_MS / 1_000} s`);
    return true;
  }

  #stuck(what: string): void {
    const open = this.judge.openRuns();
    const runs = open.length > 0 ? `; open: ${open.slice(0, 8).join(", ")}` : "";
    this.judge.violations.push({ kind: "stuck", sentence: `Stuck: ${what}${runs}` });
  }
}

/** It has crashed so often in a row that the next kill has to wait for it. */
const isSpared = ({ isEnded, crashes }: RunAsked): boolean => !isEnded && crashes >= SPARED_CRASHES;
