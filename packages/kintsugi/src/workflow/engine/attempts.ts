/** The attempts at one step: retries, time limits and policies all lie inside what is recorded once. */

import { TimeoutError } from "@kintsugi/policy";
import { type Clock, durationMs, RejectedError, sleep, wholeNumber } from "@kintsugi/policy/base";
import { type Classifier, createClassifier } from "@kintsugi/policy/classify";

import type { StepContext, StepOptions } from "../types.ts";
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
  try {
    const { maxAttempts, timeout, policy } = step.options;
    if (maxAttempts === undefined && timeout === undefined && policy === undefined) {
      return success(await step.fn(call));
    }
    const work = new Attempts(step, call);
    return success(
      policy
        ? await policy.execute(({ signal }) => work.run(signal), call.signal)
        : await work.run(call.signal),
    );
  } catch (thrown) {
    return failure(thrown, step.name);
  } finally {
    call.end();
  }
}

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

class Attempts<T> {
  readonly #step: StepInHand<T>;
  readonly #call: StepCall;
  readonly #maxAttempts: number;
  readonly #firstDelayMs: number;
  readonly #timeoutMs: number | undefined;
  readonly #classifier: Classifier;
  /** Over all rounds of a policy, too: the code of the step sees each attempt once. */
  #made = 0;

  constructor(step: StepInHand<T>, call: StepCall) {
    const { maxAttempts, retryDelay, timeout } = step.options;
    this.#step = step;
    this.#call = call;
    this.#maxAttempts = wholeNumber("maxAttempts", maxAttempts ?? 1, 1);
    this.#firstDelayMs = durationMs(retryDelay ?? FIRST_RETRY_DELAY);
    this.#timeoutMs = timeout === undefined ? undefined : durationMs(timeout);
    this.#classifier = createClassifier({ clock: step.clock });
  }

  async run(signal: AbortSignal): Promise<T> {
    for (let tried = 1; ; tried += 1) {
      try {
        return await this.#once(signal);
      } catch (error) {
        if (tried >= this.#maxAttempts || !this.#mayEndBetter(error, signal)) throw error;
        const delayMs = Math.min(this.#firstDelayMs * 2 ** (tried - 1), MAX_RETRY_DELAY_MS);
        await sleep(this.#step.clock, delayMs, signal);
      }
    }
  }

  /**
   * Whether another attempt makes sense. What is known to fail again, such as a wrong key or a prompt
   * that is too long, costs one attempt; what nobody knows is tried as often as the step asks for.
   */
  #mayEndBetter(error: unknown, signal: AbortSignal): boolean {
    if (signal.aborted) return false;
    const { class: kind, retryable } = this.#classifier.classify(error);
    // Refused before it ran, by an open circuit perhaps: the step's waits are there to outlast that.
    return retryable || kind === "unknown" || error instanceof RejectedError;
  }

  async #once(signal: AbortSignal): Promise<T> {
    this.#made += 1;
    const { idempotencyKey } = this.#call;
    const told = { attempt: this.#made, idempotencyKey };
    const limitMs = this.#timeoutMs;
    if (limitMs === undefined) return this.#step.fn({ ...told, signal });

    const { clock, name, fn } = this.#step;
    const late = new AbortController();
    return new Promise((resolve, reject) => {
      const cancel = clock.after(limitMs, () => {
        const error = new TimeoutError(limitMs, name);
        reject(error);
        late.abort(error);
      });
      const work = async (): Promise<T> => fn({ ...told, signal: linked(signal, late) });
      work().then(resolve, reject).finally(cancel);
    });
  }
}

const linked = (signal: AbortSignal, late: AbortController): AbortSignal =>
  AbortSignal.any([signal, late.signal]);
