/** The arithmetic of rounds: medians, spreads, ratios within one round, rotation. */

/** What one contestant measured in one round, by the key of the figure. */
export type Figures = Readonly<Record<string, number>>;

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** @throws {@link RangeError} when there is nothing to take the middle of. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  if (upper === undefined || lower === undefined) throw new RangeError("No values, no median");
  return (lower + upper) / 2;
}

/** The value that the share `part`, 0 to 1, of the values does not pass. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = Float64Array.from(values).sort();
  const found = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
  if (found === undefined) throw new RangeError("No values, no percentile");
  return found;
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) };
}

/** The spread of each figure that every round has. */
export function spreadsOf(rounds: readonly Figures[]): Readonly<Record<string, Spread>> {
  const [first = {}] = rounds;
  const keys = Object.keys(first).filter((key) => rounds.every((round) => key in round));
  return Object.fromEntries(
    keys.map((key) => [key, spreadOf(rounds.map((round) => round[key] ?? Number.NaN))]),
  );
}

/** Whether more of a figure is better, or less of it. */
export type Better = "more" | "less";

export interface FigureSpec {
  readonly key: string;
  /** With its unit. */
  readonly label: string;
  /** Where it is said, the table shows how many times better ours is. */
  readonly better?: Better;
}

/**
 * How many times better ours is: above 1 we win, below 1 we lose. Each ratio is taken within one round, so
 * that what slows the machine down slows both sides of it. Rounds in which a side is not above 0, as a
 * difference can be, have no ratio.
 */
export function ratiosOf(
  ours: readonly Figures[],
  theirs: readonly Figures[],
  key: string,
  better: Better,
): readonly number[] {
  return ours.flatMap((round, index) => {
    const own = round[key];
    const other = theirs[index]?.[key];
    if (own === undefined || other === undefined || own <= 0 || other <= 0) return [];
    return [better === "less" ? other / own : own / other];
  });
}

/** The items from the place `by` on, round the end to the one before it. */
export function rotated<T>(items: readonly T[], by: number): readonly T[] {
  const start = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
