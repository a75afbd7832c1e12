/** The attempts at one step: retries, time limits and policies all lie inside what is recorded once. */

import { RetryPolicy, TimeoutError } from "@kintsugi/policy";
import {
  type AbortLink,
  type CallContext,
  type Child,
  type Clock,
  CutContext,
  durationMs,
  givenSignal,
  hearAbort,
  RejectedError,
  wholeNumber,
} from "@kintsugi/policy/base";
import { type Classifier, createClassifier } from "@kintsugi/policy/classify";

import type { StepContext, StepOptions } from "../step-types.ts";
import { failure, type Outcome, success } from "./outcome.ts";

export interface StepInHand<T> {
  readonly name: string;
  readonly idempotencyKey: string;
  readonly fn: (context: StepContext) => Promise<T> | T;
  readonly options: StepOptions;
  readonly clock: Clock;
  /** Signals that are aborted when the run is over. */
  readonly signals: Signals;
}

/** Gives out signals that end with the run, and takes them back when the step has ended. */
export interface Signals {
  open(): AbortController;
  close(controller: AbortController): void;
}

const FIRST_RETRY_DELAY = "200ms";

/** A wait that doubles without end would be a step that never comes back. */
const MAX_RETRY_DELAY_MS = 3_600_000;

/** Never throws: how a step fails is an outcome as well, and is recorded. */
export async function attemptStep<T>(step: StepInHand<T>): Promise<Outcome> {
  const call = new StepCall(step.idempotencyKey, step.signals);
  let work: Attempts<T> | undefined;
  try {
    const { maxAttempts, timeout, policy } = step.options;
    if (maxAttempts === undefined && timeout === undefined && policy === undefined) {
      return success(await step.fn(call), ofStep(step.name));
    }
    const attempts = new Attempts(step);
    work = attempts;
    const result = policy
      ? await policy.execute((context) => attempts.within(context), call.signal)
      : await attempts.run(call.signal);
    return success(result, ofStep(step.name));
  } catch (thrown) {
    return { ...failure(thrown, step.name), attempts: work?.made ?? 1 };
  } finally {
    call.end();
  }
}

const ofStep = (name: string): string => `step "${name}"`;

/** What the code of a step is told. Its signal is made when it is asked for: many never ask. */
class StepCall implements StepContext {
  readonly attempt = 1;
  readonly idempotencyKey: string;
  readonly #signals: Signals;
  #controller: AbortController | undefined;

  constructor(idempotencyKey: string, signals: Signals) {
    this.idempotencyKey = idempotencyKey;
    this.#signals = signals;
  }

  get signal(): AbortSignal {
    this.#controller ??= this.#signals.open();
    return this.#controller.signal;
  }

  end(): void {
    if (this.#controller) this.#signals.close(this.#controller);
  }
}

/**
 * They are a retry like any other: one that the code of the step uses finds it by the signal, and so the
 * two never make more calls than the larger of their numbers. What was refused made no call. It uses up an
 * attempt of the step, which waits for the circuit, and none of the calls that are left.
 */
class Attempts<T> {
  readonly #step: StepInHand<T>;
  readonly #retry: RetryPolicy;
  readonly #timeoutMs: number | undefined;
  readonly #classifier: Classifier;
  /** Over all rounds of a policy, too: the code of the step sees each attempt once. */
  #made = 0;

  constructor(step: StepInHand<T>) {
    const { maxAttempts, retryDelay, timeout } = step.options;
    const { clock } = step;
    this.#step = step;
    this.#timeoutMs = timeout === undefined ? undefined : durationMs(timeout);
    this.#classifier = createClassifier({ clock });
    this.#retry = new RetryPolicy({
      maxAttempts: wholeNumber("maxAttempts", maxAttempts ?? 1, 1),
      initialDelayMs: durationMs(retryDelay ?? FIRST_RETRY_DELAY),
      maxDelayMs: MAX_RETRY_DELAY_MS,
      jitterFactor: 0,
      retryableErrors: (error) => this.#mayEndBetter(error),
      clock,
    });
  }

  get made(): number {
    return this.#made;
  }

  run(signal: AbortSignal): Promise<T> {
    return this.#retry.execute((context) => this.#once(context), signal);
  }

  /** As `run`, under a policy of the step. */
  within(context: CallContext): Promise<T> {
    return this.#retry.within((own) => this.#once(own), context);
  }

  /**
   * Whether another attempt makes sense. What is known to fail again, such as a wrong key or a prompt
   * that is too long, costs one attempt; what nobody knows is tried as often as the step asks for.
   */
  #mayEndBetter(error: Error): boolean {
    const { class: kind, retryable } = this.#classifier.classify(error);
    // Refused before it ran, by an open circuit perhaps: the step's waits are there to outlast that.
    return retryable || kind === "unknown" || error instanceof RejectedError;
  }

  async #once(around: CallContext): Promise<T> {
    this.#made += 1;
    const told = new StepAttempt(this.#made, this.#step.idempotencyKey, around);
    try {
      return await this.#inTime(told);
    } finally {
      told.end();
    }
  }

  #inTime(told: StepAttempt): Promise<T> | T {
    const { clock, name, fn } = this.#step;
    const limitMs = this.#timeoutMs;
    if (limitMs === undefined) return fn(told);
    return new Promise((resolve, reject) => {
      const cancel = clock.after(limitMs, () => {
        const error = new TimeoutError(limitMs, name);
        reject(error);
        told.cut(error);
      });
      const work = async (): Promise<T> => fn(told);
      work().then(resolve, reject).finally(cancel);
    });
  }
}

/** What the code of a step is told that may be made more than once. Its signal is its own. */
class StepAttempt extends CutContext implements StepContext, Child {
  readonly idempotencyKey: string;
  #link: AbortLink | undefined = undefined;

  constructor(attempt: number, idempotencyKey: string, around: CallContext) {
    super(attempt, givenSignal(around), around);
    this.idempotencyKey = idempotencyKey;
  }

  override get signal(): AbortSignal {
    const { parent } = this;
    if (parent?.aborted) this.cut(parent.reason);
    else if (parent) this.#link ??= hearAbort(parent, this);
    return super.signal;
  }

  forsake(reason: unknown): void {
    this.cut(reason);
  }

  /** Nobody waits for it any more. */
  override end(): void {
    this.#link?.leave();
  }
}
