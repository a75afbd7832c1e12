/** The policies of one executor, put together in their fixed order. */

import { type Policy, systemClock, systemRandom } from "../base/index.ts";
import { CachePolicy } from "../cache/index.ts";
import { ChaosPolicy } from "../chaos/index.ts";
import { createClassifier, judgeBy } from "../classify/index.ts";
import { Hedge } from "../hedge/index.ts";
import { frameOf, Pipeline } from "../pipeline/index.ts";
import type { RateClaim } from "../rate-limit/index.ts";
import { RetryPolicy } from "../retry/index.ts";
import { TimeoutPolicy } from "../timeout/index.ts";
import { ValidatePolicy } from "../validate/index.ts";
import { fallbackOf, ResultEnding } from "./ending.ts";
import type { CallClaim, ExecutorOptions, ExecutorStats } from "./executor-options.ts";
import { type GuardSources, Guards } from "./guards.ts";
import { NestedRun, type Runner } from "./nested-run.ts";
import type { CallPolicies } from "./settings.ts";
import type { SharedCall } from "./shared-call.ts";

/** What an executor has for itself, for as long as it lives: no configuration replaces it. */
interface Kept {
  readonly cache: CachePolicy | undefined;
  readonly hedge: Hedge | undefined;
  readonly validate: ValidatePolicy<NonNullable<CallPolicies["validate"]>["schema"]> | undefined;
  readonly chaos: ChaosPolicy<unknown> | undefined;
}

export class Plan<F> {
  readonly shared: SharedCall;
  readonly #name: string;
  readonly #own: CallPolicies;
  readonly #kept: Kept;
  readonly #sources: Required<Omit<GuardSources, "classifier">> &
    Pick<ExecutorOptions<F>, "classifier">;
  readonly #ending: ResultEnding<F>;
  /** A call that goes straight through has no fallback either. */
  readonly #endingWhenOff: ResultEnding<never>;

  /** @throws {@link RangeError} when an option of a policy is out of its range. */
  constructor(options: ExecutorOptions<F>, shared: SharedCall) {
    const { name, onCall, fallback, clock = systemClock, random = systemRandom } = options;
    const classifier = options.classifier ?? createClassifier(); // Of what it says, the class alone.
    const ending = { name, clock, classifier, onCall, shared };
    this.shared = shared;
    this.#name = name;
    this.#own = options;
    this.#sources = {
      clock,
      random,
      ...(options.classifier && { classifier: options.classifier }),
    };
    this.#kept = keptOf(options, this.#sources);
    this.#ending = new ResultEnding({ ...ending, fallback: fallbackOf(fallback) });
    this.#endingWhenOff = new ResultEnding({ ...ending, fallback: undefined });
  }

  /**
   * Tries the options on guards that nobody has: so they are refused also while policies are off, and
   * before those of the name have changed.
   *
   * @throws {@link RangeError} when an option is out of its range, or what is configured fits no other.
   */
  mustBeUsable(claim: CallClaim | undefined): void {
    this.#row(this.shared.policies(this.#own), claim, new Guards(this.#name, undefined));
  }

  /** @throws {@link RangeError} when what is usable by itself does not fit the circuit that is there. */
  runner(claim: CallClaim | undefined): Runner {
    const { guards, isOn } = this.shared;
    guards.turn(isOn); // Those of an executor alone hear of the switch here; a registry has told its own.
    if (!isOn) return frameOf(guards.rowWhenOff(), this.#endingWhenOff);
    const policies = this.shared.policies(this.#own);
    const { cache, hedge, validate, chaos } = this.#kept;
    const row = this.#row(policies, claim, guards);
    const isPlain = !(hedge || validate || chaos || (cache && claim?.cacheKey !== undefined));
    const { classifier } = this.#sources;
    if (isPlain) return frameOf(row, this.#ending, classifier && judgeBy(classifier));
    return new NestedRun({
      cache: claim?.cacheKey === undefined ? undefined : cache?.for(claim.cacheKey),
      row: new Pipeline(row, { ...(classifier && { classifier }) }),
      chaos,
      ending: this.#ending,
    });
  }

  stats(): ExecutorStats {
    const { cache, hedge, validate, chaos } = this.#kept;
    return {
      name: this.#name,
      enabled: this.shared.isOn,
      ...this.shared.tally.totals,
      ...this.shared.guards.stats(),
      ...(cache && { cache: cache.stats() }),
      ...(hedge && { hedge: hedge.stats() }),
      ...(validate && { validate: validate.stats() }),
      ...(chaos && { chaos: chaos.stats() }),
    };
  }

  /** What {@link CallPolicies} says of their order is made true here. */
  #row(
    policies: CallPolicies,
    claim: CallClaim | undefined,
    guards: Guards,
  ): readonly Policy<unknown>[] {
    const { retry, timeout } = policies;
    const { hedge, validate } = this.#kept;
    const name = this.#name;
    const row: Policy<unknown>[] = [];
    if (retry) row.push(new RetryPolicy({ ...retry, ...this.#sources }));
    if (hedge) row.push(hedge);
    row.push(...guards.row(policies, this.#sources, claimOn(claim)));
    if (timeout !== undefined) {
      const options = typeof timeout === "object" ? timeout : { timeoutMs: timeout };
      row.push(new TimeoutPolicy({ ...options, name, clock: this.#sources.clock }));
    }
    if (validate) row.push(validate);
    return row;
  }
}

function keptOf({ cache, hedge, validate, chaos }: CallPolicies, sources: GuardSources): Kept {
  const { clock = systemClock, random = systemRandom, classifier } = sources;
  return {
    cache: cache && new CachePolicy({ ...cache, clock }),
    hedge: hedge && new Hedge({ ...hedge, clock, ...(classifier && { classifier }) }),
    validate: validate && new ValidatePolicy(validate),
    // A seed of its own goes before the chance of the executor.
    chaos:
      chaos && new ChaosPolicy({ clock, ...(chaos.seed === undefined && { random }), ...chaos }),
  };
}

/** What the limits hear; a key of the cache alone is no claim. */
function claimOn(claim: CallClaim | undefined): RateClaim | undefined {
  if (!claim) return undefined;
  const { cacheKey: _, ...rest } = claim;
  return Object.keys(rest).length > 0 ? rest : undefined;
}
