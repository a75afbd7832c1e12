/** What a process that is going to be killed tells on the way: lines on stdout, written before it goes on. */

import { writeSync } from "node:fs";

import { outputOf, type StepOutput, sleep } from "./engine.ts";

/** Milliseconds of a clock that all processes share. */
export const sharedMs = (): number => Number(process.hrtime.bigint()) / 1e6;

export type Word = "up" | "begun" | "ended";

export function say(word: Word, step = 0): void {
  writeSync(1, `${sharedMs()} ${word} ${step}\n`);
}

export interface Said {
  readonly atMs: number;
  readonly word: Word;
  readonly step: number;
}

/** Undefined for lines that nobody waits for. */
export function heard(line: string): Said | undefined {
  if (line.startsWith("ready at ")) return { atMs: sharedMs(), word: "up", step: 0 }; // Our program's own.
  const [, atMs, word, step] = /^([\d.]+) (up|begun|ended) (\d+)$/.exec(line) ?? [];
  return word ? { atMs: Number(atMs), word: word as Word, step: Number(step) } : undefined;
}

const STEP_MS = 100;

export async function slowStep(step: number): Promise<StepOutput> {
  say("begun", step);
  await sleep(STEP_MS);
  say("ended", step);
  return outputOf(step);
}
