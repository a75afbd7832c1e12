/** Circuit breaker: stop calling what keeps failing, and learn gently when it is well again. */

import {
  type Attempt,
  aClassifier,
  aClock,
  aFunction,
  aName,
  aSwitch,
  type Call,
  type CallContext,
  type Clock,
  checkOptions,
  type Ending,
  type ErrorReporter,
  Frame,
  having,
  type Layer,
  type Listener,
  type Needs,
  type Outcome,
  type Policy,
  type Role,
  systemClock,
} from "../base/index.ts";
import { type Classifier, judgeByTables } from "../classify/index.ts";
import { Circuit, type CircuitTransition } from "./circuit.ts";
import type { CircuitSharing } from "./circuit-sharing.ts";
import {
  aStoredCircuit,
  type CircuitState,
  closed,
  revive,
  type StoredCircuit,
  toStored,
} from "./circuit-state.ts";
import { CircuitOpenError } from "./open-error.ts";
import {
  type BreakerLimits,
  type CircuitThresholds,
  changed,
  limitsOf,
  thresholdNeeds,
  thresholdsOf,
} from "./thresholds.ts";

export interface CircuitBreakerOptions<F = never> extends CircuitThresholds {
  /** Names the dependency in errors and events: `"openai-api"`. */
  readonly name: string;
  /** Answers the calls that the circuit refuses; those that failed throw as they did. @defaultValue none */
  readonly fallback?: (error: CircuitOpenError) => F | Promise<F>;
  /**
   * What an error says about the dependency: only `failure` counts against it. It is not asked about a
   * call whose caller gave up; what it throws is reported, and the class says it. @defaultValue by class
   */
  readonly outcomeOf?: (error: Error) => Outcome;
  /** Gives its refusals the stack of the caller, for several times the price. @defaultValue false */
  readonly captureStack?: boolean;
  /** Where an earlier process left off: what {@link CircuitBreaker.toJSON} said then. @defaultValue closed */
  readonly initialState?: StoredCircuit;
  /** Shares it with the breakers of the same name in other processes. @defaultValue it stands alone */
  readonly sharing?: CircuitSharing;
  /** Hears of every change of state, after it has taken effect. @defaultValue nobody */
  readonly onTransition?: Listener<CircuitTransition>;
  /** Hears of what `onTransition` and `outcomeOf` throw. @defaultValue the platform's `reportError`, or a warning */
  readonly onListenerError?: ErrorReporter;
  /** Gives each error its class. @defaultValue the tables of `@kintsugi/policy/classify` */
  readonly classifier?: Classifier;
  /** Tells the time. @defaultValue the system's */
  readonly clock?: Clock;
}

export const breakerNeeds: Needs<CircuitBreakerOptions<unknown>> = {
  ...thresholdNeeds,
  name: aName,
  fallback: aFunction,
  outcomeOf: aFunction,
  captureStack: aSwitch,
  initialState: aStoredCircuit,
  sharing: having("join"),
  onTransition: aFunction,
  onListenerError: aFunction,
  classifier: aClassifier,
  clock: aClock,
};

/** Counted since the breaker was made; a reset does not change them. */
export interface CircuitStats {
  readonly name: string;
  readonly state: CircuitState["kind"];
  readonly mode: NonNullable<CircuitThresholds["mode"]>;
  readonly isolated: boolean;
  readonly successes: number;
  readonly failures: number;
  /** Calls that ended and said nothing about the dependency. */
  readonly ignored: number;
  /** Calls that took `slowCallMs` or longer, however they ended. */
  readonly slow: number;
  /** Calls that were refused, with or without a fallback; in the mode "metrics-only", would have been. */
  readonly rejected: number;
  /** Calls that wait for a place while the circuit has few. */
  readonly waiting: number;
  /** How often the circuit has opened. */
  readonly opened: number;
  /** Milliseconds until a trial is admitted; 0 where calls are admitted or nobody can tell. */
  readonly retryAfterMs: number;
}

/** A hold on a circuit. It refuses all calls until the last hold is released. */
export interface Isolation extends Disposable {
  /** Harmless when called twice. */
  release(): void;
}

/**
 * @example
 * const breaker = new CircuitBreaker({ name: "openai-api", failureThreshold: 3 });
 * const answer = await breaker.execute(({ signal }) => askModel(prompt, { signal }));
 */
export class CircuitBreaker<F = never> implements Policy<F> {
  declare readonly alternative?: F;
  readonly #options: CircuitBreakerOptions<F>;
  /** Made when it is needed: there may be thousands that nobody calls. */
  #made: Circuit | undefined = undefined;
  /** Monotonic; 0 where it needs no warming up. */
  readonly #bornMs: number;
  /** Undefined while those of the options hold. */
  #thresholds: CircuitThresholds | undefined = undefined;
  #strict: Strict | undefined = undefined;
  #frame: Frame | undefined = undefined;

  /** @throws {@link RangeError} naming the option that is out of its range, of a wrong kind, not known, or means nothing beside the others. */
  constructor(options: CircuitBreakerOptions<F>) {
    checkOptions("CircuitBreaker", options, breakerNeeds);
    const { clock = systemClock, initialState, sharing } = options;
    this.#bornMs = options.warmUpMs ? clock.monotonicMs() : 0;
    this.#options = options;
    const limits = limitsOf(options, this.#bornMs);
    // What it goes on from is as of now, and others may tell it something from now on.
    if (initialState || sharing) this.#make(limits);
  }

  get name(): string {
    return this.#options.name;
  }

  /** The same circuit, without the fallback: a call that is refused throws. */
  get strict(): Policy {
    this.#strict ??= new Strict(this, this.#circuit);
    return this.#strict;
  }

  /** One that answers in the place of a call is more than a guard. */
  get layer(): Layer | undefined {
    return this.#options.fallback ? undefined : { kind: "guard", guard: this.#circuit };
  }

  get role(): Role {
    const { slowCallMs } = this.#thresholds ?? this.#options;
    return {
      kind: "circuit breaker",
      state: this,
      name: this.name,
      measures: slowCallMs !== undefined,
    };
  }

  /** A snapshot, safe to keep. */
  get state(): CircuitState {
    return this.#circuit.state;
  }

  /** A snapshot to store, for the `initialState` of a later process. */
  toJSON(): StoredCircuit {
    return toStored(this.state, this.#options.clock ?? systemClock);
  }

  stats(): CircuitStats {
    const { state, limits, isIsolated, waiting } = this.#circuit;
    const { successes, failures, ignored, slow, rejected, opened } = this.#circuit;
    const { clock = systemClock } = this.#options;
    const leftMs = state.kind === "open" ? state.untilMs - clock.monotonicMs() : 0;
    return {
      name: this.name,
      state: state.kind,
      mode: limits.mode,
      isolated: isIsolated,
      successes,
      failures,
      ignored,
      slow,
      rejected,
      waiting,
      opened,
      retryAfterMs: Math.max(0, Math.ceil(leftMs)),
    };
  }

  /**
   * Makes the call if the circuit admits it, and learns from how it ends. A call that is aborted says
   * nothing about the dependency, unless its caller ran out of time; one that waits for a trial leaves at
   * once with the reason of its signal.
   *
   * @throws {@link CircuitOpenError} when it is refused and there is no fallback; otherwise whatever
   * `call`, or the fallback, throws.
   */
  execute<T>(call: Call<T>, signal?: AbortSignal): Promise<T | F> {
    return this.#framed().execute(call, signal);
  }

  within<T>(call: Call<T>, context: CallContext): Promise<T | F> {
    return this.#framed().within(call, context);
  }

  /** Refuses all calls, until what it returns is released; the state below goes on as it was. */
  isolate(): Isolation {
    let isHeld = true;
    const release = (): void => {
      if (isHeld) this.#circuit.release();
      isHeld = false;
    };
    this.#circuit.hold();
    return { release, [Symbol.dispose]: release };
  }

  /** Closes the circuit and forgets its failures; calls that are still out no longer count. */
  reset(): void {
    this.#circuit.reset();
  }

  /**
   * Changes the thresholds that are named, from the next call on. With another window, the options of the
   * old one are left, and what it remembered.
   *
   * @throws {@link RangeError} as the constructor does; then nothing has changed.
   */
  configure(thresholds: CircuitThresholds): void {
    checkOptions("CircuitBreaker.configure()", thresholds, thresholdNeeds);
    const next = changed(this.#thresholds ?? thresholdsOf(this.#options), thresholds);
    this.#circuit.limit(limitsOf(next, this.#bornMs));
    this.#thresholds = next;
  }

  get #circuit(): Circuit {
    return this.#made ?? this.#make(limitsOf(this.#options, this.#bornMs));
  }

  #make(limits: BreakerLimits): Circuit {
    const { clock = systemClock, initialState } = this.#options;
    const state = initialState ? revive(initialState, limits, clock) : untouched;
    this.#made = new Circuit(this.#options, limits, state);
    return this.#made;
  }

  #framed(): Frame {
    const { fallback } = this.#options;
    this.#frame ??= framed(this.#circuit, fallback && new Answer(fallback));
    return this.#frame;
  }
}

const untouched = closed(0);

class Strict implements Policy {
  readonly layer: Layer;
  readonly #breaker: { readonly role: Role };
  readonly #frame: Frame;

  constructor(breaker: { readonly role: Role }, circuit: Circuit) {
    this.layer = { kind: "guard", guard: circuit };
    this.#breaker = breaker;
    this.#frame = framed(circuit, undefined);
  }

  get role(): Role {
    return this.#breaker.role;
  }

  execute<T>(call: Call<T>, signal?: AbortSignal): Promise<T> {
    return this.#frame.execute(call, signal);
  }

  within<T>(call: Call<T>, context: CallContext): Promise<T> {
    return this.#frame.within(call, context);
  }
}

/** The fallback answers where the call was not made; what it threw is for those who retry it. */
class Answer<F> implements Ending {
  readonly #fallback: (error: CircuitOpenError) => F | Promise<F>;

  constructor(fallback: (error: CircuitOpenError) => F | Promise<F>) {
    this.#fallback = fallback;
  }

  answered(value: unknown): unknown {
    return value;
  }

  failed(thrown: unknown, _first: Attempt, made: number): unknown {
    return made === 0 && thrown instanceof CircuitOpenError
      ? this.#fallback(thrown)
      : Promise.reject(thrown);
  }
}

const framed = (circuit: Circuit, ending: Ending | undefined): Frame =>
  new Frame({ judge: judgeByTables, guards: [circuit], ending });
