/**
 * A clock that skips: where nothing is left to do but to wait, it goes to the next moment at which
 * something is due. While code of a step works in the real world, time stands still.
 *
 *     something to do ──▶ let it be done
 *     nothing, steps that work ──▶ wait for them in real time, at most so long
 *     nothing, something due later ──▶ skip to it
 *     nothing at all ──▶ say so: it would wait for ever
 */

import { type Cancel, type Clock, systemClock } from "@kintsugi/policy/base";

import { EventQueue } from "./event-queue.ts";
import { START_EPOCH_MS } from "./manual-clock.ts";

export interface SkippingClockOptions {
  /** Wall time at the start, epoch milliseconds. */
  readonly epochMs?: number | undefined;
  /** Real milliseconds for steps that work in the real world, before time goes on regardless. */
  readonly patienceMs: number;
  /** Code of steps works, and is not known to wait for this clock. */
  readonly isWorking: () => boolean;
  /** Says what is left when nothing more will happen. */
  readonly stuck: () => Promise<Error>;
}

/** Turns of the platform's loop in which promises that hop from one to the next get to their ends. */
const TURNS = 3;

/** Between two looks at what goes on in the real world. */
const LOOK_MS = 1;

export class SkippingClock implements Clock {
  readonly #options: SkippingClockOptions;
  readonly #queue = new EventQueue();
  readonly #epochMs: number;
  #nowMs = 0;
  /** Immediates that have not run yet. */
  #immediates = 0;
  /** Skips go on one after another. */
  #turn: Promise<unknown> = Promise.resolve();
  #thrown: { readonly error: unknown } | undefined;

  constructor(options: SkippingClockOptions) {
    this.#options = options;
    this.#epochMs = options.epochMs ?? START_EPOCH_MS;
  }

  epochMs(): number {
    return this.#epochMs + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(ms: number, fn: () => void): Cancel {
    return this.#queue.add(this.#nowMs + Math.max(0, ms), fn);
  }

  immediate(fn: () => void): void {
    this.#immediates += 1;
    systemClock.immediate(() => {
      this.#immediates -= 1;
      fn();
    });
  }

  /** What is thrown here is thrown to whoever lets time go by. */
  fail(error: unknown): void {
    this.#thrown ??= { error };
  }

  /**
   * Lets time go by until `isDone`, at most until so much of it has passed. True when it is done.
   *
   * @throws what {@link SkippingClockOptions.stuck} makes, where nothing more will happen.
   */
  skip(untilMs: number, isDone: () => boolean, mayBeStuck: boolean): Promise<boolean> {
    const skipping = this.#turn.then(() => this.#skip(untilMs, isDone, mayBeStuck));
    this.#turn = skipping.catch(() => {}); // Whoever skips next does not hear of it.
    return skipping;
  }

  async #skip(untilMs: number, isDone: () => boolean, mayBeStuck: boolean): Promise<boolean> {
    for (;;) {
      await this.#calm(isDone, mayBeStuck);
      if (isDone()) return true;
      const nextMs = this.#queue.nextAtMs;
      if (nextMs === Infinity && !mayBeStuck) throw await this.#options.stuck();
      if (nextMs > untilMs) {
        this.#nowMs = Math.max(this.#nowMs, untilMs);
        return false;
      }
      this.#nowMs = Math.max(this.#nowMs, nextMs);
      this.#queue.take()?.fn();
    }
  }

  /** Follows all that goes on to its end, also what is done in the real world. */
  async #calm(isDone: () => boolean, mayBeStuck: boolean): Promise<void> {
    const { patienceMs, isWorking } = this.#options;
    const untilMs = systemClock.monotonicMs() + patienceMs;
    for (;;) {
      await this.#followPromises();
      if (isDone() || this.#queue.nextAtMs <= this.#nowMs) return;
      const mayHappen = isWorking() || (!mayBeStuck && this.#queue.nextAtMs === Infinity);
      if (!mayHappen || systemClock.monotonicMs() >= untilMs) return;
      await new Promise<void>((resolve) => void systemClock.after(LOOK_MS, resolve));
    }
  }

  async #followPromises(): Promise<void> {
    for (let turns = 0; turns < TURNS; turns = this.#immediates > 0 ? 0 : turns + 1) {
      await new Promise<void>((resolve) => systemClock.immediate(resolve));
      const thrown = this.#thrown;
      this.#thrown = undefined;
      if (thrown) throw thrown.error;
    }
  }
}
