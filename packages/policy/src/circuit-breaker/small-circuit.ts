/**
 * A circuit for where every byte is downloaded: the machine of circuit-state.ts with failures in a row for
 * its window, and nothing besides. What a program on a server wants more is in the complete one.
 */

import {
  aFunction,
  aName,
  type Call,
  type CallContext,
  type Clock,
  checkOptions,
  type Listener,
  type Needs,
  notify,
  type Outcome,
  type Policy,
  reportError,
  spanClock,
  wholeFrom,
} from "../base/index.ts";
import type { CircuitTransition } from "./circuit.ts";
import { admit, type CircuitLimits, type CircuitState, closed, settle } from "./circuit-state.ts";
import { CircuitOpenError } from "./open-error.ts";

export interface SmallCircuitOptions {
  /** Names the dependency in errors: `"search"`. */
  readonly name: string;
  /** Failures in a row that open it; whole, from 1. @defaultValue 5 */
  readonly failureThreshold?: number;
  /** Trials that must succeed to close it; no more than this many run at once. Whole, from 1. @defaultValue 2 */
  readonly successThreshold?: number;
  /**
   * Milliseconds that it refuses calls before it admits a trial; a trial that has not settled after twice
   * as long loses its place. Whole, from 1. @defaultValue 30_000
   */
  readonly timeout?: number;
  /**
   * What an error says about the dependency: only `failure` counts against it. An abort by the caller says
   * nothing, and is not asked about; what it throws is reported. @defaultValue every error is a failure
   */
  readonly outcomeOf?: (error: unknown) => Outcome;
  /** Hears of every change of state, after it has taken effect; what it throws is reported. */
  readonly onTransition?: Listener<CircuitTransition>;
  readonly clock?: Pick<Clock, "monotonicMs">;
}

const aCount = wholeFrom(1);

const needs: Needs<SmallCircuitOptions> = {
  name: aName,
  failureThreshold: aCount,
  successThreshold: aCount,
  timeout: aCount,
  outcomeOf: aFunction,
  onTransition: aFunction,
  clock: {
    words: "an object with monotonicMs()",
    fits: (clock) => typeof (clock as { monotonicMs?: unknown } | null)?.monotonicMs === "function",
  },
};

/** What {@link circuitBreaker} makes: a policy that stands in a pipeline as others do. */
export interface SmallCircuit extends Policy {
  /** A snapshot, safe to keep. */
  readonly state: CircuitState;
  within<T>(call: Call<T>, context: CallContext): Promise<T>;
  /** Closes the circuit and forgets its failures; calls that are still out no longer count. */
  reset(): void;
}

/**
 * The smallest circuit: less than two kilobytes on a page. It counts failures in a row, and knows errors by
 * `outcomeOf` alone. {@link CircuitBreaker} is the complete one, with windows, rates, slow calls, the
 * tables of error classes, isolation, waiting callers and figures.
 *
 * @throws {@link RangeError} naming the option that is out of its range.
 * @example
 * const search = circuitBreaker({ name: "search", failureThreshold: 3 });
 * const hits = await search.execute(({ signal }) => searchFor(query, { signal }));
 */
export function circuitBreaker(options: SmallCircuitOptions): SmallCircuit {
  checkOptions("circuitBreaker()", options, needs);
  const { name, outcomeOf, onTransition, clock = spanClock } = options;
  const limits = limitsOf(options);
  let state: CircuitState = closed(0);
  let failures = 0;

  const become = (next: CircuitState): void => {
    const { kind, epoch } = state;
    state = next;
    if (epoch !== next.epoch) failures = 0;
    if (kind === next.kind || !onTransition) return;
    notify(onTransition, { breaker: name, from: kind, to: next.kind }, reportError);
  };

  const within = async <T>(call: Call<T>, context: CallContext): Promise<T> => {
    context.signal.throwIfAborted();
    const admission = admit(state, limits, clock.monotonicMs());
    if (!admission.admitted) throw new CircuitOpenError(name, admission.retryAfterMs, false);
    const { permit } = admission;
    become(admission.state);
    const end = (outcome: Outcome): void => {
      const isCounted = state.kind === "closed" && permit.epoch === state.epoch;
      if (isCounted && outcome !== "ignore") failures = outcome === "failure" ? failures + 1 : 0;
      const tally = { calls: failures, failures, slow: 0 };
      const how = { outcome, isSlow: false };
      become(settle(state, limits, clock.monotonicMs(), permit, how, tally));
    };
    let value: T;
    try {
      value = await call(context);
    } catch (thrown) {
      let outcome: Outcome = "failure";
      try {
        outcome = context.signal.aborted ? "ignore" : (outcomeOf?.(thrown) ?? outcome);
      } catch (error) {
        reportError(error); // The call must not end with it, and a trial gives its place back.
      }
      end(outcome);
      throw thrown;
    }
    end("success");
    return value;
  };

  return {
    get state() {
      return state;
    },
    execute: (call, signal = new AbortController().signal) => within(call, { signal, attempt: 1 }),
    within,
    reset: () => become(closed(state.epoch + 1)),
  };
}

function limitsOf(options: SmallCircuitOptions): CircuitLimits {
  const { failureThreshold = 5, successThreshold = 2, timeout: timeoutMs = 30_000 } = options;
  return {
    failureThreshold,
    minimumCalls: 1,
    slowCallMs: Infinity,
    slowCallRate: 1,
    successThreshold,
    timeoutMs,
    openMultiplier: 1,
    maxOpenMs: timeoutMs,
    leaseMs: 2 * timeoutMs,
    rampCalls: 0,
    warmUntilMs: -Infinity,
  };
}
