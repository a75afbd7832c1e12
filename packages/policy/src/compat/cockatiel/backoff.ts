/** How long to wait, step by step: each step knows the next. */

import { systemRandom } from "../../base/index.ts";

export interface IBackoffFactory<T> {
  /** The first step. */
  next(context: T): IBackoff<T>;
}

/** A step: its wait, and by `next` the step after it. */
export interface IBackoff<T> extends IBackoffFactory<T> {
  /** Milliseconds. */
  readonly duration: number;
}

/** The same wait each time. */
export class ConstantBackoff implements IBackoffFactory<unknown> {
  readonly #interval: number;

  /** @param interval Milliseconds. */
  constructor(interval: number) {
    this.#interval = interval;
  }

  next(): IBackoff<unknown> {
    return constant(this.#interval);
  }
}

function constant(duration: number): IBackoff<unknown> {
  const step: IBackoff<unknown> = { duration, next: () => step };
  return step;
}

/** Milliseconds to wait; with a state, what it is handed at the next step. */
export type DelegateBackoffFn<T, S = void> = (
  context: T,
  state?: S,
) => { delay: number; state: S } | number;

/** Waits as a function says. */
export class DelegateBackoff<T, S = void> implements IBackoffFactory<T> {
  readonly #fn: DelegateBackoffFn<T, S>;

  constructor(fn: DelegateBackoffFn<T, S>) {
    this.#fn = fn;
  }

  next(context: T): IBackoff<T> {
    return delegated(this.#fn, context, undefined);
  }
}

function delegated<T, S>(
  fn: DelegateBackoffFn<T, S>,
  context: T,
  before: S | undefined,
): IBackoff<T> {
  const said = fn(context, before);
  const { delay, state } = typeof said === "number" ? { delay: said, state: before } : said;
  return { duration: delay, next: (later) => delegated(fn, later, state) };
}

/** Waits from a list; its last one from there on. */
export class IterableBackoff implements IBackoffFactory<unknown> {
  readonly #durations: ReadonlyArray<number>;

  /** @param durations Milliseconds. */
  constructor(durations: ReadonlyArray<number>) {
    this.#durations = durations;
  }

  next(_context: unknown): IBackoff<unknown> {
    return listed(this.#durations, 0);
  }
}

function listed(durations: ReadonlyArray<number>, index: number): IBackoff<unknown> {
  const step: IBackoff<unknown> = {
    duration: durations[index] ?? 0, // An empty list waits for nothing.
    next: () => (index + 1 < durations.length ? listed(durations, index + 1) : step),
  };
  return step;
}

export interface IExponentialBackoffOptions<S> {
  /** Says each wait. @defaultValue {@link decorrelatedJitterGenerator} */
  generator: GeneratorFn<S>;
  /** Longest wait in milliseconds. @defaultValue 30_000 */
  maxDelay: number;
  /** By how much waits grow; of the generators here, only the decorrelated one asks. @defaultValue 2 */
  exponent: number;
  /** First wait in milliseconds. @defaultValue 128 */
  initialDelay: number;
}

/** Waits that grow. */
export class ExponentialBackoff<S> implements IBackoffFactory<unknown> {
  readonly #options: IExponentialBackoffOptions<S>;

  constructor(options?: Partial<IExponentialBackoffOptions<S>>) {
    const defaults = {
      // A caller that names no generator names no state of one either.
      generator: decorrelatedJitterGenerator as unknown as GeneratorFn<S>,
      maxDelay: 30_000,
      exponent: 2,
      initialDelay: 128,
    };
    this.#options = { ...defaults, ...options };
  }

  next(): IBackoff<unknown> {
    return generated(this.#options, undefined);
  }
}

function generated<S>(
  options: IExponentialBackoffOptions<S>,
  before: S | undefined,
): IBackoff<unknown> {
  const [duration, state] = options.generator(before, options);
  return { duration, next: () => generated(options, state) };
}

/** From the state of the step before, undefined for the first: a wait in milliseconds, and the state after. */
export type GeneratorFn<S> = (
  state: S | undefined,
  options: IExponentialBackoffOptions<S>,
) => [number, S];

/** Each wait is twice the one before, up to the longest. */
export const noJitterGenerator: GeneratorFn<number> = (steps = 0, options) => [
  Math.min(options.maxDelay, options.initialDelay * 2 ** steps),
  steps + 1,
];

/** A wait by chance, of less than the one without jitter. */
export const fullJitterGenerator: GeneratorFn<number> = (steps, options) => {
  const [longest, next] = noJitterGenerator(steps, options);
  return [Math.floor(systemRandom.next() * longest), next];
};

/** Half of the wait without jitter, and of the other half what chance leaves. */
export const halfJitterGenerator: GeneratorFn<number> = (steps, options) => {
  const [longest, next] = noJitterGenerator(steps, options);
  return [Math.floor((longest / 2) * (1 + systemRandom.next())), next];
};

/**
 * Waits whose medians grow evenly and whose spread is smooth from the first one on: differences along the
 * curve `exponent ** t * tanh(sqrt(4 * t))`, at a `t` that chance moves on by less than two steps.
 *
 * Source: DecorrelatedJitterBackoffV2 of Polly.Contrib.WaitAndRetry, whose constants are 4 for the
 * smoothing of the first wait and 1 / 1.4 for the scale.
 * https://github.com/Polly-Contrib/Polly.Contrib.WaitAndRetry
 */
export const decorrelatedJitterGenerator: GeneratorFn<[number, number]> = (state, options) => {
  const [step, reached] = state ?? [0, 0];
  const t = step + systemRandom.next();
  const curve = options.exponent ** t * Math.tanh(Math.sqrt(4 * t));
  // Far out there is no number left for the curve, and none for a difference of two.
  const growth = Number.isFinite(curve) ? Math.max(0, curve - reached) : Infinity;
  return [
    Math.min(options.maxDelay, (growth * options.initialDelay) / 1.4),
    [step + 1, Number.isFinite(curve) ? curve : reached],
  ];
};
