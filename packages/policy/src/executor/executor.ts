/** Executor: a named pipeline that returns how a call ended, and never throws for it. */

import { type Call, checkOptions, reportError } from "../base/index.ts";
import { checkClaim, checkPolicies, executorNeeds } from "./executor-needs.ts";
import type {
  AnswerOf,
  CallClaim,
  ExecutorOptions,
  ExecutorStats,
  MaybeSchema,
} from "./executor-options.ts";
import type { Runner } from "./nested-run.ts";
import { Plan } from "./plan.ts";
import type { ExecutionResult } from "./result.ts";
import { LoneCall, type SharedCall } from "./shared-call.ts";

/** An executor for calls that make a claim. */
export type ClaimingExecutor<F, S extends MaybeSchema> = Pick<ResilientExecutor<F, S>, "execute">;

/**
 * @example
 * const executor = new ResilientExecutor({ name: "search", retry: {}, timeout: 2_000 });
 * const result = await executor.execute(({ signal }) => search(query, { signal }));
 * if (result.success) show(result.data);
 */
export class ResilientExecutor<F = never, S extends MaybeSchema = undefined> {
  readonly name: string;
  readonly #plan: Plan<F>;
  readonly #lane: Lane;

  /**
   * @param shared What a registry keeps for the name; without it the executor stands alone.
   * @throws {@link RangeError} when an option, also of a policy, is out of its range, of a wrong kind, or not known.
   */
  constructor(options: ExecutorOptions<F, S>, shared?: SharedCall) {
    checkOptions("ResilientExecutor", options, executorNeeds);
    checkPolicies(options);
    const { name } = options;
    const own = options as ExecutorOptions<F>; // Its schema is only passed on.
    this.name = name;
    this.#plan = new Plan<F>(own, shared ?? new LoneCall(name));
    this.#lane = new Lane(this.#plan, undefined);
  }

  /**
   * Makes the call under the policies: each attempt has its own time, the circuit sees each attempt, and
   * the fallback answers when all attempts are over. An abort ends a wait at once.
   */
  execute<T>(call: Call<T>, signal?: AbortSignal): Promise<ExecutionResult<AnswerOf<T, S> | F>> {
    const running: Promise<unknown> = this.#lane.execute(call, signal);
    return running as Promise<ExecutionResult<AnswerOf<T, S> | F>>; // As its ending makes it.
  }

  /**
   * The same executor, for calls that say what they cost, who makes them, or by which key the cache may
   * answer for them. Whoever makes many calls with one claim keeps what it returns.
   *
   * @throws {@link RangeError} when the claim is out of its range.
   * @example
   * const result = await executor.with({ cacheKey: city, priority: 5 }).execute(() => ask(city));
   */
  with(claim: CallClaim): ClaimingExecutor<F, S> {
    checkClaim(claim);
    const lane = new Lane(this.#plan, claim);
    return {
      execute: <T>(call: Call<T>, signal?: AbortSignal) => {
        const running: Promise<unknown> = lane.execute(call, signal);
        return running as Promise<ExecutionResult<AnswerOf<T, S> | F>>;
      },
    };
  }

  stats(): ExecutorStats {
    return this.#plan.stats();
  }
}

/** What a lane asks of a plan. */
type Course = Pick<Plan<unknown>, "shared" | "mustBeUsable" | "runner">;

/** The way of calls with one claim. */
class Lane {
  readonly #plan: Course;
  readonly #claim: CallClaim | undefined;
  readonly #shared: SharedCall;
  #revision: number;
  #runner: Runner;

  constructor(plan: Course, claim: CallClaim | undefined) {
    this.#plan = plan;
    this.#claim = claim;
    this.#shared = plan.shared;
    this.#revision = plan.shared.revision;
    plan.mustBeUsable(claim);
    this.#runner = plan.runner(claim);
  }

  execute(call: Call<unknown>, signal: AbortSignal | undefined): Promise<unknown> {
    if (this.#shared.revision !== this.#revision) this.#renew();
    return this.#runner.execute(call, signal);
  }

  /** What was configured may make no sense with the options of the code: then all stays as it was. */
  #renew(): void {
    this.#revision = this.#shared.revision;
    try {
      if (this.#shared.isOn) this.#plan.mustBeUsable(this.#claim); // To switch off never fails.
      this.#runner = this.#plan.runner(this.#claim);
    } catch (error) {
      reportError(error);
    }
  }
}
