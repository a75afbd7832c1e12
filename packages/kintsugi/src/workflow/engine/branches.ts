/** Branches that run side by side: all of them, or in a race. */

import { wholeNumber } from "@kintsugi/policy/base";

import type { WorkflowContext } from "../types.ts";
import type { Blame } from "./blame.ts";
import { Branch, type Entry } from "./branch.ts";
import type { LiveRun } from "./live-run.ts";

export type Code<T> = (ctx: WorkflowContext) => Promise<T>;

/** Starts all in order, so many at once, and waits for all. */
export async function runAll<T>(
  ctx: WorkflowContext,
  branches: readonly Code<T>[],
  options: { readonly concurrency?: number },
  blame: Blame,
): Promise<T[]> {
  const most = wholeNumber("concurrency", options.concurrency ?? (branches.length || 1), 1);
  const results = new Array<PromiseSettledResult<T>>(branches.length);
  let started = 0;
  const lane = async (): Promise<void> => {
    for (let index = started++; index < branches.length; index = started++) {
      results[index] = await settled(branches[index] as Code<T>, ctx);
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, branches.length) }, lane));
  return valuesOf(results, blame);
}

/** Starts all in order, each on a side of its own, and goes with the first that settles. */
export async function runRace<T>(
  run: LiveRun,
  entry: Entry,
  branches: readonly Code<T>[],
  contextOf: (side: Branch) => WorkflowContext,
): Promise<T> {
  const recalled = run.recall<number>(entry);
  const sides = branches.map(() => new Branch(run.signals, entry.branch));
  const losersTo = (winner: number): readonly Branch[] => sides.filter((_, at) => at !== winner);
  const ends = branches.map((branch, at) => settled(branch, contextOf(sides[at] as Branch)));
  const winner = await (recalled
    ? decidedBefore(recalled, ends, Number(entry.row?.outcome), (one) =>
        run.races.decidedBefore(entry, losersTo(one)),
      )
    : decided(ends, (one) =>
        run.isVain(entry) ? run.refuse() : run.races.decide(entry, one, losersTo(one)),
      ));
  const end = await (ends[winner] as Promise<PromiseSettledResult<T>>);
  if (end.status === "rejected") throw end.reason;
  return end.value;
}

/** From the moment on at which the first settles, the others have lost. */
function decided(
  ends: readonly Promise<unknown>[],
  win: (winner: number) => Promise<number>,
): Promise<number> {
  return new Promise((resolve) => {
    let isOpen = true;
    const arrive = (at: number): void => {
      if (!isOpen) return;
      isOpen = false;
      resolve(win(at));
    };
    for (const [at, end] of ends.entries()) void end.then(() => arrive(at));
  });
}

/** Whoever is recorded has won, and the others lose at the moment at which they lost before. */
function decidedBefore(
  recalled: Promise<number>,
  ends: readonly Promise<unknown>[],
  winner: number,
  win: (winner: number) => void,
): Promise<number> {
  void ends[winner]?.then(() => win(winner));
  return recalled;
}

/** The error of the first branch that failed is thrown; a replay has to run all that failed. */
function valuesOf<T>(results: readonly PromiseSettledResult<T>[], blame: Blame): T[] {
  const failed = results.filter((result) => result.status === "rejected");
  const [first] = failed;
  if (!first) return results.map((result) => (result as PromiseFulfilledResult<T>).value);
  const error: unknown = first.reason;
  if (failed.length > 1 && typeof error === "object" && error !== null) {
    blame.add(
      error,
      failed.flatMap(({ reason }) => blame.stepsOf(reason)),
    );
  }
  throw error;
}

async function settled<T>(branch: Code<T>, ctx: WorkflowContext): Promise<PromiseSettledResult<T>> {
  try {
    return { status: "fulfilled", value: await branch(ctx) };
  } catch (reason) {
    return { status: "rejected", reason };
  }
}
