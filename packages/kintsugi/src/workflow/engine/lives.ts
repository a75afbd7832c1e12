/**
 * The lives of the engine, and what a new one does with the runs that the last one left busy: if that
 * life crashed, it counts against each of them, and the tenth in a row makes a run a dead letter.
 */

import type { Clock } from "@kintsugi/policy/base";

import { type Change, insert, remove, type Store, update } from "../../store/index.ts";
import { RunQuarantinedError } from "../errors.ts";
import { fromColumns, next, toColumns } from "../run-state.ts";
import { engineLives, type RunRow, runs, steps } from "../tables.ts";
import { endFacts } from "./facts.ts";

/** Runs that are looked at, and changed, in one go. */
const PAGE = 500;

/** Begins the next life. Returns its number. */
export async function beginLife(store: Store, clock: Clock): Promise<number> {
  const earlier = await store.list(engineLives, { orderBy: "life" });
  const life = (earlier.at(-1)?.life ?? 0) + 1;
  const born = { life, startedAtMs: clock.epochMs(), stoppedAtMs: null };
  await store.commit([insert(engineLives, born)]);

  const clean = new Set(earlier.filter((one) => one.stoppedAtMs !== null).map((one) => one.life));
  await putBackInQueue(store, clock, (row) => clean.has(row.boot));
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
  const { name, message } = new RunQuarantinedError(
    row.id,
    state.crashes,
    row.suspectStep,
    stepsRecorded,
  );
  const error = { name, message, step: row.suspectStep };
  const last = { ...columns, error, stepsRecorded, culprits: [], endedAtMs: atMs };
  return [update(runs, [row.id], last), ...endFacts({ ...row, ...last }, atMs)];
}
