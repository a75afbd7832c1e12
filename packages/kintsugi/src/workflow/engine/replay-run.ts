/**
 * Takes code along what is recorded of a run, as a later life would, and stops where the record ends:
 * nothing is written, no step is done, no time passes. So it can be told what code would make of a run
 * before anybody runs it.
 */

import { type Clock, systemClock, systemRandom } from "@kintsugi/policy/base";

import { DeterminismError } from "../errors.ts";
import { type ReplayVerdict, type RunHistory, rowsOf } from "../history.ts";
import type { RunRow, StepRow } from "../tables.ts";
import type { Workflow } from "../types.ts";
import { decode } from "../value/codec.ts";
import type { Entry } from "./branch.ts";
import { RunContext } from "./context.ts";
import { inWords } from "./journal.ts";
import { LiveRun } from "./live-run.ts";
import { failure, type Outcome, success } from "./outcome.ts";
import { NOTHING_YET } from "./races.ts";
import type { RunHost } from "./run-host.ts";

/** How code got on along a record. */
export interface Replayed {
  /** What it came to; undefined when it did not end. */
  readonly end: Outcome | undefined;
  /** Where it left the record. */
  readonly error: DeterminismError | undefined;
  /** The first call of which nothing is recorded. */
  readonly beyond: Entry | undefined;
  /** Recorded, and not asked for. */
  readonly left: readonly StepRow[];
  readonly calls: number;
}

/** Turns of the event loop in which code may ask for nothing before it is taken to stand still. */
const QUIET_TURNS = 200;

const never = <T>(): Promise<T> => new Promise(() => {});

/**
 * Tries a history on code: whether a run of which this is recorded would go on with it, or where it
 * would break. The code between steps runs; steps do not.
 *
 * @throws {@link HistoryUnreadableError} when it is none, or one of a later version.
 */
export async function replayHistory(
  workflow: Workflow<never, unknown>,
  history: RunHistory,
): Promise<ReplayVerdict> {
  const { run, steps } = rowsOf(history);
  const { end, error, left, calls } = await replayRun(workflow, run, steps, systemClock);
  if (error) return { kind: "breaks", error };
  const [first] = left;
  if (first) return { kind: "breaks", error: notAskedFor(run.id, first, end) };
  return end ? { kind: "ends" } : { kind: "goes on", step: calls };
}

export async function replayRun(
  workflow: Workflow<never, unknown>,
  row: RunRow,
  recorded: readonly StepRow[],
  clock: Clock,
): Promise<Replayed> {
  const asked = new Set<number>();
  let beyond: Entry | undefined;
  let error: DeterminismError | undefined;
  let end: Outcome | undefined;
  const ended = (outcome: Outcome): Promise<never> => {
    end = outcome;
    return never();
  };
  const watched: Workflow<never, unknown> = {
    ...workflow,
    run: (ctx, input) => attempt(() => workflow.run(ctx, input)).then(ended),
  };
  const still = standingStill(clock);
  const host = hostOf(still.clock, {
    asks(entry) {
      asked.add(entry.seq);
      if (!entry.row) beyond ??= entry;
    },
    leaves(divergence) {
      error = divergence;
    },
  });
  const open = { ...row, ending: null, cause: null, status: "running" } as RunRow;
  const run = new LiveRun(open, { kind: "busy", crashes: 0, boot: 1 }, watched, host);
  const rows = recorded.map((step) => ({ ...NOTHING_YET, ...step }));
  run.remember(rows, []);
  void run.execute(new RunContext(run));
  await still.until(() => end !== undefined || run.isOver);

  if (!error) mustBeReadable(run);
  const left = rows.filter(({ seq, kind, abandonedBy }) => {
    return !asked.has(seq) && kind !== "undo" && abandonedBy === null;
  });
  return { end, error, beyond, left, calls: asked.size };
}

/** What the code now asks for in the place of a step that it has not come by. */
export function notAskedFor(
  runId: string,
  row: StepRow,
  end: Outcome | undefined,
): DeterminismError {
  const found = end ? "the end of the run" : "nothing more";
  return new DeterminismError(runId, row.seq, inWords(row), found);
}

async function attempt(code: () => Promise<unknown>): Promise<Outcome> {
  try {
    return success(await code());
  } catch (thrown) {
    return failure(thrown, undefined);
  }
}

/** What is recorded cannot even be read. */
function mustBeReadable({ endRow }: LiveRun): void {
  if (endRow?.outcome) throw decode(endRow.outcome);
}

/** Lets nothing new happen: no code of steps runs, and nothing is ever written. */
function hostOf(clock: Clock, watch: RunHost["watch"]): RunHost {
  const nothing = (): void => {};
  return {
    clock,
    random: systemRandom,
    life: 1,
    isMeasured: false,
    watch,
    turnOf: never,
    store: { get: never, list: never },
    commit: never,
    isLost: () => false,
    startChild: never,
    cancelChild: nothing,
    nextEventId: () => 0,
    emitted: nothing,
    moved: nothing,
    rests: nothing,
    ended: nothing,
    measure: nothing,
  };
}

/** A clock whose time does not pass, and which knows when nobody does anything more. */
function standingStill(clock: Clock): {
  readonly clock: Clock;
  readonly until: (isDone: () => boolean) => Promise<void>;
} {
  let waiting = 0;
  const turn = (): Promise<void> => new Promise((resolve) => clock.immediate(resolve));
  const still: Clock = {
    epochMs: () => 0,
    monotonicMs: () => 0,
    after: () => () => {},
    immediate(fn) {
      waiting += 1;
      clock.immediate(() => {
        waiting -= 1;
        fn();
      });
    },
  };
  return {
    clock: still,
    async until(isDone) {
      for (let quiet = 0; quiet < QUIET_TURNS && !isDone(); ) {
        await turn();
        quiet = waiting > 0 ? 0 : quiet + 1;
      }
    },
  };
}
