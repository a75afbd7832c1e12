/** What a benchmark is to reach: figures of ours against a limit, or against a peer in the same round. */

import { type Better, type Figures, median, ratiosOf } from "./figures.ts";
import type { ContestantResult, GoalResult, SectionResult } from "./result.ts";
import { markdownTable, rounded } from "./table-text.ts";

export interface Goal {
  readonly label: string;
  readonly row: string;
  /** Key of the figure. */
  readonly figure: string;
  /** Of a figure that is compared with a peer's. A limit is always the most that it may be. @defaultValue "less" */
  readonly better?: Better;
  readonly unit: string;
  /** Whose figure it is. @defaultValue the contestant of the row that is ours */
  readonly contestant?: string;
  /** What is taken off first, round by round: the figure of this contestant. @defaultValue nothing */
  readonly over?: string;
  /** The most that it may be. @defaultValue it is reported, and has no limit */
  readonly atMost?: number;
  /** How many times better than this peer it must be, at least. */
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
  const { better = "less" } = goal;
  const row = sections.flatMap(({ rows }) => rows).find(({ name }) => name === goal.row);
  if (!row) throw new Error(`There is no row "${goal.row}"`);
  const named = (name: string): ContestantResult | undefined =>
    row.contestants.find((contestant) => contestant.name === name);
  const ours = named(goal.contestant ?? row.ours)?.rounds ?? [];
  const base = goal.over === undefined ? undefined : (named(goal.over)?.rounds ?? []);
  const own = middle(base ? lessOf(ours, base, goal.figure) : valuesOf(ours, goal.figure));
  const peers = row.contestants.filter((contestant) => contestant.isPeer === true);
  const beside = goal.times ? named(goal.times.peer) : bestOf(peers, goal.figure, better);
  const best = base ? undefined : beside; // A peer's whole is nothing beside our difference.
  const ratio = best ? middle(ratiosOf(ours, best.rounds, goal.figure, better)) : Number.NaN;
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

function wordsOf({ atMost, better = "less", over, times, unit }: Goal): string {
  if (times) return `>= ${times.atLeast}x ${better} than ${times.peer}`;
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

function bestOf(
  peers: readonly ContestantResult[],
  key: string,
  better: Better,
): ContestantResult | undefined {
  const measured = peers.filter(({ rounds }) => valuesOf(rounds, key).length > 0);
  const sign = better === "less" ? 1 : -1;
  const standing = ({ rounds }: ContestantResult): number => sign * middle(valuesOf(rounds, key));
  return measured.toSorted((one, other) => standing(one) - standing(other))[0];
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
  return markdownTable([["goal", "ours", "to reach", "", "best peer", "ours is better"], ...lines]);
}
