/** What a benchmark is to reach: figures of ours against a limit, or against a peer in the same round. */

import { type Figures, median, ratiosOf } from "./figures.ts";
import type { ContestantResult, GoalResult, SectionResult } from "./result.ts";
import { markdownTable, rounded } from "./table-text.ts";

export interface Goal {
  readonly label: string;
  readonly row: string;
  /** Key of the figure; less of it is better. */
  readonly figure: string;
  readonly unit: string;
  /** Whose figure it is. @defaultValue the contestant of the row that is ours */
  readonly contestant?: string;
  /** What is taken off first, round by round: the figure of this contestant. @defaultValue nothing */
  readonly over?: string;
  /** The most that it may be. @defaultValue it is reported, and has no limit */
  readonly atMost?: number;
  /** How many times as much this peer must take, at least. */
  readonly times?: { readonly peer: string; readonly atLeast: number };
}

/** One for each limit: a goal that has two is two lines. */
export function goalsOf(
  goals: readonly Goal[],
  sections: readonly SectionResult[],
): readonly GoalResult[] {
  return goals.map((goal) => resultOf(goal, sections));
}

function resultOf(goal: Goal, sections: readonly SectionResult[]): GoalResult {
  const row = sections.flatMap(({ rows }) => rows).find(({ name }) => name === goal.row);
  if (!row) throw new Error(`There is no row "${goal.row}"`);
  const named = (name: string): ContestantResult | undefined =>
    row.contestants.find((contestant) => contestant.name === name);
  const ours = named(goal.contestant ?? row.ours)?.rounds ?? [];
  const base = goal.over === undefined ? undefined : (named(goal.over)?.rounds ?? []);
  const own = middle(base ? lessOf(ours, base, goal.figure) : valuesOf(ours, goal.figure));
  const peers = row.contestants.filter((contestant) => contestant.isPeer === true);
  const least = goal.times ? named(goal.times.peer) : leastOf(peers, goal.figure);
  const best = base ? undefined : least; // A peer's whole is nothing beside our difference.
  const ratio = best ? middle(ratiosOf(ours, best.rounds, goal.figure, "less")) : Number.NaN;
  return {
    label: goal.label,
    ours: `${rounded(own)} ${goal.unit}`.trim(),
    goal: wordsOf(goal),
    isMet: isMet(goal, own, ratio),
    peer: best ? `${best.name} ${rounded(middle(valuesOf(best.rounds, goal.figure)))}` : "-",
    ratio: Number.isNaN(ratio) ? "-" : `${rounded(ratio)}x`,
  };
}

function isMet({ atMost, times }: Goal, own: number, ratio: number): boolean | undefined {
  if (times) return ratio >= times.atLeast;
  return atMost === undefined ? undefined : own <= atMost;
}

function wordsOf({ atMost, over, times, unit }: Goal): string {
  if (times) return `>= ${times.atLeast}x less than ${times.peer}`;
  if (atMost === undefined) return "reported";
  return `<= ${over === undefined ? "" : "+"}${atMost.toLocaleString("en-US")} ${unit}`.trim();
}

const valuesOf = (rounds: readonly Figures[], key: string): readonly number[] =>
  rounds.flatMap((round) => round[key] ?? []);

/** Round by round, as what slows the machine down slows both. */
const lessOf = (
  ours: readonly Figures[],
  base: readonly Figures[],
  key: string,
): readonly number[] =>
  ours.flatMap((round, index) => {
    const [own, other] = [round[key], base[index]?.[key]];
    return own === undefined || other === undefined ? [] : [own - other];
  });

function leastOf(peers: readonly ContestantResult[], key: string): ContestantResult | undefined {
  const measured = peers.filter(({ rounds }) => valuesOf(rounds, key).length > 0);
  return measured.toSorted(
    (one, other) => middle(valuesOf(one.rounds, key)) - middle(valuesOf(other.rounds, key)),
  )[0];
}

const middle = (values: readonly number[]): number =>
  values.length === 0 ? Number.NaN : median(values);

export function goalTableOf(goals: readonly GoalResult[]): string {
  const lines = goals.map(({ label, ours, goal, isMet: met, peer, ratio }) => [
    label,
    ours,
    goal,
    met === undefined ? "-" : met ? "met" : "**MISSED**",
    peer,
    ratio,
  ]);
  return markdownTable([["goal", "ours", "to reach", "", "best peer", "takes"], ...lines]);
}
