/** The name that was probably meant. */

/**
 * The candidate that is nearest to `name`, if it is near enough to be a slip of the fingers: a third
 * of the letters, and at most three. Distance: optimal string alignment (Damerau-Levenshtein, each
 * part edited once), as https://en.wikipedia.org/wiki/Damerau-Levenshtein_distance gives it.
 */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  if (name.length > LONGEST) return undefined;
  const limit = Math.min(3, Math.ceil(name.length / 3));
  const ranked = candidates
    .map((candidate) => ({
      candidate,
      away: distance(name.toLowerCase(), candidate.toLowerCase()),
    }))
    .filter(({ away }) => away <= limit)
    .toSorted((a, b) => a.away - b.away);
  return ranked[0]?.candidate;
}

/** No key is longer; the work grows with the product of both lengths. */
const LONGEST = 64;

function distance(from: string, to: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const cost = from[row - 1] === to[column - 1] ? 0 : 1;
      const edits = [
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + cost,
      ];
      const isSwap = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (isSwap) edits.push(at(beforeLast, column - 2) + 1);
      current.push(Math.min(...edits));
    }
    [beforeLast, last] = [last, current];
  }
  return at(last, to.length);
}

const at = (row: readonly number[], index: number): number => row[index] ?? Infinity;
