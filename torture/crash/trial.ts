/** A program under torture with all that is outside of it: ledger, judge, and whoever starts runs. */

import { setTimeout as sleep } from "node:timers/promises";
import { type Random, seededRandom } from "@kintsugi/policy/base";

import { AskedRuns } from "./asked-runs.ts";
import { Judge } from "./judge.ts";
import { type Life, Nursery } from "./lives.ts";
import type { Moment } from "./moments.ts";
import { makePlan, type Plan } from "./plan.ts";
import { Watch } from "./watch.ts";
import type { Orders, ToDriver, ToProgram } from "./wire.ts";

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

/** Signals are sent within so long, early or late. */
const SIGNAL_MS = 60;

/** One run of so many is cancelled, within so long. */
const CANCELLED_ONE_IN = 8;
const CANCEL_MS = 150;

/** Half of the replies take up to so long, so that more steps are in flight at once. */
const REPLY_MS = 5;

/** Nobody waits so long for anything new. */
const PATIENCE_MS = 30_000;

export class Trial {
  readonly judge: Judge = new Judge();
  /** How often a life was struck, by the kind of its moment. */
  readonly struck: Map<string, number> = new Map();
  /** What the newest boot took, from the start of the process to the engine that takes runs. */
  bootMs = 200;
  readonly #options: TrialOptions;
  readonly #random: Random;
  readonly #runs = new AskedRuns();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #bornMs = new WeakMap<Life, number>();
  #nursery!: Nursery;
  #watched: { readonly life: Life; readonly watch: Watch } | undefined;
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

  /** Whether a run has crashed so often in a row that the next fault should find it further on. */
  get hasSuspects(): boolean {
    return this.#runs.suspects().length > 0;
  }

  start(env: Readonly<Record<string, string>> = {}): Life {
    const life = this.#nursery.start(env);
    this.#bornMs.set(life, performance.now());
    void life.gone.then(() => this.judge.hear({ kind: "gone", life: life.number }));
    return life;
  }

  /** One life, struck at its moment. */
  async live(moment: Moment, strike: Strike, life: Life = this.start()): Promise<void> {
    const watch = new Watch(moment, this.#runs, (ms, act) => this.#later(ms, act));
    this.#watched = { life, watch };
    if (life.isReady) watch.ready();
    const first = await Promise.race([
      watch.due.then(() => "due"),
      life.gone.then(() => "gone"),
      sleep(PATIENCE_MS, "late", { ref: false }),
    ]);
    this.#watched = undefined;
    if (first === "gone") this.#endedByItself(life);
    if (first === "late") this.#stuck(`life ${life.number} was not ready to take runs`);
    this.struck.set(moment.kind, (this.struck.get(moment.kind) ?? 0) + 1);
    await strike(life);
    this.#mustMove();
  }

  /** A life that ends when all runs have; true when it did, false when it was killed from within. */
  async liveToTheEnd(env: Readonly<Record<string, string>> = {}): Promise<boolean> {
    const life = this.start(env);
    while (!life.isGone && !this.isGuilty && !(life.isReady && this.#isDone())) {
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
    const hasEnded = await this.liveToTheEnd();
    if (!hasEnded && !this.isGuilty) this.#stuck("the last life did not end");
    if (this.isGuilty) return;
    this.judge.hear({ kind: "over" });
    if (!isAskedAgain) return;
    for (const run of this.#runs.all()) run.isEnded = false; // To be told once more.
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
        break;
      case "waits":
        life.isWaiting = true;
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
        this.#kept(life, line.run, line.name);
        break;
      case "cancelled":
        this.#cancelled(life, line.run);
        break;
      case "seen":
        this.judge.hear({ ...line, life: number });
        this.#seen(life, line.run, line.status, line.crashes);
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
    this.bootMs = performance.now() - (this.#bornMs.get(life) ?? 0);
    for (const { id, isAccepted, isEnded, errand } of this.#runs.all()) {
      if (isEnded) continue;
      if (isAccepted) life.send({ kind: "ask", run: id });
      else this.#request(life, { kind: "submit", run: id, errand }); // Its fate is not known.
      this.#sendMore(life, id);
    }
    for (const run of this.#someEnded()) life.send({ kind: "ask", run });
    this.#askForMore(life);
    this.#watchOf(life)?.ready();
  }

  #effect(life: Life, told: ToDriver & { readonly kind: "effect" }): void {
    const { id, run, step, attempt, key, quotes } = told;
    const { nonce, isRefused } = this.#runs.answer(run, step);
    const watch = this.#watchOf(life);
    const isAnswered = watch?.effect(run, quotes, nonce) ?? true;
    const nth = watch?.effects ?? 0;
    const effect = { life: life.number, run, step, attempt, key, quotes, nonce };
    this.judge.hear({ kind: "effect", ...effect, isRefused, isAnswered });
    if (!isAnswered) return;
    const answer = (): void => {
      life.send({ kind: "answer", id, nonce, isRefused });
      watch?.replied(nth);
    };
    if (this.#random.next() < 0.5) answer();
    else this.#later(this.#random.next() * REPLY_MS, answer);
  }

  #accepted(life: Life, id: string): void {
    const run = this.#runs.find(id);
    if (run) run.isAccepted = true;
    this.#sendMore(life, id);
    this.#watchOf(life)?.promised();
  }

  #kept(life: Life, id: string, name: string): void {
    const signal = this.#runs.find(id)?.signals.get(name);
    if (signal) signal.isKept = true;
    this.#watchOf(life)?.promised();
  }

  #ended(life: Life, id: string): void {
    const run = this.#runs.find(id);
    if (run) run.isEnded = true;
    this.#askForMore(life);
    this.#watchOf(life)?.ended();
  }

  #cancelled(life: Life, id: string): void {
    const run = this.#runs.find(id);
    if (run) run.isToBeCancelled = false;
    this.#watchOf(life)?.promised();
  }

  #seen(life: Life, id: string, status: string, crashes: number): void {
    const run = this.#runs.find(id);
    if (run) run.crashes = crashes;
    if (status === "cancelled") this.#ended(life, id);
  }

  // --- what is asked of the lives ----------------------------------------------------------------

  #askForMore(life: Life): void {
    const { workload } = this.#options;
    if (!life.isReady || !(this.#mayAskForMore || workload)) return;
    const open = this.#runs.all().filter(({ isEnded }) => !isEnded).length;
    const wanted = workload ? workload.length - this.#runs.size : OPEN_RUNS - open;
    for (let more = 0; more < wanted; more += 1) {
      const plan = workload?.[this.#runs.size] ?? makePlan(this.#random);
      const isToBeCancelled = !workload && this.#random.next() < 1 / CANCELLED_ONE_IN;
      const { id: run, start, signals, errand } = this.#runs.add(plan, isToBeCancelled);
      this.judge.hear({ kind: "submitted", run, start, plan });
      for (const [name, { nonce }] of signals) {
        this.judge.hear({ kind: "signal", run, name, nonce });
      }
      this.#request(life, { kind: "submit", run, errand });
    }
  }

  #request(life: Life, line: ToProgram): void {
    life.send(line);
    this.#watchOf(life)?.requested();
  }

  /** Signals come early or late: one that comes before anybody waits is kept. */
  #sendMore(life: Life, id: string): void {
    const run = this.#runs.find(id);
    if (!run?.isAccepted || run.isEnded) return;
    for (const [name, { nonce, isKept }] of run.signals) {
      const send = (): void => this.#request(life, { kind: "signal", run: id, name, nonce });
      if (!isKept) this.#later(this.#random.next() * SIGNAL_MS, send);
    }
    const cancel = (): void => {
      this.judge.hear({ kind: "to be cancelled", run: id });
      this.#request(life, { kind: "cancel", run: id });
    };
    if (run.isToBeCancelled) this.#later(this.#random.next() * CANCEL_MS, cancel);
  }

  #someEnded(): readonly string[] {
    const ended = this.#runs.all().filter(({ isEnded }) => isEnded);
    const from = Math.floor(this.#random.next() * Math.max(1, ended.length - ASKED_AGAIN));
    return ended.slice(from, from + ASKED_AGAIN).map(({ id }) => id);
  }

  // --- private parts -----------------------------------------------------------------------------

  #watchOf(life: Life): Watch | undefined {
    return this.#watched?.life === life ? this.#watched.watch : undefined;
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
    return areThere && this.#runs.areEnded;
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
    if (progress !== this.#seenProgress) {
      this.#seenProgress = progress;
      this.#progressAtMs = nowMs;
    }
    if (nowMs - this.#progressAtMs < PATIENCE_MS) return false;
    this.#stuck(`nothing new happened for ${PATIENCE_MS / 1_000} s`);
    return true;
  }

  #stuck(what: string): void {
    const open = this.judge.openRuns().join(", ") || "none";
    this.judge.violations.push({ kind: "stuck", sentence: `Stuck: ${what}; open runs: ${open}` });
  }
}
