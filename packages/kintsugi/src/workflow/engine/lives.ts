/**
 * The lives of the engine, and what a new one does with the runs that the last one left busy: if that
 * life crashed, it counts against each of them, and the tenth in a row makes a run a dead letter.
 */

import type { Clock } from "@kintsugi/policy/base";

import { type Change, insert, remove, type Store, update } from "../../store/index.ts";
import { RunQuarantinedError } from "../errors.ts";
import { fromColumns, next, toColumns } from "../run-state.ts";
import {
  type EngineLifeRow,
  engineLives,
  type RunRow,
  runs,
  type SignalRow,
  signals,
  steps,
} from "../tables.ts";
import { dueChanges, endedAt } from "./dormant.ts";
import { endFacts } from "./facts.ts";

/** Runs that are looked at, and changed, in one go. */
const PAGE = 500;

/** Room for the signals of one life, so that their numbers grow from life to life. */
export const SIGNALS_PER_LIFE: number = 2 ** 32;

/** Begins the next life. Returns its number. */
export async function beginLife(store: Store, clock: Clock): Promise<number> {
  const earlier = await store.list(engineLives, { orderBy: "life" });
  const life = (earlier.at(-1)?.life ?? 0) + 1;
  const born = { life, startedAtMs: clock.epochMs(), stoppedAtMs: null };
  await store.commit([insert(engineLives, born)]);

  const clean = new Set(earlier.filter((one) => one.stoppedAtMs !== null).map((one) => one.life));
  await putBackInQueue(store, clock, (row) => clean.has(row.boot));
  await wakeForSignals(store, earlier);
  // Only now: until every run has been judged by its own life, a crash in between must find them.
  await store.commit(earlier.map((one) => remove(engineLives, one.life)));
  return life;
}

/** Marks the end of a life that ends in order. */
export async function endLife(store: Store, clock: Clock, life: number): Promise<void> {
  await store.commit([update(engineLives, [life], { stoppedAtMs: clock.epochMs() })]);
}

/** Runs that were busy or waited for a child belong into memory; those that wait for less may lie. */
async function putBackInQueue(
  store: Store,
  clock: Clock,
  endedCleanly: (row: RunRow) => boolean,
): Promise<void> {
  for (const phase of ["busy", "joining"] as const) {
    // What is written leaves the phase, so the first page is always the next one.
    const query = { where: { phase }, orderBy: "position", limit: PAGE } as const;
    for (let page = await store.list(runs, query); page.length > 0; ) {
      const atMs = clock.epochMs();
      const changes = page.map((row) => lifeIsOver(store, row, atMs, endedCleanly(row)));
      await store.commit((await Promise.all(changes)).flat());
      page = await store.list(runs, query);
    }
  }
}

/**
 * A signal is durable, and told to its sender, before the run that waits for it has heard of it. So the
 * runs that got one in a life that is over are looked at again; most of those signals are read by now.
 */
async function wakeForSignals(store: Store, earlier: readonly EngineLifeRow[]): Promise<void> {
  const [oldest] = earlier;
  if (!oldest) return;
  const since = oldest.life * SIGNALS_PER_LIFE;
  let after: SignalRow | undefined;
  do {
    const query = {
      orderBy: "seq",
      descending: true,
      limit: PAGE,
      ...(after && { after }),
    } as const;
    const page = await store.list(signals, query);
    const unread = page.filter(({ seq }) => seq >= since);
    const id = [...new Set(unread.map(({ runId }) => runId))];
    const waiting = await store.list(runs, { where: { id, phase: "waiting" }, limit: PAGE });
    await store.commit(waiting.flatMap(dueChanges));
    after = unread.length === PAGE ? unread.at(-1) : undefined;
  } while (after);
}

async function lifeIsOver(
  store: Store,
  row: RunRow,
  atMs: number,
  clean: boolean,
): Promise<readonly Change[]> {
  const state = next(fromColumns(row), { kind: "life is over", clean });
  const columns = toColumns(state, row.createdAtMs);
  if (state.kind !== "dead") return [update(runs, [row.id], columns)];

  const stepsRecorded = await store.count(steps, { runId: row.id });
  const undoable = await store.count(steps, { runId: row.id, undoable: 1 });
  const { name, message } = new RunQuarantinedError(
    row.id,
    state.crashes,
    row.suspectStep,
    stepsRecorded,
    undoable,
  );
  const error = { name, message, step: row.suspectStep };
  const last = { ...columns, error, stepsRecorded, culprits: [], ...endedAt(atMs) };
  return [update(runs, [row.id], last), ...endFacts({ ...row, ...last }, atMs)];
}
