/** Which steps an error came out of: what a replay has to run again. */

import { toError } from "@kintsugi/policy/base";

import type { RunError } from "../run-types.ts";
import { RecordedError } from "../value/recorded-error.ts";
import { shortened } from "./outcome.ts";

/** Errors that wrap errors are followed so far: code often adds its own words to what it caught. */
const MAX_CAUSES = 8;

export class Blame {
  readonly #steps = new WeakMap<object, readonly number[]>();

  /** Notes that the steps of these numbers failed with `error`. */
  add(error: object, steps: readonly number[]): void {
    this.#steps.set(error, [...new Set([...(this.#steps.get(error) ?? []), ...steps])]);
  }

  /** Numbers of the steps whose failures led to this error. */
  stepsOf(thrown: unknown): readonly number[] {
    for (const error of chainOf(thrown)) {
      const steps = this.#steps.get(error);
      if (steps) return steps;
    }
    return [];
  }
}

export function runErrorOf(thrown: unknown): RunError {
  const { name, message } = toError(thrown);
  return { name, message: shortened(String(message)), step: stepOf(thrown) ?? null };
}

/** The step that an error came out of, as far as it says so. */
export function stepOf(thrown: unknown): string | undefined {
  for (const error of chainOf(thrown)) {
    if (error instanceof RecordedError && error.step !== undefined) return error.step;
  }
  return undefined;
}

function* chainOf(thrown: unknown): Generator<object> {
  let error = thrown;
  for (let depth = 0; depth <= MAX_CAUSES; depth += 1) {
    if (typeof error !== "object" || error === null) return;
    yield error;
    error = (error as { readonly cause?: unknown }).cause;
  }
}
