/** The context of a run: what its code calls, over the run in memory. */

import { type Duration, durationMs } from "@kintsugi/policy/base";

import {
  type Change,
  ConflictError,
  insert,
  type Store,
  StoreUsageError,
} from "../../store/index.ts";
import { EventsFullError } from "../errors.ts";
import type { Attributes } from "../run-types.ts";
import type { StepContext, StepOptions, Undo, UndoableStep } from "../step-types.ts";
import { runEvents, type StepKind } from "../tables.ts";
import type { Transaction } from "../transaction-types.ts";
import type { Workflow, WorkflowContext } from "../types.ts";
import { encode } from "../value/codec.ts";
import { attemptStep } from "./attempts.ts";
import { withAttributes } from "./attributes.ts";
import type { Branch, Entry, Undoable } from "./branch.ts";
import { type Code, runAll, runRace } from "./branches.ts";
import { childIdOf, idempotencyKeyOf } from "./generation.ts";
import type { LiveRun } from "./live-run.ts";
import { failure, type Outcome, success } from "./outcome.ts";
import { GatheredTransaction } from "./transaction.ts";
import { timeIsUp, type Wait } from "./waits.ts";

/** What is recorded of a call, and with it in the same commit. */
interface Note {
  readonly outcome: Outcome;
  readonly more?: readonly Change[];
  readonly durable?: () => void;
}

interface ChildOptions<Output> {
  readonly id?: string;
  readonly undo?: Undo<Output>;
}

const NO_OPTIONS: StepOptions = {};

const NO_DEADLINE = { deadlineMs: null };

const slept: Outcome = success(undefined);

/** How often a transaction is tried whose rows change under it. */
const MAX_TRANSACTIONS = 10;

/** Events that one run may emit. */
const MAX_EVENTS = 10_000;

/** Texts of progress are for a line on a screen. */
const MAX_NOTE_LENGTH = 500;

export class RunContext implements WorkflowContext {
  readonly runId: string;
  readonly #run: LiveRun;
  readonly #branch: Branch | undefined;
  #controller: AbortController | undefined;

  /** A branch of a race has a context of its own. */
  constructor(run: LiveRun, branch?: Branch) {
    this.runId = run.id;
    this.#run = run;
    this.#branch = branch;
  }

  get signal(): AbortSignal {
    this.#controller ??= (this.#branch ?? this.#run.signals).open();
    return this.#controller.signal;
  }

  step<T>(
    name: string,
    work: ((context: StepContext) => Promise<T> | T) | UndoableStep<T>,
    options: StepOptions = NO_OPTIONS,
  ): Promise<T> {
    if (typeof work === "function") return handedOut(this.#step(name, work, options));
    const { undo } = work;
    return handedOut(this.#step(name, (context) => work.run(context), options, { undo, options }));
  }

  all<T>(
    branches: readonly Code<T>[],
    options: { readonly concurrency?: number } = {},
  ): Promise<T[]> {
    return handedOut(runAll(this, branches, options, this.#run.blame));
  }

  race<T>(branches: readonly Code<T>[]): Promise<T> {
    return handedOut(this.#race(branches));
  }

  sleep(duration: Duration): Promise<void> {
    return handedOut(this.#sleep(duration));
  }

  waitFor<T = unknown>(
    signal: string,
    options: { readonly timeout?: Duration } = {},
  ): Promise<T | null> {
    return handedOut(this.#waitFor<T>(signal, options));
  }

  child<Input, Output>(
    workflow: Workflow<Input, Output>,
    input: Input,
    options: ChildOptions<Output> = {},
  ): Promise<Output> {
    return handedOut(this.#child(workflow, input, options));
  }

  now(): Promise<number> {
    return handedOut(this.#value("now", () => this.#run.host.clock.epochMs()));
  }

  random(): Promise<number> {
    return handedOut(this.#value("random", () => this.#run.host.random.next()));
  }

  uuid(): Promise<string> {
    return handedOut(this.#value("uuid", () => this.#run.host.random.uuid()));
  }

  transact<T>(name: string, work: (tx: Transaction) => Promise<T> | T): Promise<T> {
    return handedOut(this.#transact(name, work));
  }

  emit(type: string, payload?: unknown): Promise<void> {
    return handedOut(this.#emit(type, payload));
  }

  tag(attributes: Attributes): Promise<void> {
    return handedOut(this.#tag(attributes));
  }

  patched(name: string): Promise<boolean> {
    return handedOut(this.#patched(name));
  }

  progress(done: number, total: number, note = ""): void {
    this.#run.progress({ done, total, note: note.slice(0, MAX_NOTE_LENGTH) });
  }

  // --- private parts -----------------------------------------------------------------------------

  #enter(kind: StepKind, name: string): Entry | undefined {
    const entry = this.#run.enter(kind, name, this.#branch);
    if (entry) this.#run.host.watch?.asks(entry);
    return entry;
  }

  async #step<T>(
    name: string,
    fn: (context: StepContext) => Promise<T> | T,
    options: StepOptions,
    undoable?: Undoable,
  ): Promise<T> {
    const run = this.#run;
    const entered = this.#enter("step", name);
    if (!entered) return run.refuse();
    const entry = undoable ? { ...entered, undoable } : entered;
    const recalled = run.recall<T>(entry);
    if (recalled) return recalled;

    const permit = run.permit(entry);
    if (permit) await permit;
    if (run.isVain(entry)) return run.refuse();
    const { clock, isMeasured, aroundStep } = run.host;
    const code = aroundStep ? (told: StepContext) => aroundStep(() => fn(told)) : fn;
    const startedMs = isMeasured ? clock.monotonicMs() : 0;
    const idempotencyKey = idempotencyKeyOf(run.row, entry.seq);
    const signals = entry.branch ?? run.signals;
    const outcome = await attemptStep({ name, idempotencyKey, fn: code, options, clock, signals });
    if (isMeasured) this.#measure(name, outcome, clock.monotonicMs() - startedMs);
    return run.record(entry, outcome);
  }

  async #transact<T>(name: string, work: (tx: Transaction) => Promise<T> | T): Promise<T> {
    const run = this.#run;
    const entry = this.#enter("transact", name);
    if (!entry) return run.refuse();
    const recalled = run.recall<T>(entry);
    if (recalled) return recalled;
    const permit = run.permit(entry);
    if (permit) await permit;
    for (let attempt = 1; ; attempt += 1) {
      if (run.isVain(entry)) return run.refuse();
      const { outcome, changes } = await gathered(run.host.store, name, work);
      try {
        return await run.record<T>(entry, outcome, changes, { mayBeRefused: changes.length > 0 });
      } catch (error) {
        const mayTryAgain = error instanceof ConflictError && attempt < MAX_TRANSACTIONS;
        if (mayTryAgain) continue;
        const isRefused = error instanceof ConflictError || error instanceof StoreUsageError;
        if (!isRefused) throw error;
        return run.record(entry, failure(error, name));
      }
    }
  }

  async #race<T>(branches: readonly Code<T>[]): Promise<T> {
    if (branches.length === 0) throw new RangeError("ctx.race needs at least one branch, got none");
    const run = this.#run;
    const entry = this.#enter("race", "");
    if (!entry) return run.refuse();
    return runRace(run, entry, branches, (side) => new RunContext(run, side));
  }

  async #sleep(duration: Duration): Promise<void> {
    const ms = durationMs(duration);
    const run = this.#run;
    const entry = this.#enter("sleep", "");
    if (!entry) return run.refuse();
    const deadlineMs = run.host.clock.epochMs() + ms;
    return (
      run.recall<void>(entry) ??
      run.wait<void>(entry, { deadlineMs }, (wait) => run.waits.wakeWhenDue(wait, slept))
    );
  }

  async #waitFor<T>(signal: string, options: { readonly timeout?: Duration }): Promise<T | null> {
    const { timeout } = options;
    const timeoutMs = timeout === undefined ? null : durationMs(timeout);
    const run = this.#run;
    const entry = this.#enter("wait", signal);
    if (!entry) return run.refuse();
    const deadlineMs = timeoutMs === null ? null : run.host.clock.epochMs() + timeoutMs;
    const begin = (wait: Wait): void => {
      const letter = run.waits.mail.take(entry.name); // A signal that came goes before a time that is up.
      if (letter) run.waits.hand(wait, letter);
      else run.waits.wakeWhenDue(wait, timeIsUp);
    };
    return run.recall<T | null>(entry) ?? run.wait<T | null>(entry, { deadlineMs }, begin);
  }

  async #child<Input, Output>(
    workflow: Workflow<Input, Output>,
    input: Input,
    options: ChildOptions<Output>,
  ): Promise<Output> {
    const run = this.#run;
    const entered = this.#enter("child", workflow.name);
    if (!entered) return run.refuse();
    const { undo } = options;
    const entry = undo ? { ...entered, undoable: { undo, options: NO_OPTIONS } } : entered;
    const childId = options.id ?? childIdOf(run.row, entry.seq);
    const begin = async (wait: Wait): Promise<void> => {
      run.waits.wake(wait, await this.#outcomeOf(workflow, input, { ...entry, childId }));
    };
    return (
      run.recall<Output>(entry) ??
      run.wait<Output>({ ...entry, childId }, NO_DEADLINE, (wait) => void begin(wait))
    );
  }

  #value<T>(name: string, make: () => T): Promise<T> {
    return this.#note("value", name, () => ({ outcome: success(make()) }));
  }

  async #emit(type: string, payload: unknown): Promise<void> {
    const run = this.#run;
    if (run.notes.emitted >= MAX_EVENTS) throw new EventsFullError(run.id, MAX_EVENTS);
    run.notes.emitted += 1;
    const text = encode(payload, `payload of event "${type}"`);
    return this.#note("emit", type, () => {
      const id = run.host.nextEventId();
      const event = { runId: run.id, id, type, payload: text, atMs: run.host.clock.epochMs() };
      const durable = (): void => run.host.emitted(run.id);
      return { outcome: slept, more: [insert(runEvents, event)], durable };
    });
  }

  async #tag(attributes: Attributes): Promise<void> {
    withAttributes(null, attributes);
    return this.#note("tag", "", () => ({ outcome: slept, more: this.#run.notes.tag(attributes) }));
  }

  async #patched(name: string): Promise<boolean> {
    const known = this.#run.patchKnown(name);
    return known ?? this.#note("patch", name, () => ({ outcome: success(true) }));
  }

  /** A step without code of the user. */
  async #note<T>(kind: StepKind, name: string, make: () => Note): Promise<T> {
    const run = this.#run;
    const entry = this.#enter(kind, name);
    if (!entry) return run.refuse();
    const recalled = run.recall<T>(entry);
    if (recalled) return recalled;
    const room = run.begin();
    if (room) await room;
    if (run.isVain(entry)) return run.refuse();
    const { outcome, more, durable } = make();
    return run.record(entry, outcome, more, { durable });
  }

  async #outcomeOf<Input, Output>(
    workflow: Workflow<Input, Output>,
    input: Input,
    entry: Entry & { readonly childId: string },
  ): Promise<Outcome> {
    const { host } = this.#run;
    try {
      const { deadlineMs } = this.#run.row;
      const options = { id: entry.childId, parentId: this.runId, deadlineMs };
      const child = await host.startChild(workflow, input, options);
      // It was not there yet when its parent was cancelled, or its branch lost.
      if (this.#run.isUnwanted(entry)) host.cancelChild(child.id);
      return success(await child.result());
    } catch (thrown) {
      return failure(thrown, workflow.name);
    }
  }

  #measure(step: string, { failed }: Outcome, durationMs: number): void {
    const { id: runId, workflow } = this.#run.row;
    const kind = "step ended";
    this.#run.host.measure({ kind, runId, workflow, step, failed: failed === 1, durationMs });
  }
}

/**
 * What code of the user gets, which it may await later or never. How the call ends is recorded, and
 * thrown to whoever awaits it; an error that nobody awaits must not end the whole process.
 */
function handedOut<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {}); // Nothing is lost: who awaits the promise still hears of it.
  return promise;
}

/** What a transaction comes to, and what it changes if it does not fail. */
async function gathered<T>(
  store: Pick<Store, "get" | "list">,
  name: string,
  work: (tx: Transaction) => Promise<T> | T,
): Promise<{ readonly outcome: Outcome; readonly changes: readonly Change[] }> {
  const tx = new GatheredTransaction(store);
  try {
    const outcome = success(await work(tx), `step "${name}"`);
    return { outcome, changes: tx.close() };
  } catch (thrown) {
    tx.close();
    return { outcome: failure(thrown, name), changes: [] };
  }
}
