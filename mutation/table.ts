/** The scores as a table of a document. */

import { readFileSync, writeFileSync } from "node:fs";

import { folders } from "./folders.ts";
import { committedResult } from "./result.ts";

const document = new URL("../docs/testing-policies.md", import.meta.url);
const marks = /(<!-- mutation -->\n)[\s\S]*?(<!-- \/mutation -->)/;

/** From the committed results; a folder that was never run is left out. */
function table(): string {
  const rows = folders.flatMap((folder) => {
    const result = committedResult(folder);
    if (!result) return [];
    const { score, killed, timedOut, survived, date } = result;
    return [`| ${folder} | ${score} % | ${killed} | ${timedOut} | ${survived} | ${date} |`];
  });
  const head = "| folder | score | killed | timed out | survived | run on |";
  return `${[head, "| --- | ---: | ---: | ---: | ---: | --- |", ...rows].join("\n")}\n`;
}

/** The document with its table as the committed results say. */
export function withTable(text: string): string {
  return text.replace(marks, (_, opening: string, closing: string) => opening + table() + closing);
}

export function writeTable(): void {
  writeFileSync(document, withTable(readFileSync(document, "utf8")));
}
