/** Validate: an answer counts only when it fits its schema. */

import {
  aSwitch,
  type Call,
  type CallContext,
  checkOptions,
  firstAttempt,
  givenSignal,
  type Need,
  type Needs,
  oneOf,
  orAborted,
  type Policy,
  type Role,
  toError,
} from "../base/index.ts";
import type { OutputOf, StandardSchema } from "./standard-schema.ts";
import { cut, issuesOf, ValidationFailedError } from "./validation-error.ts";

export interface ValidateOptions<S extends StandardSchema> {
  /** What the answer has to be: a schema of Zod, Valibot, ArkType, or of one's own. */
  readonly schema: S;
  /** Whether an answer that is text is read as JSON first. @defaultValue false */
  readonly json?: boolean;
  /**
   * Whether another attempt may end better: `retryable` for what answers differently each time, as a
   * model does, `throw` for what does not. Text that is no JSON is retryable in both: it was cut or
   * garbled. @defaultValue "throw"
   */
  readonly onInvalid?: "throw" | "retryable";
}

const aSchema: Need & { readonly isRequired: true } = {
  words: "a Standard Schema of version 1",
  fits: (value) => {
    const standard = (value as Partial<StandardSchema> | null)?.["~standard"];
    return standard?.version === 1 && typeof standard.validate === "function";
  },
  isRequired: true,
};

export const validateNeeds: Needs<ValidateOptions<StandardSchema>> = {
  schema: aSchema,
  json: aSwitch,
  onInvalid: oneOf(["throw", "retryable"]),
};

/** Counted since the policy was made; calls that threw by themselves are in neither. */
export interface ValidateStats {
  readonly valid: number;
  readonly invalid: number;
}

/**
 * Inside a retry it makes the call again, inside a fallback another source answers. It returns what the
 * schema makes of the answer, with defaults and conversions.
 *
 * @example
 * const city = new ValidatePolicy({ schema: citySchema, json: true, onInvalid: "retryable" });
 * const guarded = pipeline(new RetryPolicy(), city);
 * const oslo = await guarded.execute(({ signal }) => askModel("Oslo", { signal }));
 */
export class ValidatePolicy<S extends StandardSchema> implements Policy<OutputOf<S>> {
  declare readonly alternative?: OutputOf<S>;
  readonly #schema: S["~standard"];
  readonly #isJson: boolean;
  readonly #isRetryable: boolean;
  readonly #counts = { valid: 0, invalid: 0 };

  /** @throws {@link RangeError} when the schema is no Standard Schema, or another option is none that it can use. */
  constructor(options: ValidateOptions<S>) {
    checkOptions("ValidatePolicy", options, validateNeeds);
    const { schema, json = false, onInvalid = "throw" } = options;
    this.#schema = schema["~standard"];
    this.#isJson = json;
    this.#isRetryable = onInvalid === "retryable";
  }

  get role(): Role {
    return { kind: "validation", state: this, asksAgain: this.#isRetryable };
  }

  stats(): ValidateStats {
    return { ...this.#counts };
  }

  /**
   * @throws {@link ValidationFailedError} when the answer does not fit; what `call` throws; the signal's
   * reason when it is aborted while a schema takes its time.
   */
  execute<T>(call: Call<T>, signal?: AbortSignal): Promise<OutputOf<S>> {
    return this.within(call, firstAttempt(signal));
  }

  async within<T>(call: Call<T>, context: CallContext): Promise<OutputOf<S>> {
    givenSignal(context)?.throwIfAborted();
    const answer = await call(context);
    const value = this.#isJson && typeof answer === "string" ? this.#parsed(answer) : answer;
    const checked = this.#schema.validate(value);
    const result = checked instanceof Promise ? await within(checked, context) : checked;
    if (!result.issues) {
      this.#counts.valid += 1;
      return result.value as OutputOf<S>;
    }
    this.#counts.invalid += 1;
    const issues = issuesOf(result.issues);
    throw new ValidationFailedError("KINTSUGI_VALIDATION_FAILED", issues, value, this.#isRetryable);
  }

  #parsed(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (thrown) {
      this.#counts.invalid += 1;
      const issues = [{ path: "", message: cut(toError(thrown).message) }];
      throw new ValidationFailedError("KINTSUGI_INVALID_JSON", issues, text, true);
    }
  }
}

/** The caller may leave while a schema asks others. */
function within<T>(checked: Promise<T>, context: CallContext): Promise<T> {
  const signal = givenSignal(context);
  return signal ? orAborted(checked, signal) : checked;
}
