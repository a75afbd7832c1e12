/** Circuit breaker: calls that keep failing are not made for a while. */

import { Frame, firstAttempt, systemClock } from "../../base/index.ts";
import { ConstantBackoff, type IBackoffFactory } from "./backoff.ts";
import type { IBreaker } from "./breakers.ts";
import { contextOf, executeUnder, type InnerCall, NO_FIELDS, RUN, sayNothing } from "./call.ts";
import { CircuitState } from "./circuit-state.ts";
import type {
  FailureReason,
  IDefaultPolicyContext,
  IFailureEvent,
  IPolicy,
  ISuccessEvent,
} from "./contract.ts";
import { HydratingCircuitError } from "./errors.ts";
import { type Event, EventEmitter, type IDisposable } from "./event.ts";
import { type Executor, surfacing } from "./executor.ts";
import {
  type IHalfOpenAfterBackoffContext,
  type IHalfOpenSamplingOptions,
  JudgedCircuit,
  type Revived,
} from "./judged-circuit.ts";
import { steadyClock } from "./steady-clock.ts";

export interface ICircuitBreakerOptions {
  /** Says when it opens. */
  breaker: IBreaker;
  /** Milliseconds that it is open before it lets a trial through, or a back-off that says them. */
  halfOpenAfter: number | IBackoffFactory<IHalfOpenAfterBackoffContext>;
  /** How many trials close it, and how many of them may fail. @defaultValue one, which may not */
  halfOpenSampling?: IHalfOpenSamplingOptions;
  /** Where an earlier one left off: what {@link CircuitBreakerPolicy.toJSON} said then. */
  initialState?: unknown;
}

interface StoredState {
  readonly ownState:
    | { readonly value: 0 }
    | { readonly value: 1 | 2; readonly openedAt?: number; readonly attemptNo?: number }
    | { readonly value: 3; readonly counters: number };
  readonly breakerState: unknown;
}

export class CircuitBreakerPolicy implements IPolicy {
  declare readonly _altReturn: never;
  /** It has opened, by that failure or by hand. */
  readonly onBreak: Event<FailureReason<unknown> | { isolated: true }>;
  /** It has closed. */
  readonly onReset: Event<void>;
  /** It lets trials through. */
  readonly onHalfOpen: Event<void>;
  /** Tells of every state, after the event of its own. */
  readonly onStateChange: Event<CircuitState>;
  readonly #broken = new EventEmitter<FailureReason<unknown> | { isolated: true }>();
  readonly #closed = new EventEmitter<void>();
  readonly #halfOpened = new EventEmitter<void>();
  readonly #changed = new EventEmitter<CircuitState>();
  readonly #breaker: IBreaker;
  readonly #executor: Executor;
  readonly #circuit: JudgedCircuit;
  readonly #frame: Frame;

  /** @throws {@link RangeError} when `halfOpenSampling` is out of its range. */
  constructor(options: ICircuitBreakerOptions, executor: Executor) {
    const { breaker, halfOpenAfter, halfOpenSampling, initialState } = options;
    const backoff =
      typeof halfOpenAfter === "number" ? new ConstantBackoff(halfOpenAfter) : halfOpenAfter;
    const stored = initialState as StoredState | undefined; // Of our own making, or the user's fault.
    const circuit = new JudgedCircuit(
      {
        breaker,
        backoff,
        sampling: checkedSampling(halfOpenSampling),
        clock: steadyClock(systemClock),
        onState: (state) => this.#tell(state),
      },
      stored && revivedFrom(stored, backoff),
    );
    if (stored) breaker.state = stored.breakerState;
    for (let held = stored ? holdsIn(stored) : 0; held > 0; held -= 1) circuit.hold();
    this.#breaker = breaker;
    this.#executor = executor;
    this.#circuit = circuit;
    this.#frame = new Frame({
      judge: sayNothing,
      guards: [circuit],
      ending: surfacing,
      makesAborted: true,
    });
    this.onBreak = this.#broken.addListener;
    this.onReset = this.#closed.addListener;
    this.onHalfOpen = this.#halfOpened.addListener;
    this.onStateChange = this.#changed.addListener;
  }

  get onSuccess(): Event<ISuccessEvent> {
    return this.#executor.onSuccess;
  }

  get onFailure(): Event<IFailureEvent> {
    return this.#executor.onFailure;
  }

  get state(): CircuitState {
    return this.#circuit.state;
  }

  /** The last failure that counted, of whichever state; undefined where there was none. */
  get lastFailure(): FailureReason<unknown> | undefined {
    return this.#circuit.lastFailure;
  }

  /**
   * Holds the circuit open by hand until what it returns is disposed of; the last of several holds lets
   * go. The state below goes on as it was.
   */
  isolate(): IDisposable {
    const circuit = this.#circuit;
    circuit.hold();
    if (circuit.holds === 1) this.#tell(CircuitState.Isolated);
    let isHeld = true;
    const dispose = (): void => {
      if (!isHeld) return;
      isHeld = false;
      circuit.release();
      if (circuit.holds === 0) this.#tell(circuit.state, true);
    };
    return { dispose };
  }

  /**
   * Makes the call if the circuit lets it through. While all trials are out it waits for their end.
   *
   * @throws {@link BrokenCircuitError}, {@link IsolatedCircuitError} when it is refused,
   * {@link TaskCancelledError} when `signal` is aborted while it waits; otherwise what `fn` throws.
   */
  execute<T>(
    fn: (context: IDefaultPolicyContext) => PromiseLike<T> | T,
    signal?: AbortSignal,
  ): Promise<T> {
    return executeUnder(this, fn, signal);
  }

  /** @internal */
  [RUN]<T>(call: InnerCall<T>, signal: AbortSignal | undefined): Promise<T> {
    return this.#frame.execute(
      (attempt) => this.#executor.run(() => call(attempt, NO_FIELDS)),
      signal,
    );
  }

  /** A state to store as JSON, for the `initialState` of a later one; half-open is stored as open. */
  toJSON(): unknown {
    const { holds, attemptNo, openedAt, state } = this.#circuit;
    const breakerState = this.#breaker.state;
    if (state === CircuitState.Isolated) {
      return { ownState: { value: state, counters: holds }, breakerState } satisfies StoredState;
    }
    if (state === CircuitState.Closed) {
      return { ownState: { value: state }, breakerState } satisfies StoredState;
    }
    const ownState = { value: CircuitState.Open, openedAt: openedAt ?? 0, attemptNo };
    return { ownState, breakerState } satisfies StoredState;
  }

  #tell(state: CircuitState, isLetGo = false): void {
    if (state === CircuitState.Isolated) this.#broken.tell({ isolated: true });
    else if (state === CircuitState.HalfOpen) this.#halfOpened.tell();
    else if (state === CircuitState.Closed) this.#closed.tell();
    // It was open before it was held, and that was told.
    else if (!isLetGo && this.lastFailure) this.#broken.tell(this.lastFailure);
    this.#changed.tell(state);
  }
}

/** Runs the back-off to where it was. */
function revivedFrom(
  { ownState }: StoredState,
  factory: IBackoffFactory<IHalfOpenAfterBackoffContext>,
): Revived | undefined {
  if (ownState.value !== CircuitState.Open && ownState.value !== CircuitState.HalfOpen) {
    return undefined;
  }
  const { openedAt = 0, attemptNo = 1 } = ownState;
  const failure = { error: new HydratingCircuitError() };
  const source = firstAttempt(undefined);
  const context = (attempt: number): IHalfOpenAfterBackoffContext =>
    contextOf(source, { attempt, result: failure });
  let backoff = factory.next(context(1));
  for (let attempt = 2; attempt <= attemptNo; attempt += 1)
    backoff = backoff.next(context(attempt));
  return { openedAt, attemptNo, backoff, failure };
}

const holdsIn = ({ ownState }: StoredState): number =>
  ownState.value === CircuitState.Isolated ? ownState.counters : 0;

function checkedSampling({
  calls,
  threshold,
}: IHalfOpenSamplingOptions = ONE_TRIAL): IHalfOpenSamplingOptions {
  if (!Number.isSafeInteger(calls) || calls < 1) {
    throw new RangeError(`halfOpenSampling.calls must be a whole number from 1, got ${calls}`);
  }
  if (threshold >= 0 && threshold < 1) return { calls, threshold };
  throw new RangeError(`halfOpenSampling.threshold must be from 0 and below 1, got ${threshold}`);
}

const ONE_TRIAL: IHalfOpenSamplingOptions = { calls: 1, threshold: 0 };
