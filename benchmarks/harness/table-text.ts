/** Figures and tables as text. */

import type { Spread } from "./figures.ts";

/** Three figures are all that such a measurement can tell. */
export function rounded(value: number): string {
  if (!Number.isFinite(value)) return "-";
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString("en-US");
  return Number(value.toPrecision(size < 0.1 ? 2 : 3)).toString();
}

/** `12x (11 to 14)`: how many times better ours is. */
export function times({ median, least, most }: Spread): string {
  return `${rounded(median)}x (${rounded(least)} to ${rounded(most)})`;
}

/** Columns of one width; the first two hold words, the others figures. */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const widths = head.map((_, column) =>
    Math.max(3, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const line = (row: readonly string[]): string =>
    `| ${widths
      .map((width, column) => {
        const text = row[column] ?? "";
        return column < 2 ? text.padEnd(width) : text.padStart(width);
      })
      .join(" | ")} |`;
  const rule = widths.map((width, column) =>
    column < 2 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  return [line(head), `| ${rule.join(" | ")} |`, ...body.map(line)].join("\n");
}
