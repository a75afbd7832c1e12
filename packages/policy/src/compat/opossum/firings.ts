/**
 * The way of a call through a breaker:
 *
 *     fire ──▶ kept or shared? ──▶ admitted? ──▶ a place? ──▶ the action, in its time
 *                    │                 │             │              │
 *                    ▼                 ▼             ▼              ▼
 *                 answer           `reject`    `semaphoreLocked`  `success`, or `timeout` and
 *                                      └─────────────┴──────▶ fallback ◀── `failure`
 *
 * What happens is counted first, told then, and learnt by the circuit last.
 */

import {
  type Attempt,
  type Clock,
  type Ending,
  type ErrorReporter,
  type Frame,
  type Guard,
  rejectSoon,
  type Verdict,
} from "../../base/index.ts";
import { BulkheadFullError } from "../../bulkhead/index.ts";
import { Answers } from "./answers.ts";
import { BAD, type ResettingCircuit } from "./circuit.ts";
import type { AnyListener } from "./emitter.ts";
import { type OpossumCode, type OpossumError, ourError } from "./errors.ts";
import { type Ends, Firing, Gate } from "./firing.ts";
import { frameOf, placesLeft, placesOf, type TimeUp } from "./frame.ts";
import type { Settings } from "./options.ts";
import type { Status } from "./status.ts";
import type { Counter } from "./window.ts";

/** What the firings need of their breaker. */
export interface Fired {
  readonly name: string;
  readonly action: AnyListener;
  readonly options: Settings;
  readonly status: Status;
  readonly enabled: boolean;
  readonly warmUp: boolean;
  readonly volumeThreshold: number;
  hears(event: string): boolean;
  emit(event: string, ...args: readonly unknown[]): boolean;
}

export interface FiringsParts {
  readonly breaker: Fired;
  readonly circuit: ResettingCircuit;
  readonly clock: Clock;
  readonly report: ErrorReporter;
}

/** Says nothing about the dependency, as far as the circuit is concerned. */
const NOT_YET: Verdict = { outcome: "ignore", retryable: false };

export class Firings implements Ends, Ending, TimeUp {
  /** Answers for calls that fail or are refused. */
  fallback: AnyListener | undefined = undefined;
  readonly answers: Answers;
  readonly #breaker: Fired;
  readonly #circuit: ResettingCircuit;
  readonly #now: Clock;
  readonly #report: ErrorReporter;
  readonly #gate: Gate;
  readonly #places: Guard | undefined;
  #frame: Frame | undefined = undefined;
  /** For which the frame was made. */
  #timeout: number | false = false;

  constructor({ breaker, circuit, clock, report }: FiringsParts) {
    this.#breaker = breaker;
    this.#circuit = circuit;
    this.#now = clock;
    this.#report = report;
    this.#gate = new Gate(circuit, this);
    this.#places = placesOf(breaker.name, breaker.options);
    this.answers = new Answers(breaker.options, clock, report);
  }

  /** Calls for which there is room, of those that `capacity` allows. */
  get places(): number {
    const { capacity, releaseOnTimeout = false } = this.#breaker.options;
    const places = this.#places;
    return places ? placesLeft(places, capacity, releaseOnTimeout) : capacity - this.#gate.running;
  }

  fire(context: unknown, args: readonly unknown[]): Promise<unknown> {
    const breaker = this.#breaker;
    const startedMs = this.#now.monotonicMs();
    breaker.status.note("fires", startedMs);
    if (breaker.hears("fire")) breaker.emit("fire", args);
    if (!breaker.enabled) return this.#bare(context, args);
    return this.answers.areKeyed
      ? this.#answer(context, args, startedMs)
      : this.#make(context, new Firing(args, "", startedMs));
  }

  countSuccess(firing: Firing): void {
    this.#end("successes", firing, this.#now.monotonicMs());
  }

  tellSuccess(firing: Firing, value: unknown): void {
    const breaker = this.#breaker;
    if (breaker.hears("success")) breaker.emit("success", value, firing.tookMs);
  }

  onFailure(firing: Firing, thrown: unknown, isLate: boolean): Verdict | undefined {
    const { status, options } = this.#breaker;
    const nowMs = this.#now.monotonicMs();
    const tookMs = nowMs - firing.startedMs;
    firing.end = isLate ? "timeout" : "error";
    firing.isLocked = thrown instanceof BulkheadFullError;
    const error = firing.isLocked ? this.#error("Semaphore locked", "ESEMLOCKED") : thrown;
    firing.error = error;
    if (firing.isLocked) this.#tell("semaphoreRejections", "semaphoreLocked", error, tookMs);
    if (isLate) this.#tell("timeouts", "timeout", error, tookMs, firing.args);
    firing.isFiltered = this.#isFiltered(error, firing.args);
    this.#end(firing.isFiltered ? "successes" : "failures", firing, nowMs);
    if (firing.isFiltered) return undefined;
    const breaker = this.#breaker;
    if (breaker.hears("failure")) breaker.emit("failure", error, firing.tookMs, firing.args);
    this.#circuit.resetMs = options.resetTimeout;
    return this.#isTooMuch(status, nowMs) ? BAD : NOT_YET;
  }

  answered(value: unknown, first: Attempt): unknown {
    const firing = this.#gate.take(first.permitAt(0));
    if (this.answers.areKeyed) {
      firing.isUnshared = this.answers.unshare(firing.key, "success");
      if (this.#breaker.options.cache) this.answers.keep(firing.key, value);
    }
    return value;
  }

  failed(_thrown: unknown, first: Attempt): unknown {
    const firing = this.#gate.take(first.permitAt(0));
    if (first.permitAt(0) < 0) return this.#refuse(firing);
    const { error, args, end, isFiltered, isLocked } = firing;
    const answer = isFiltered ? undefined : this.#fallBack(error, args);
    firing.isUnshared = this.answers.unshare(firing.key, isLocked ? undefined : end);
    return answer ?? Promise.reject(error);
  }

  error(): Error {
    return this.#error(`Timed out after ${this.#breaker.options.timeout}ms`, "ETIMEDOUT");
  }

  tell(): void {
    this.#breaker.options.abortController?.abort();
  }

  /** Without protection; what it throws at once is a rejection all the same. */
  async #bare(context: unknown, args: readonly unknown[]): Promise<unknown> {
    return Reflect.apply(this.#breaker.action, context, args);
  }

  #answer(context: unknown, args: readonly unknown[], startedMs: number): Promise<unknown> {
    const { cache, coalesce, cacheGetKey } = this.#breaker.options;
    let key: string;
    try {
      key = Reflect.apply(cacheGetKey, this.#breaker, args) as string;
    } catch (thrown) {
      return rejectSoon(thrown);
    }
    const kept = cache ? this.answers.kept(key) : undefined;
    if (cache) this.#tell(kept ? "cacheHits" : "cacheMisses", kept ? "cacheHit" : "cacheMiss");
    if (kept) return Promise.resolve(kept);
    const shared = coalesce ? this.answers.shared(key) : undefined;
    if (shared) {
      this.#tell("coalesceCacheHits", "coalesceCacheHit");
      return Promise.resolve(shared);
    }
    if (!coalesce) return this.#make(context, new Firing(args, key, startedMs));
    this.#tell("coalesceCacheMisses", "coalesceCacheMiss");
    const firing = new Firing(args, key, startedMs);
    const answer = this.#make(context, firing);
    if (!firing.isUnshared) this.answers.share(key, answer);
    return answer;
  }

  #make(context: unknown, firing: Firing): Promise<unknown> {
    if (!this.#circuit.admits) return this.#refuse(firing);
    const { action } = this.#breaker;
    this.#gate.next = firing;
    // What is no promise ends as one does: nobody hears of an end before the call has returned.
    return this.#framed().execute<unknown>(
      () => Promise.resolve(Reflect.apply(action, context, firing.args)),
      undefined,
    );
  }

  #framed(): Frame {
    const { options } = this.#breaker;
    const { timeout } = options;
    if (this.#frame && timeout === this.#timeout) return this.#frame;
    this.#timeout = timeout;
    this.#frame = frameOf({
      gate: this.#gate,
      places: this.#places,
      timeUp: this,
      ending: this,
      options,
      clock: this.#now,
    });
    return this.#frame;
  }

  #refuse(firing: Firing): Promise<unknown> {
    const error = this.#error("Breaker is open", "EOPENBREAKER");
    firing.isUnshared = true;
    this.#tell("rejects", "reject", error);
    return this.#fallBack(error, firing.args) ?? rejectSoon(error);
  }

  #fallBack(error: unknown, args: readonly unknown[]): Promise<unknown> | undefined {
    const { fallback } = this;
    if (!fallback) return undefined;
    try {
      const answer: unknown = Reflect.apply(fallback, fallback, [...args, error]);
      this.#tell("fallbacks", "fallback", answer, error);
      return Promise.resolve(answer);
    } catch (thrown) {
      return rejectSoon(thrown);
    }
  }

  /** A filter that throws has nothing to say. */
  #isFiltered(error: unknown, args: readonly unknown[]): boolean {
    try {
      return Boolean(Reflect.apply(this.#breaker.options.errorFilter, undefined, [error, ...args]));
    } catch (thrown) {
      this.#report(thrown);
      return false;
    }
  }

  #isTooMuch(status: Status, nowMs: number): boolean {
    const { warmUp, volumeThreshold, options } = this.#breaker;
    if (warmUp) return false;
    if (this.#circuit.kind === "half-open") return true;
    const { fires, failures } = status.rate(nowMs);
    return fires >= volumeThreshold && (failures / fires) * 100 > options.errorThresholdPercentage;
  }

  /** Latencies are of calls that were made. */
  #end(counter: "successes" | "failures", firing: Firing, nowMs: number): void {
    const { status } = this.#breaker;
    firing.tookMs = nowMs - firing.startedMs;
    status.note(counter, nowMs);
    if (!firing.isLocked) status.noteLatency(firing.tookMs);
  }

  #tell(counter: Counter, event: string, ...args: readonly unknown[]): void {
    this.#breaker.status.note(counter, this.#now.monotonicMs());
    if (this.#breaker.hears(event)) this.#breaker.emit(event, ...args);
  }

  #error(message: string, code: OpossumCode): OpossumError {
    return ourError(message, code, this.#breaker.options.captureStack ?? false);
  }
}
