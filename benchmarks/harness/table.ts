/** Results as Markdown, which reads as a table in a terminal too. */

import type { FigureSpec } from "./figures.ts";
import { goalTableOf } from "./goals.ts";
import type { ContestantResult, Result, RowResult, SectionResult } from "./result.ts";
import { markdownTable, rounded, times } from "./table-text.ts";

/** The whole result: the machine, its goals, a table for each section, and what is to be known beside it. */
export function tableOf(result: Result): string {
  const goals = result.goals?.length ? goalTableOf(result.goals) : "";
  return [headOf(result), goals, ...result.sections.map(sectionOf), notesOf(result)]
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
