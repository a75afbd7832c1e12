/** One life of a process that is watched, and killed. */

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

import { heard, type Said, sharedMs, type Word } from "./crash-said.ts";

/** What it is told. */
export interface Life {
  readonly life: "first" | "second";
  /** Of the run. */
  readonly id: string;
  /** Where an engine without a server writes. */
  readonly file: string;
}

export interface WatchedLife {
  readonly startedMs: number;
  readonly said: readonly Said[];
  /** Resolves when the word was said. @throws with what the process said when it ends before. */
  hears(word: Word, step: number): Promise<void>;
  /** Resolves when it is gone. */
  end(signal: NodeJS.Signals): Promise<void>;
}

/** Runs what was built, as users do, and not the sources. */
export function beginLife(
  program: string,
  argument: string,
  env: Readonly<Record<string, string>> = {},
): WatchedLife {
  const startedMs = sharedMs();
  const child = spawn(process.execPath, ["--no-warnings", program, argument], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  const said: Said[] = [];
  let complaint = "";
  const listeners = new Set<() => void>();
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  createInterface({ input: child.stdout }).on("line", (line) => {
    const found = heard(line);
    if (found) said.push(found);
    tell();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint = `${complaint}${text}`.slice(-2_000);
  });
  let isGone = false;
  const gone = new Promise<void>((resolve) => {
    child.once("close", () => {
      isGone = true;
      tell();
      resolve();
    });
  });
  const has = (word: Word, step: number): boolean =>
    said.some((each) => each.word === word && each.step === step);
  return {
    startedMs,
    said,
    hears: (word, step) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (has(word, step)) resolve();
          else if (isGone) reject(new Error(`It ended before "${word} ${step}": ${complaint}`));
          else return;
          listeners.delete(look);
        };
        listeners.add(look);
        look();
      }),
    async end(signal) {
      child.kill(signal);
      await gone;
    },
  };
}
