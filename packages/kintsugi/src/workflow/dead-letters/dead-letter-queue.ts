/** Runs that failed for good or were set aside, as things to look at, to try again and to give up. */

import {
  type Clock,
  type ErrorReporter,
  KintsugiError,
  notify,
  numberBetween,
  reportError,
  sleep,
} from "@kintsugi/policy/base";
import { createClassifier, type ErrorClass } from "@kintsugi/policy/classify";

import type { FactLog } from "../../store/index.ts";
import type { Engine } from "../engine/port.ts";
import { RunStatusError } from "../errors.ts";
import type {
  DeadReason,
  EarlierEnd,
  ReplayOptions,
  RunError,
  RunFilter,
  RunHandle,
  RunRecord,
  RunView,
  StepView,
} from "../run-types.ts";

export interface DeadLetterQueueOptions {
  readonly engine: Engine;
  /** Where the engine tells that a run is dead. */
  readonly facts: Pick<FactLog, "subscribe">;
  readonly clock: Clock;
  /** Hears of what a listener throws. @defaultValue the platform's `reportError`, or a warning */
  readonly onListenerError?: ErrorReporter;
}

export interface DeadLetterError extends RunError {
  readonly code: string | number | null;
  /** What kind of trouble it was, as far as the recorded error tells. */
  readonly class: ErrorClass;
  /** Whether trouble of this class may be over when it is tried again. */
  readonly retryable: boolean;
}

export interface DeadLetter {
  readonly run: RunView;
  /** What it was started with; undefined where that cannot be read any more, and then `fault` says why. */
  readonly input: unknown;
  readonly fault: string | null;
  readonly error: DeadLetterError;
  /** How often the step that it died of was tried; null where it died of none. */
  readonly attempts: number | null;
  /** The newest hundred, oldest first. */
  readonly steps: readonly StepView[];
  /** What became of it before: replays, rewinds and discards, the newest last. */
  readonly earlier: readonly EarlierEnd[];
}

/** What is told of a run in the moment in which it has become a dead letter. */
export interface DeadLetterNotice {
  readonly runId: string;
  readonly workflow: string;
  readonly reason: DeadReason;
  readonly error: RunError | null;
  readonly atMs: number;
}

export interface ReplayAllOptions extends ReplayOptions {
  /** Letters that are replayed at most. @defaultValue all that are dead now */
  readonly limit?: number;
  /** Replays a second at most, so that what broke is not overrun: above 0, up to 1,000. @defaultValue 10 */
  readonly perSecond?: number;
  /** Ends it between two replays; those begun go on. */
  readonly signal?: AbortSignal;
}

export interface ReplayReport {
  /** Runs that were replayed. */
  readonly replayed: readonly string[];
  /** Runs that could not be, and why. */
  readonly refused: readonly { readonly runId: string; readonly why: string }[];
  /** Where `limit` ended it: the next page begins behind this run. */
  readonly after: string | null;
}

type LetterFilter = Omit<RunFilter, "status">;

const PAGE = 100;

const MOST_STEPS = 100;

const MOST_PER_SECOND = 1_000;

/**
 * @example
 * const letters = new DeadLetterQueue({ engine, facts: store.facts, clock });
 * letters.onDeadLetter(({ runId, error }) => page(`${runId}: ${error?.message}`));
 * for (const { id } of await letters.list({ workflow: "charge" })) await letters.replay(id);
 */
export class DeadLetterQueue {
  readonly #options: DeadLetterQueueOptions;

  constructor(options: DeadLetterQueueOptions) {
    this.#options = options;
  }

  /** Newest first. */
  list(filter: LetterFilter = {}): Promise<readonly RunView[]> {
    return this.#options.engine.list({ ...filter, status: "dead" });
  }

  /** How many there are. */
  count(filter: Pick<LetterFilter, "workflow" | "queue"> = {}): Promise<number> {
    return this.#options.engine.count({ ...filter, status: "dead" });
  }

  /** Undefined when there is no such run, or it is not dead. */
  async get(id: string): Promise<DeadLetter | undefined> {
    const { engine } = this.#options;
    const record = await engine.record(id);
    if (record?.run.status !== "dead") return undefined;
    const { run, attempts, earlier } = record;
    const { value: input, fault } = readable(record.input);
    const steps = await engine.steps(id, MOST_STEPS);
    return { run, input, fault, error: this.#errorOf(record), attempts, steps, earlier };
  }

  /**
   * Runs it again: what was recorded stays, the step that failed is done anew. With `fromStep`, all from
   * there on is.
   *
   * @throws {@link RunUnknownError}, {@link RunStatusError} when it is not dead, {@link FromStepError}.
   */
  async replay(id: string, { fromStep }: ReplayOptions = {}): Promise<RunHandle<unknown>> {
    const { engine } = this.#options;
    if (fromStep === undefined) return engine.replay(id);
    const run = await engine.get(id);
    if (run && run.status !== "dead") throw new RunStatusError(id, run.status, "be replayed");
    return engine.rewind(id, { fromStep });
  }

  /**
   * Replays those that are dead now, newest first, one after another. One that dies again is not met again.
   *
   * @throws {@link RangeError} when `perSecond` is out of its range, and the reason of the signal.
   */
  async replayAll(
    filter: Omit<LetterFilter, "limit"> = {},
    { limit = Infinity, perSecond = 10, signal, ...how }: ReplayAllOptions = {},
  ): Promise<ReplayReport> {
    const { clock } = this.#options;
    numberBetween("perSecond", perSecond, 0.001, MOST_PER_SECOND);
    const replayed: string[] = [];
    const refused: { runId: string; why: string }[] = [];
    let { after } = filter;
    const tried = (): number => replayed.length + refused.length;
    while (tried() < limit) {
      const size = Math.min(PAGE, limit - tried());
      const page = await this.list({ ...filter, ...(after && { after }), limit: size });
      for (const { id: runId } of page) {
        signal?.throwIfAborted();
        if (tried() > 0) await sleep(clock, 1_000 / perSecond, signal);
        const why = await this.#refusalOf(runId, how);
        if (why === undefined) replayed.push(runId);
        else refused.push({ runId, why });
      }
      if (page.length < size) return { replayed, refused, after: null };
      after = page.at(-1)?.id;
    }
    return { replayed, refused, after: after ?? null };
  }

  /**
   * Gives it up: it is a cancelled run from then on, and no dead letter. `why` is written into the log.
   *
   * @throws {@link RunUnknownError}, {@link RunStatusError} when it is not dead.
   */
  discard(id: string, why: string): Promise<void> {
    return this.#options.engine.discard(id, why);
  }

  /**
   * Hears of each run that becomes a dead letter, after that is durable. Returns the way to stop
   * listening. What happened while nobody listened is in the list.
   */
  onDeadLetter(listener: (notice: DeadLetterNotice) => void): () => void {
    const { facts, onListenerError = reportError } = this.#options;
    return facts.subscribe(({ type, atMs, payload }) => {
      if (type !== "run.dead") return;
      const { runId, workflow, reason, error } = payload as Omit<DeadLetterNotice, "atMs">;
      notify(listener, { runId, workflow, reason, error, atMs }, onListenerError);
    });
  }

  /** Why it could not be replayed; undefined when it was. */
  async #refusalOf(id: string, how: ReplayOptions): Promise<string | undefined> {
    try {
      await this.replay(id, how);
      return undefined;
    } catch (error) {
      const isAboutRun = error instanceof KintsugiError && ABOUT_ONE_RUN.has(error.code);
      if (!isAboutRun) throw error;
      return error.message;
    }
  }

  #errorOf({ run, error: read }: RunRecord): DeadLetterError {
    const { value: error } = readable(read);
    const seen = run.error ?? { name: "Error", message: "", step: null };
    const known = error ?? Object.assign(new Error(seen.message), { name: seen.name });
    const { clock } = this.#options;
    const { class: kind, retryable } = createClassifier({ clock }).classify(known);
    return { ...seen, code: error?.code ?? null, class: kind, retryable };
  }
}

/** Refusals that say nothing about other runs. */
const ABOUT_ONE_RUN: ReadonlySet<string> = new Set([
  "KINTSUGI_RUN_STATUS",
  "KINTSUGI_RUN_UNKNOWN",
  "KINTSUGI_FROM_STEP",
]);

/** What cannot be read must not hide what can. */
function readable<T>(read: () => T): {
  readonly value: T | undefined;
  readonly fault: string | null;
} {
  try {
    return { value: read(), fault: null };
  } catch (error) {
    return { value: undefined, fault: error instanceof Error ? error.message : String(error) };
  }
}
