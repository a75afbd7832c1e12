/** Results as Markdown, which reads as a table in a terminal too. */

import type { FigureSpec } from "./bench.ts";
import type { Spread } from "./figures.ts";
import type { ContestantResult, Result, RowResult, SectionResult } from "./result.ts";

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

/** The whole result: the machine, a table for each section, and what has to be known beside it. */
export function tableOf(result: Result): string {
  return [headOf(result), ...result.sections.map(sectionOf), notesOf(result)]
    .filter((part) => part !== "")
    .join("\n\n");
}

function headOf(result: Result): string {
  const { machine, load, versions } = result;
  const rounds = `${result.rounds} rounds in ${Math.round(result.seconds)} s`;
  const lines = [
    `${result.title} Medians of ${rounds}, ${result.date.slice(0, 10)}, commit ` +
      `${result.commit.slice(0, 12)}${result.clean ? "" : " with changes"}; ${machine.cores} cores of ` +
      `${machine.cpu}, Linux ${machine.kernel}, ${machine.disk}; load ${load.before[0]} before and ` +
      `${load.after[0]} after, others kept ${load.othersCores} cores busy.`,
    `${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", ")}.`,
  ];
  if (result.quick) lines.push("**Quick run: too short to quote.**");
  if (result.noisy.length > 0) lines.push(`**Noisy: ${result.noisy.join("; ")}.**`);
  return lines.join("\n");
}

function sectionOf({ title, figures, rows }: SectionResult): string {
  const compared = figures.filter(({ better }) => better !== undefined);
  const head = [
    title,
    "",
    ...figures.map(({ label }) => label),
    ...compared.map(({ label }) => `ours is better: ${label}`),
  ];
  const lines = rows.flatMap((row) =>
    row.contestants.map((contestant, index) => [
      index === 0 ? row.name : "",
      contestant.name,
      ...cellsOf(row, contestant, figures, compared),
    ]),
  );
  return markdownTable([head, ...lines]);
}

function cellsOf(
  row: RowResult,
  contestant: ContestantResult,
  figures: readonly FigureSpec[],
  compared: readonly FigureSpec[],
): readonly string[] {
  if (contestant.missing !== undefined) {
    return ["could not run", ...figures.slice(1).map(() => "-"), ...compared.map(() => "-")];
  }
  const values = figures.map(({ key }) => {
    const figure = contestant.figures[key];
    return figure ? rounded(figure.median) : "-";
  });
  const ratios = compared.map(({ key }) => {
    if (contestant.name === row.ours) return "ours";
    const ratio = contestant.ratios[key];
    return ratio ? times(ratio) : "-";
  });
  return [...values, ...ratios];
}

/** What a contestant promises, and why one could not run: once each. */
function notesOf({ sections }: Result): string {
  const contestants = sections.flatMap(({ rows }) => rows.flatMap((row) => row.contestants));
  const lines = contestants.flatMap(({ name, note, missing }) => [
    ...(note === undefined ? [] : [`- ${name}: ${note}`]),
    ...(missing === undefined ? [] : [`- ${name} could not run: ${missing.split("\n")[0]}`]),
  ]);
  return [...new Set(lines)].join("\n");
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
